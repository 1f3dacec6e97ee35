import { reduceSum } from "../../builder/reductions.js";
import { reshapeLike } from "../../gradient/broadcast.js";
import type { GradientContext } from "../../gradient/gradient-context.js";
import type { GraphBuilder } from "../../builder/graph-builder.js";
import type { Direction, DirectionGradient } from "./direction.js";
import { addPresent } from "./parts.js";
import { INPUT } from "./recurrent.js";

/** Gradients of a recurrent node's inputs, from those of its directions. */
export function collectGradients(
  context: GradientContext,
  parts: readonly DirectionGradient[],
): readonly (string | undefined)[] {
  const { graph } = context;
  const stack = (values: readonly string[]): string => {
    const rows = values.map((value) => graph.op("Unsqueeze", [value, graph.constant([0], "int64")]));
    return joined(graph, rows);
  };
  const x = (): string | undefined => {
    const sum = addPresent(graph, ...parts.map((part) => part.x));
    return sum && reshapeLike(graph, sum, context.input(INPUT.x));
  };
  const gradients: readonly (readonly [number, () => string | undefined])[] = [
    [INPUT.x, x],
    [INPUT.w, () => stack(parts.map((part) => part.w))],
    [INPUT.r, () => stack(parts.map((part) => part.r))],
    [INPUT.b, () => stack(parts.map((part) => graph.op("Concat", [part.wb, part.rb], { axis: 0 })))],
    [
      INPUT.initialH,
      () =>
        joined(
          graph,
          parts.map((part) => part.initial),
        ),
    ],
    [INPUT.peepholes, () => stack(parts.map((part) => part.peepholes ?? ""))],
    [
      INPUT.initialC,
      () =>
        joined(
          graph,
          parts.map((part) => part.initialC ?? ""),
        ),
    ],
  ];
  return context.node.inputs.map((_, index) =>
    context.needs(index) ? gradients.find(([input]) => input === index)?.[1]() : undefined,
  );
}

function joined(graph: GraphBuilder, values: readonly string[]): string {
  return values.length === 1 ? (values[0] ?? "") : graph.op("Concat", values, { axis: 0 });
}

/** A matrix product a' b as one Gemm: [rows of a', columns of b]. */
export function outer({ graph }: Pick<Direction, "graph">, a: string, b: string): string {
  return graph.op("Gemm", [a, b], { transA: 1 });
}

/** Sums over all steps and examples. */
export function biasSum({ graph }: Pick<Direction, "graph">, gates: string): string {
  return reduceSum(graph, gates, [0], false);
}

/** rows w' + bias, for rows [steps * batch, features] and a weight [gates * hidden, features]. */
export function project(
  { graph }: Pick<Direction, "graph">,
  rows: string,
  weight: { readonly w: string; readonly bias: string | undefined },
): string {
  const inputs = weight.bias === undefined ? [rows, weight.w] : [rows, weight.w, weight.bias];
  return graph.op("Gemm", inputs, { transB: 1 });
}
