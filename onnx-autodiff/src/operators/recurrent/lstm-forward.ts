import type { Activation } from "./activation.js";
import { project } from "./collect.js";
import { backwardOrder, concatSteps, flat, inSteps, partsOf, stepsOf, type Direction } from "./direction.js";
import type { Peepholes } from "./peepholes.js";

/** Activations of the gates, of the cell's candidate, and of the cell state on its way out. */
export interface LstmActivations {
  readonly gate: Activation;
  readonly cell: Activation;
  readonly output: Activation;
}

/** What one step's gradients are multiplied with; [1, batch, ...]. */
export interface StepFactors {
  /** From the hidden state to the cell state. */
  readonly cell: string;
  /** From the hidden state to the output gate before its activation. */
  readonly output: string;
  /** From the cell state to input gate, forget gate and candidate before their activations: three times as wide. */
  readonly rest: string;
  readonly forget: string;
}

/** The forward pass of one direction, computed again for its gradient. */
export interface LstmPass {
  factorAt(step: number): StepFactors;
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
  const peeked =
    peepholes && graph.op("Add", [beforeO, graph.op("Mul", [gates.cells, peepholes.flatOutput])]);
  const o = gate.apply(graph, peeked ?? beforeO);
  const factorAt = factorsOf(direction, activations, { ...gates, o });
  return { factorAt, cells: gates.cells, cellsBefore: gates.cellsBefore };
}

function factorsOf(
  direction: Direction,
  { gate, cell, output }: LstmActivations,
  { i, o, f, g, cells, cellsBefore }: Gates & { readonly o: string },
): LstmPass["factorAt"] {
  const { graph } = direction;
  const shown = output.apply(graph, cells);
  const rest = [
    graph.op("Mul", [g, gate.slope(graph, i)]),
    graph.op("Mul", [cellsBefore, gate.slope(graph, f)]),
    graph.op("Mul", [i, cell.slope(graph, g)]),
  ];
  const at = (value: string): readonly string[] => stepsOf(direction, inSteps(direction, value));
  const toCell = at(graph.op("Mul", [o, output.slope(graph, shown)]));
  const toOutput = at(graph.op("Mul", [shown, gate.slope(graph, o)]));
  const [toRest, forgets] = [at(graph.op("Concat", rest, { axis: 1 })), at(f)];
  return (step) => ({
    cell: toCell[step] ?? "",
    output: toOutput[step] ?? "",
    rest: toRest[step] ?? "",
    forget: forgets[step] ?? "",
  });
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
  const { graph, numSteps } = direction;
  const at = (value: string): readonly string[] => stepsOf(direction, inSteps(direction, value));
  const { peepholes } = from;
  const beforeGates = graph.op("Concat", [from.beforeI, from.beforeF], { axis: 1 });
  const opened = at(peepholes === undefined ? gate.apply(graph, beforeGates) : beforeGates);
  const candidates = at(from.g);
  const empty = (): string[] => Array.from({ length: numSteps }, () => "");
  const [gates, before, after] = [empty(), empty(), empty()];
  let state = from.initial;
  for (const step of [...backwardOrder(direction)].reverse()) {
    const open = opened[step] ?? "";
    const both = peepholes === undefined ? open : gate.apply(graph, peepholes.peek(open, state));
    const [i = "", f = ""] = partsOf(graph, both, [direction.hidden, direction.hidden], 2);
    gates[step] = both;
    before[step] = state;
    const added = graph.op("Mul", [i, candidates[step] ?? ""]);
    state = graph.op("Add", [graph.op("Mul", [f, state]), added]);
    after[step] = state;
  }
  const all = (values: readonly string[]): string => flat(direction, concatSteps(direction, values));
  const [i = "", f = ""] = partsOf(graph, all(gates), [direction.hidden, direction.hidden], 1);
  return { i, f, g: from.g, cells: all(after), cellsBefore: all(before) };
}
