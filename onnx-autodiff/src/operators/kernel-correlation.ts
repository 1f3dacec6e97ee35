import type { GraphBuilder } from "../builder/graph-builder.js";
import type { KernelGradientRequest } from "./kernel-gradient.js";

/**
 * The gradient of a kernel as one correlation, for any sizes and groups: [M, C / group, ...kernel].
 *
 * It is itself a correlation: the batch takes the place of the channels, strides and dilations change places, and
 * `narrow` is the kernel. What the stride left over at the end makes the result too long; it is cut off.
 */
export function correlatedKernelGradient(graph: GraphBuilder, request: KernelGradientRequest): string {
  const { window, group } = request;
  const rank = window.kernel.length;
  const swap = [1, 0, ...Array.from({ length: rank }, (_, axis) => axis + 2)];
  const wide =
    group === 1 ? graph.op("Transpose", [request.wide], { perm: swap }) : groupedWide(graph, request);
  const narrow = graph.op("Transpose", [request.narrow], { perm: swap });
  const correlation = graph.op("Conv", [wide, narrow], {
    strides: window.dilations,
    dilations: window.strides,
    pads: window.pads,
    group,
  });
  return graph.op("Transpose", [cropTo(graph, correlation, window.kernel)], { perm: swap });
}

/** [N, g C', ...] as [C', g N, ...]: each group reads its own channels of every example. */
function groupedWide(graph: GraphBuilder, { wide, window, group }: KernelGradientRequest): string {
  const rank = window.kernel.length;
  const shape = graph.op("Shape", [wide]);
  const part = (from: number, to: number): string =>
    graph.op("Slice", [shape, graph.constant([from], "int64"), graph.constant([to], "int64")]);
  const spatial = part(2, rank + 2);
  const perGroup = graph.op("Div", [part(1, 2), graph.constant([group], "int64")]);
  const apart = graph.op("Concat", [part(0, 1), graph.constant([group], "int64"), perGroup, spatial], {
    axis: 0,
  });
  const moved = graph.op("Transpose", [graph.op("Reshape", [wide, apart])], {
    perm: [2, 1, 0, ...Array.from({ length: rank }, (_, axis) => axis + 3)],
  });
  const joined = graph.op("Concat", [perGroup, graph.constant([-1], "int64"), spatial], { axis: 0 });
  return graph.op("Reshape", [moved, joined]);
}

function cropTo(graph: GraphBuilder, value: string, kernel: readonly number[]): string {
  const spatial = graph.typeOf(value)?.shape?.slice(2);
  if (spatial?.every((size, axis) => size === kernel[axis]) === true) return value;
  const axes = kernel.map((_, axis) => axis + 2);
  return graph.op("Slice", [
    value,
    graph.constant(
      kernel.map(() => 0),
      "int64",
    ),
    graph.constant(kernel, "int64"),
    graph.constant(axes, "int64"),
  ]);
}
