import type { GradientContext } from "../../gradient/gradient-context.js";
import type { GraphBuilder } from "../../builder/graph-builder.js";
import { filledLike } from "../fill.js";
import type { Operator } from "../operator.js";
import { activationsOf } from "./activation.js";
import { biasSum, collectGradients, outer } from "./collect.js";
import {
  directionsToDifferentiate,
  initialStates,
  walkBack,
  type BackwardStep,
  type Direction,
  type DirectionGradient,
} from "./direction.js";
import { addPresent, partsOf } from "./parts.js";
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
    const dFinal = finals[index] ?? filledLike(graph, initialCells[index] ?? "", 0);
    return directionGradient(direction, pass, { peepholes, dFinal });
  });
  return collectGradients(context, parts);
}

function directionGradient(
  direction: Direction,
  pass: LstmPass,
  of: { readonly peepholes: Peepholes | undefined; readonly dFinal: string },
): DirectionGradient {
  const { peepholes } = of;
  const walk = walkBack(direction, pass.factors, {
    finals: [of.dFinal],
    step: (graph, gradients, factors) => stepBack(graph, { direction, peepholes }, { gradients, factors }),
  });
  const bias = biasSum(direction, walk.gates);
  return {
    x: direction.graph.op("Gemm", [walk.gates, direction.w]),
    w: outer(direction, walk.gates, direction.x),
    r: outer(direction, walk.gates, direction.previous),
    wb: bias,
    rb: bias,
    initial: walk.initial[0] ?? "",
    initialC: walk.initial[1] ?? "",
    ...(peepholes === undefined ? {} : { peepholes: peepholeGradient(direction, walk.gates, pass) }),
  };
}

function stepBack(
  graph: GraphBuilder,
  { direction, peepholes }: { readonly direction: Direction; readonly peepholes: Peepholes | undefined },
  { gradients, factors }: { readonly gradients: readonly string[]; readonly factors: readonly string[] },
): BackwardStep {
  const { hidden } = direction;
  const [gradient = "", carriedCell = ""] = gradients;
  const [toCell = "", outputFactor = "", restFactor = "", forget = ""] = factors;
  const toOutput = graph.op("Mul", [gradient, outputFactor]);
  const peeked = peepholes && graph.op("Mul", [toOutput, peepholes.output]);
  const cell = addPresent(graph, carriedCell, graph.op("Mul", [gradient, toCell]), peeked) ?? "";
  const toRest = graph.op("Mul", [graph.op("Concat", [cell, cell, cell], { axis: -1 }), restFactor]);
  const [toInput = "", toForgetAndCell = ""] = partsOf(graph, toRest, [hidden, 2 * hidden], -1);
  const gates = graph.op("Concat", [toInput, toOutput, toForgetAndCell], { axis: -1 });
  const kept = graph.op("Mul", [cell, forget]);
  const nextCell = addPresent(graph, kept, peepholes?.back(graph, toRest)) ?? kept;
  return { gates, carried: [graph.op("MatMul", [gates, direction.r]), nextCell] };
}
