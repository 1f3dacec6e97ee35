import type { GraphBuilder } from "../builder/graph-builder.js";
import { addTo } from "../gradient/add-to.js";
import type { ParameterGradient } from "./optimizer.js";

/** Name of the graph input that holds the global value of a parameter. */
export function anchorName(parameter: string): string {
  return `${parameter}.anchor`;
}

/**
 * Adds `weight` * (parameter - anchor) to each gradient: that of the FedProx term weight / 2 * ||p - anchor||^2.
 *
 * Source: Li et al. 2020, "Federated Optimization in Heterogeneous Networks", eq. 2.
 */
export function addProximalTerm(
  graph: GraphBuilder,
  gradients: readonly ParameterGradient[],
  weight: string,
): readonly ParameterGradient[] {
  return gradients.map(({ parameter, gradient }) => {
    const drift = graph.op("Sub", [parameter, anchorName(parameter)]);
    return { parameter, gradient: addTo(graph, graph.op("Mul", [drift, weight]), gradient) };
  });
}
