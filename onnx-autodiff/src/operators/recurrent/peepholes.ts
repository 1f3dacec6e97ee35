import { reduceSum } from "../../builder/reductions.js";
import type { GradientContext } from "../../gradient/gradient-context.js";
import type { GraphBuilder } from "../../builder/graph-builder.js";
import type { Direction } from "./direction.js";
import { addPresent, partsOf } from "./parts.js";
import { INPUT } from "./recurrent.js";

/** Weights with which an LSTM's gates see the cell state, of one direction. */
export interface Peepholes {
  /** Of the output gate, [hidden]. */
  readonly output: string;
  /** Adds what input and forget gate see of the state before: [batch, 2 * hidden] and [batch, hidden]. */
  peek(graph: GraphBuilder, gates: string, state: string): string;
  /** Gradient of the state before, from those of input gate, forget gate and candidate [batch, 3 * hidden]. */
  back(graph: GraphBuilder, gradients: string): string;
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
    peek(inner, gates, state) {
      const twice = inner.op("Concat", [state, state], { axis: -1 });
      return inner.op("Add", [gates, inner.op("Mul", [twice, both])]);
    },
    back(inner, gradients) {
      const [toInput = "", toForget = ""] = partsOf(inner, gradients, [hidden, hidden, hidden], -1);
      const parts = [inner.op("Mul", [toInput, input]), inner.op("Mul", [toForget, forget])];
      return addPresent(inner, ...parts) ?? "";
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
