import type { Activation } from "./activation.js";
import { project } from "./collect.js";
import { flat, inSteps, type Direction } from "./direction.js";
import { partsOf } from "./parts.js";
import { runSteps } from "./steps.js";
import type { Peepholes } from "./peepholes.js";

/** Activations of the gates, of the cell's candidate, and of the cell state on its way out. */
export interface LstmActivations {
  readonly gate: Activation;
  readonly cell: Activation;
  readonly output: Activation;
}

/** The forward pass of one direction, computed again for its gradient. */
export interface LstmPass {
  /**
   * What the gradients of each step are multiplied with, [steps * batch, ...]: from the hidden state to the cell state;
   * from it to the output gate before its activation; from the cell state to input gate, forget gate and candidate
   * before theirs (three times as wide); the forget gate.
   */
  readonly factors: readonly string[];
  /** The cell state after each step, and before each; [steps * batch, hidden]. */
  readonly cells: string;
  readonly cellsBefore: string;
}

interface Gates {
  readonly i: string;
  readonly f: string;
  readonly g: string;
  readonly cells: string;
  readonly cellsBefore: string;
}

/** Gates and cell states of all steps: in one product where nothing else depends on the cell, else step by step. */
export function computeLstm(
  direction: Direction,
  activations: LstmActivations,
  from: { readonly peepholes: Peepholes | undefined; readonly initial: string },
): LstmPass {
  const { graph, hidden } = direction;
  const fromInput = project(direction, direction.x, { w: direction.w, bias: direction.wb });
  const fromState = project(direction, direction.previous, { w: direction.r, bias: direction.rb });
  const sum = graph.op("Add", [fromInput, fromState]);
  const [beforeI = "", beforeO = "", beforeF = "", beforeG = ""] = partsOf(
    graph,
    sum,
    [hidden, hidden, hidden, hidden],
    1,
  );
  const { gate, cell } = activations;
  const gates = followCells(direction, activations, {
    ...from,
    beforeI,
    beforeF,
    g: cell.apply(graph, beforeG),
  });
  const { peepholes } = from;
  const peeked = peepholes && graph.op("Add", [beforeO, graph.op("Mul", [gates.cells, peepholes.output])]);
  const o = gate.apply(graph, peeked ?? beforeO);
  const factors = factorsOf(direction, activations, { ...gates, o });
  return { factors, cells: gates.cells, cellsBefore: gates.cellsBefore };
}

function factorsOf(
  direction: Direction,
  { gate, cell, output }: LstmActivations,
  { i, o, f, g, cells, cellsBefore }: Gates & { readonly o: string },
): readonly string[] {
  const { graph } = direction;
  const shown = output.apply(graph, cells);
  const rest = [
    graph.op("Mul", [g, gate.slope(graph, i)]),
    graph.op("Mul", [cellsBefore, gate.slope(graph, f)]),
    graph.op("Mul", [i, cell.slope(graph, g)]),
  ];
  return [
    graph.op("Mul", [o, output.slope(graph, shown)]),
    graph.op("Mul", [shown, gate.slope(graph, o)]),
    graph.op("Concat", rest, { axis: 1 }),
    f,
  ];
}

/** c_t = f_t c_(t-1) + i_t g_t for all steps. */
function followCells(
  direction: Direction,
  { gate }: LstmActivations,
  from: {
    readonly peepholes: Peepholes | undefined;
    readonly initial: string;
    readonly beforeI: string;
    readonly beforeF: string;
    readonly g: string;
  },
): Gates {
  const { graph, numSteps, isReverse, hidden } = direction;
  const { peepholes } = from;
  const beforeGates = graph.op("Concat", [from.beforeI, from.beforeF], { axis: 1 });
  const opened = peepholes === undefined ? gate.apply(graph, beforeGates) : beforeGates;
  const { outputs } = runSteps({
    ...{ graph, numSteps, isReverse, initial: [from.initial] },
    sequences: [inSteps(direction, opened), inSteps(direction, from.g)],
    step(inner, [state = ""], [open = "", candidate = ""]) {
      const both = peepholes === undefined ? open : gate.apply(inner, peepholes.peek(inner, open, state));
      const [i = "", f = ""] = partsOf(inner, both, [hidden, hidden], -1);
      const added = inner.op("Mul", [i, candidate]);
      const next = inner.op("Add", [inner.op("Mul", [f, state]), added]);
      return { carried: [next], outputs: [next, state, ...(peepholes === undefined ? [] : [both])] };
    },
  });
  const [cells = "", cellsBefore = "", gates = opened] = outputs.map((output) => flat(direction, output));
  const [i = "", f = ""] = partsOf(graph, gates, [hidden, hidden], 1);
  return { i, f, g: from.g, cells, cellsBefore };
}
