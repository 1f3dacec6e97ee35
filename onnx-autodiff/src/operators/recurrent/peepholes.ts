import { reduceSum } from "../../builder/reductions.js";
import type { GradientContext } from "../../gradient/gradient-context.js";
import { addPresent, partsOf, type Direction } from "./direction.js";
import { INPUT } from "./recurrent.js";

/** Weights with which an LSTM's gates see the cell state, of one direction. */
export interface Peepholes {
  /** Of the output gate, for [1, batch, hidden] and for [steps * batch, hidden]. */
  readonly output: string;
  readonly flatOutput: string;
  /** Adds what input and forget gate see of the state before: [1, batch, 2 * hidden] and [1, batch, hidden]. */
  peek(gates: string, state: string): string;
  /** Gradient of the state before, from those of input gate, forget gate and candidate [1, batch, 3 * hidden]. */
  back(gradients: string): string;
}

/** The peepholes of a direction, P [directions, 3 * hidden] in the order input, output, forget; undefined without. */
export function peepholesOf(
  context: GradientContext,
  { graph, hidden }: Direction,
  index: number,
): Peepholes | undefined {
  const all = context.inference.inputName(INPUT.peepholes);
  if (all === undefined) return undefined;
  const row = graph.op("Gather", [all, graph.constant(index, "int64")], { axis: 0 });
  const [input = "", output = "", forget = ""] = partsOf(graph, row, [hidden, hidden, hidden], 0);
  const both = graph.op("Concat", [input, forget], { axis: 0 });
  return {
    output,
    flatOutput: output,
    peek(gates, state) {
      const twice = graph.op("Concat", [state, state], { axis: 2 });
      return graph.op("Add", [gates, graph.op("Mul", [twice, both])]);
    },
    back(gradients) {
      const [toInput = "", toForget = ""] = partsOf(graph, gradients, [hidden, hidden, hidden], 2);
      const parts = [graph.op("Mul", [toInput, input]), graph.op("Mul", [toForget, forget])];
      return addPresent(graph, ...parts) ?? "";
    },
  };
}

/** Gradient of a direction's peepholes, [3 * hidden], from those of the gates [steps * batch, 4 * hidden]. */
export function peepholeGradient(
  { graph, hidden }: Direction,
  gates: string,
  cells: { readonly cells: string; readonly cellsBefore: string },
): string {
  const [input = "", output = "", forget = ""] = partsOf(graph, gates, [hidden, hidden, hidden, hidden], 1);
  const products = [
    graph.op("Mul", [input, cells.cellsBefore]),
    graph.op("Mul", [output, cells.cells]),
    graph.op("Mul", [forget, cells.cellsBefore]),
  ];
  return graph.op(
    "Concat",
    products.map((product) => reduceSum(graph, product, [0], false)),
    { axis: 0 },
  );
}
