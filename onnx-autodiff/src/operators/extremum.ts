import { unbroadcast } from "../gradient/broadcast.js";
import type { GradientContext } from "../gradient/gradient-context.js";
import { indicator } from "./fill.js";

/** Gradients of Min and Max: each input gets its part where it equals the output; equal inputs share evenly. */
export function extremumGradient(context: GradientContext): readonly (string | undefined)[] {
  const { graph, node } = context;
  const [y, dy] = [context.output(), context.outputGradient()];
  const hits = node.inputs.map((input) => indicator(graph, graph.op("Equal", [input, y]), y));
  const count = hits.reduce((sum, hit) => graph.op("Add", [sum, hit]));
  const share = hits.length === 1 ? dy : graph.op("Div", [dy, count]);
  return node.inputs.map((input, index) =>
    context.needs(index)
      ? unbroadcast(graph, graph.op("Mul", [share, hits[index] ?? share]), input)
      : undefined,
  );
}
