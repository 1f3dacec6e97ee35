import type { GraphBuilder } from "../builder/graph-builder.js";
import { scalarLike } from "../gradient/add-to.js";
import type { ParameterGradient } from "./optimizer.js";

/** Keeps the division below defined for a zero gradient; the value of torch.nn.utils.clip_grad_norm_. */
const NORM_FLOOR = 1e-6;

/**
 * Scales all gradients by min(1, clipNorm / (norm + 1e-6)), where norm is the L2 norm of all of them together.
 *
 * Source: Pascanu et al. 2013, Algorithm 1.
 */
export function clipByGlobalNorm(
  graph: GraphBuilder,
  gradients: readonly ParameterGradient[],
  clipNorm: number,
): readonly ParameterGradient[] {
  const squares = gradients.map(({ gradient }) => graph.op("ReduceSumSquare", [gradient], { keepdims: 0 }));
  const total = squares.reduce((sum, square) => graph.op("Add", [sum, square]));
  const norm = graph.op("Add", [graph.op("Sqrt", [total]), scalarLike(graph, total, NORM_FLOOR)]);
  const ratio = graph.op("Div", [scalarLike(graph, total, clipNorm), norm]);
  const factor = graph.op("Min", [ratio, scalarLike(graph, total, 1)]);
  return gradients.map(({ parameter, gradient }) => ({
    parameter,
    gradient: graph.op("Mul", [gradient, factor]),
  }));
}
