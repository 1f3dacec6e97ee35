import type { GraphBuilder } from "../builder/graph-builder.js";
import { correlatedKernelGradient } from "./kernel-correlation.js";
import type { Window } from "./window.js";

/** The two sides of a strided correlation: `wide` is read by the window, `narrow` has one element per position. */
export interface KernelGradientRequest {
  /** [N, C, ...spatial]. */
  readonly wide: string;
  /** [N, M, ...positions]. */
  readonly narrow: string;
  readonly window: Window;
  readonly group: number;
}

/** More elements of a kernel than this would make too many nodes. */
const MAX_TAPS = 64;

/** With fewer channels than this, a product for each kernel element would be too narrow. */
const MIN_CHANNELS_PER_PRODUCT = 16;

/**
 * Sum over examples and positions of narrow times what the window saw of wide: [M, C / group, ...kernel].
 *
 * Measured with onnxruntime on the 5x5 convolutions of the zoo's `cnn`: a matrix product per kernel element takes
 * 0.7 of the time of a correlation, because the latter's inner product is only as wide as the kernel.
 */
export function kernelGradient(graph: GraphBuilder, request: KernelGradientRequest): string {
  const positions = graph.requireShape(request.narrow).slice(2);
  const numTaps = request.window.kernel.reduce((product, size) => product * size, 1);
  const channels = [request.wide, request.narrow].map((value) => graph.requireShape(value)[1]);
  const isSuited = request.group === 1 && numTaps <= MAX_TAPS;
  return isSuited && [...positions, ...channels].every((size) => typeof size === "number")
    ? kernelGradientByTaps(graph, request, positions.map(Number))
    : correlatedKernelGradient(graph, request);
}

/** One product of [M, N * positions] with the part of the input under each kernel element. */
function kernelGradientByTaps(
  graph: GraphBuilder,
  { wide, narrow, window }: KernelGradientRequest,
  positions: readonly number[],
): string {
  const [channels, outputs] = [graph.requireShape(wide)[1], graph.requireShape(narrow)[1]];
  const rows = (value: string, width: number | string | undefined): string =>
    graph.op("Reshape", [value, graph.constant([Number(width), -1], "int64")]);
  const padded = channelsFirst(graph, wide, window.pads);
  const taps = tapsOf(window.kernel).map((tap) =>
    rows(underTap(graph, padded, { tap, window, positions }), channels),
  );
  const deltas = rows(channelsFirst(graph, narrow, []), outputs);
  const times = (columns: string): string => graph.op("Gemm", [deltas, columns], { transB: 1 });
  const isNarrow = Number(channels) < MIN_CHANNELS_PER_PRODUCT;
  const products = isNarrow ? times(concat(graph, taps, 0)) : concat(graph, taps.map(times), 1);
  const apart = graph.op("Reshape", [
    products,
    graph.constant([Number(outputs), taps.length, Number(channels)], "int64"),
  ]);
  const ordered = graph.op("Transpose", [apart], { perm: [0, 2, 1] });
  return graph.op("Reshape", [
    ordered,
    graph.constant([Number(outputs), Number(channels), ...window.kernel], "int64"),
  ]);
}

/**
 * [N, C, ...] as [C, ...rows, N, columns], padded at its spatial axes. With the examples inside the rows, taking some
 * rows copies long runs.
 */
function channelsFirst(graph: GraphBuilder, value: string, pads: readonly number[]): string {
  const rank = graph.requireShape(value).length;
  const rows = Array.from({ length: rank - 3 }, (_, axis) => axis + 2);
  const turned = graph.op("Transpose", [value], { perm: [1, ...rows, 0, rank - 1] });
  if (pads.every((pad) => pad === 0)) return turned;
  const spatial = rank - 2;
  const side = (widths: readonly number[]): readonly number[] => [
    0,
    ...widths.slice(0, -1),
    0,
    widths.at(-1) ?? 0,
  ];
  const widths = [...side(pads.slice(0, spatial)), ...side(pads.slice(spatial))];
  return graph.op("Pad", [turned, graph.constant(widths, "int64")]);
}

/** Indices of all kernel elements, the last axis fastest. */
function tapsOf(kernel: readonly number[]): readonly (readonly number[])[] {
  return kernel.reduce<readonly (readonly number[])[]>(
    (taps, size) => taps.flatMap((tap) => Array.from({ length: size }, (_, index) => [...tap, index])),
    [[]],
  );
}

/** What a kernel element sees at each position: first the columns, which the kernel's rows share, then the rows. */
function underTap(
  graph: GraphBuilder,
  padded: string,
  of: { readonly tap: readonly number[]; readonly window: Window; readonly positions: readonly number[] },
): string {
  const { dilations, strides } = of.window;
  const cuts = of.tap.map((index, axis) => {
    const [start, stride] = [index * (dilations[axis] ?? 1), strides[axis] ?? 1];
    return { start, end: start + ((of.positions[axis] ?? 1) - 1) * stride + 1, stride, axis: axis + 1 };
  });
  const last = cuts.length - 1;
  const columns = slice(
    graph,
    padded,
    cuts.slice(last).map((cut) => ({ ...cut, axis: last + 2 })),
  );
  return slice(graph, columns, cuts.slice(0, last));
}

function slice(
  graph: GraphBuilder,
  value: string,
  cuts: readonly {
    readonly start: number;
    readonly end: number;
    readonly stride: number;
    readonly axis: number;
  }[],
): string {
  if (cuts.length === 0) return value;
  const strides = cuts.map((cut) => cut.stride);
  const lists = [cuts.map((cut) => cut.start), cuts.map((cut) => cut.end), cuts.map((cut) => cut.axis)];
  const all = strides.every((stride) => stride === 1) ? lists : [...lists, strides];
  return graph.op("Slice", [value, ...all.map((list) => graph.constant(list, "int64"))]);
}

function concat(graph: GraphBuilder, values: readonly string[], axis: number): string {
  return values.length === 1 ? (values[0] ?? "") : graph.op("Concat", values, { axis });
}
