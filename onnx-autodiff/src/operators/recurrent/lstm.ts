import type { GradientContext } from "../../gradient/gradient-context.js";
import type { Operator } from "../operator.js";
import { activationsOf, type Activation } from "./activation.js";
import { biasSum, collectGradients, outer, project } from "./collect.js";
import {
  addPresent,
  backwardOrder,
  concatSteps,
  directionsToDifferentiate,
  flat,
  initialStates,
  inSteps,
  partsOf,
  stepsOf,
  walkBack,
  type Direction,
  type DirectionGradient,
} from "./direction.js";
import {
  INPUT,
  keepSequence,
  recurrentMultiplyAdds,
  recurrentTypes,
  requireDifferentiable,
} from "./recurrent.js";

/**
 * Long short-term memory, gates in the order input, output, forget, cell; in one or both directions, no peepholes.
 *
 * The gradient computes the gates of all steps again in one product, follows the cell states forward, and walks back
 * through the steps. Source: Gers et al. 2000, section 3; the order of gates is that of the specification of LSTM.
 */
export const lstm: Operator = {
  type: "LSTM",
  unchangedSince: 7,
  differentiableInputs: [0, 1, 2, 3, 5, 6],
  infer: (context) => recurrentTypes(context, 2),
  trainingForm: keepSequence,
  gradient: lstmGradients,
  multiplyAdds: (context) => recurrentMultiplyAdds(context, 4),
};

interface LstmActivations {
  readonly gate: Activation;
  readonly cell: Activation;
  readonly output: Activation;
}

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
    const cells = { initial: initialCells[index] ?? "", dFinal: finals[index] };
    return directionGradient(direction, activations, cells);
  });
  return collectGradients(context, parts);
}

function directionGradient(
  direction: Direction,
  activations: LstmActivations,
  cells: { readonly initial: string; readonly dFinal: string | undefined },
): DirectionGradient {
  const { graph, r } = direction;
  const factors = stepFactors(direction, activations, cells.initial);
  let carriedCell = cells.dFinal;
  const walk = walkBack(direction, (gradient, step) => {
    const factor = factors[step] as StepFactors;
    const cell = addPresent(graph, carriedCell, graph.op("Mul", [gradient, factor.cell])) ?? "";
    const sources = graph.op("Concat", [cell, gradient, cell, cell], { axis: 2 });
    const gates = graph.op("Mul", [sources, factor.gates]);
    carriedCell = graph.op("Mul", [cell, factor.forget]);
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
  };
}

/** What one step's gradients are multiplied with; [1, batch, ...]. */
interface StepFactors {
  /** From the hidden state to the cell state. */
  readonly cell: string;
  /** From cell, hidden, cell, cell to the gates before their activations, in their order. */
  readonly gates: string;
  readonly forget: string;
}

function stepFactors(
  direction: Direction,
  { gate, cell, output }: LstmActivations,
  initialCell: string,
): readonly StepFactors[] {
  const { graph, hidden } = direction;
  const sizes = [hidden, hidden, hidden];
  const fromInput = project(direction, direction.x, { w: direction.w, bias: direction.wb });
  const fromState = project(direction, direction.previous, { w: direction.r, bias: direction.rb });
  const sum = graph.op("Add", [fromInput, fromState]);
  const [beforeGates = "", beforeCell = ""] = partsOf(graph, sum, [3 * hidden, hidden], 1);
  const gates = gate.apply(graph, beforeGates);
  const [i = "", o = "", f = ""] = partsOf(graph, gates, sizes, 1);
  const [iSlope = "", oSlope = "", fSlope = ""] = partsOf(graph, gate.slope(graph, gates), sizes, 1);
  const g = cell.apply(graph, beforeCell);
  const { states, before } = cellStates(direction, {
    forget: f,
    added: graph.op("Mul", [i, g]),
    initial: initialCell,
  });
  const shown = output.apply(graph, states);
  const toCell = graph.op("Mul", [o, output.slope(graph, shown)]);
  const toGates = graph.op(
    "Concat",
    [
      graph.op("Mul", [g, iSlope]),
      graph.op("Mul", [shown, oSlope]),
      graph.op("Mul", [before, fSlope]),
      graph.op("Mul", [i, cell.slope(graph, g)]),
    ],
    { axis: 1 },
  );
  const at = (value: string): readonly string[] => stepsOf(direction, inSteps(direction, value));
  const [cells, all, forgets] = [at(toCell), at(toGates), at(f)];
  return cells.map((value, step) => ({ cell: value, gates: all[step] ?? "", forget: forgets[step] ?? "" }));
}

/** c_t = f_t c_(t-1) + i_t g_t for all steps, and the state before each; [steps * batch, hidden]. */
function cellStates(
  direction: Direction,
  of: { readonly forget: string; readonly added: string; readonly initial: string },
): { readonly states: string; readonly before: string } {
  const { graph, numSteps } = direction;
  const forgets = stepsOf(direction, inSteps(direction, of.forget));
  const added = stepsOf(direction, inSteps(direction, of.added));
  const states = Array.from({ length: numSteps }, () => "");
  const before = [...states];
  let state = of.initial;
  for (const step of [...backwardOrder(direction)].reverse()) {
    before[step] = state;
    state = graph.op("Add", [graph.op("Mul", [forgets[step] ?? "", state]), added[step] ?? ""]);
    states[step] = state;
  }
  return {
    states: flat(direction, concatSteps(direction, states)),
    before: flat(direction, concatSteps(direction, before)),
  };
}
