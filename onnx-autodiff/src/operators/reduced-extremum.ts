import { keepReduced } from "../gradient/expand-reduced.js";
import type { GradientContext } from "../gradient/gradient-context.js";
import { indicator } from "./fill.js";
import { sumLike } from "./reduce-like.js";

/** Gradient of ReduceMax and ReduceMin: to the elements that equal the result, evenly (as torch.amax does). */
export function reducedExtremumGradient(context: GradientContext): string {
  const { graph } = context;
  const [x, y] = [context.input(0), keepReduced(context, context.output())];
  const hits = indicator(graph, graph.op("Equal", [x, y]), x);
  const share = graph.op("Div", [keepReduced(context, context.outputGradient()), sumLike(context, hits)]);
  return graph.op("Mul", [hits, share]);
}
