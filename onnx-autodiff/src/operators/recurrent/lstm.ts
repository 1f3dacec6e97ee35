import type { GradientContext } from "../../gradient/gradient-context.js";
import type { Operator } from "../operator.js";
import { activationsOf } from "./activation.js";
import { biasSum, collectGradients, outer } from "./collect.js";
import {
  addPresent,
  directionsToDifferentiate,
  initialStates,
  partsOf,
  walkBack,
  type Direction,
  type DirectionGradient,
} from "./direction.js";
import { computeLstm, type LstmActivations, type LstmPass } from "./lstm-forward.js";
import { peepholeGradient, peepholesOf, type Peepholes } from "./peepholes.js";
import {
  INPUT,
  keepSequence,
  recurrentMultiplyAdds,
  recurrentTypes,
  requireDifferentiable,
} from "./recurrent.js";

/**
 * Long short-term memory, gates in the order input, output, forget, cell; in one or both directions, with or without
 * peepholes.
 *
 * The gradient computes the gates of all steps again in one product, follows the cell states forward, and walks back
 * through the steps. Source: Gers et al. 2002, section 3; the order of gates is that of the specification of LSTM.
 */
export const lstm: Operator = {
  type: "LSTM",
  unchangedSince: 7,
  differentiableInputs: [0, 1, 2, 3, 5, 6, 7],
  infer: (context) => recurrentTypes(context, 2),
  trainingForm: keepSequence,
  gradient: lstmGradients,
  multiplyAdds: (context) => recurrentMultiplyAdds(context, 4),
};

function lstmGradients(context: GradientContext): readonly (string | undefined)[] {
  requireDifferentiable(context.inference);
  const { graph } = context;
  const directions = directionsToDifferentiate(context, 4);
  const initialCells = initialStates(context, INPUT.initialC);
  const given = context.optionalOutputGradient(2);
  const finals =
    given === undefined
      ? []
      : partsOf(
          graph,
          given,
          directions.map(() => 1),
          0,
        );
  const parts = directions.map((direction, index) => {
    const [gate, cell, output] = activationsOf(context.inference, ["Sigmoid", "Tanh", "Tanh"], index);
    const activations = { gate, cell, output } as LstmActivations;
    const peepholes = peepholesOf(context, direction, index);
    const pass = computeLstm(direction, activations, { peepholes, initial: initialCells[index] ?? "" });
    return directionGradient(direction, pass, { peepholes, dFinal: finals[index] });
  });
  return collectGradients(context, parts);
}

function directionGradient(
  direction: Direction,
  pass: LstmPass,
  of: { readonly peepholes: Peepholes | undefined; readonly dFinal: string | undefined },
): DirectionGradient {
  const { graph, r, hidden } = direction;
  const { peepholes } = of;
  let carriedCell = of.dFinal;
  const walk = walkBack(direction, (gradient, step) => {
    const factor = pass.factorAt(step);
    const toOutput = graph.op("Mul", [gradient, factor.output]);
    const peeked = peepholes && graph.op("Mul", [toOutput, peepholes.output]);
    const direct = graph.op("Mul", [gradient, factor.cell]);
    const cell = addPresent(graph, carriedCell, direct, peeked) ?? "";
    const toRest = graph.op("Mul", [graph.op("Concat", [cell, cell, cell], { axis: 2 }), factor.rest]);
    const [toInput = "", toForgetAndCell = ""] = partsOf(graph, toRest, [hidden, 2 * hidden], 2);
    const gates = graph.op("Concat", [toInput, toOutput, toForgetAndCell], { axis: 2 });
    const back = peepholes && peepholes.back(toRest);
    carriedCell = addPresent(graph, graph.op("Mul", [cell, factor.forget]), back);
    return { gates, previous: graph.op("MatMul", [gates, r]) };
  });
  const bias = biasSum(direction, walk.gates);
  return {
    x: graph.op("Gemm", [walk.gates, direction.w]),
    w: outer(direction, walk.gates, direction.x),
    r: outer(direction, walk.gates, direction.previous),
    wb: bias,
    rb: bias,
    initial: walk.initial,
    initialC: carriedCell ?? "",
    ...(peepholes === undefined ? {} : { peepholes: peepholeGradient(direction, walk.gates, pass) }),
  };
}
