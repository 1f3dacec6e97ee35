import type { GradientContext } from "../gradient/gradient-context.js";
import { scatterSlices } from "../gradient/scatter.js";
import type { InferenceContext } from "../graph/inference-context.js";
import { newNode } from "../graph/node.js";
import { pickContents } from "../graph/strided-contents.js";
import { anonymousDim, isStaticShape, type Dim, type TensorType } from "../graph/tensor-type.js";
import type { NodeProto } from "../onnx/proto.js";
import type { Operator } from "./operator.js";

interface AxisSlice {
  readonly axis: number;
  readonly start: Dim | undefined;
  readonly end: Dim | undefined;
  readonly step: Dim | undefined;
}

/** A range along some axes; the rest of the input has a zero gradient. */
export const slice: Operator = {
  type: "Slice",
  unchangedSince: 10,
  differentiableInputs: [0],
  infer: sliceType,
  contents: slicedContents,
  gradient: (context) => [sliceGradient(context)],
  upgrade: upgradeRanges,
};

function slicesOf(context: InferenceContext, rank: number): readonly AxisSlice[] | undefined {
  const length = context.shape(1)?.[0];
  if (typeof length !== "number") return undefined;
  const axes = context.inputName(3) === undefined ? indices(length) : context.contents(3);
  return axes?.map((axis, index) => ({
    axis: context.axis(Number(axis), rank),
    start: context.contents(1)?.[index],
    end: context.contents(2)?.[index],
    step: context.inputName(4) === undefined ? 1 : context.contents(4)?.[index],
  }));
}

function indices(length: number): readonly number[] {
  return Array.from({ length }, (_, index) => index);
}

/** First index, step and number of indices that a slice takes of `size`, by the rules of ONNX (numpy's). */
function resolve(
  slice: AxisSlice,
  size: Dim,
): { readonly first: number; readonly step: number; readonly count: number } | undefined {
  const { start, end, step } = slice;
  if (typeof size !== "number" || typeof start !== "number" || typeof end !== "number") return undefined;
  if (typeof step !== "number" || step === 0) return undefined;
  const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);
  const fromEnd = (value: number): number => (value < 0 ? value + size : value);
  const first = step > 0 ? clamp(fromEnd(start), 0, size) : clamp(fromEnd(start), 0, size - 1);
  const last = step > 0 ? clamp(fromEnd(end), 0, size) : clamp(fromEnd(end), -1, size - 1);
  return { first, step, count: Math.max(0, Math.ceil((last - first) / step)) };
}

function sliceType(context: InferenceContext): readonly (TensorType | undefined)[] {
  const type = context.type(0);
  if (type?.shape === undefined) return [type];
  const slices = slicesOf(context, type.shape.length);
  if (slices === undefined) return [{ ...type, shape: undefined }];
  const shape = type.shape.map((dim, axis): Dim => {
    const cut = slices.find((candidate) => candidate.axis === axis);
    if (cut === undefined || isWhole(cut)) return dim;
    return resolve(cut, dim)?.count ?? anonymousDim(context.node.outputs[0] ?? "", axis);
  });
  return [{ ...type, shape }];
}

/** True for x[0:], whatever the size is. */
function isWhole({ start, end, step }: AxisSlice): boolean {
  return start === 0 && step === 1 && typeof end === "number" && end >= 2 ** 31 - 1;
}

function slicedContents(context: InferenceContext): readonly Dim[] | undefined {
  const [contents, shape] = [context.contents(0), context.shape(0)];
  if (contents === undefined || shape === undefined || !isStaticShape(shape)) return undefined;
  const cuts = slicesOf(context, shape.length);
  const picks = shape.map((size, axis) => {
    const cut = cuts?.find((candidate) => candidate.axis === axis);
    const range = cut === undefined ? { first: 0, step: 1, count: size } : resolve(cut, size);
    return range && Array.from({ length: range.count }, (_, index) => range.first + index * range.step);
  });
  if (cuts === undefined || !picks.every((pick) => pick !== undefined)) return undefined;
  return pickContents(contents, shape, picks);
}

/** Axis by axis, the last first: zeros around where the range is known, else added where each index came from. */
function sliceGradient(context: GradientContext): string {
  const { graph, inference } = context;
  const data = context.input(0);
  const shape = graph.requireShape(data);
  const slices = slicesOf(inference, shape.length);
  if (slices === undefined) {
    return inference.fail(
      "ONNX_UNSUPPORTED_OPERATOR",
      "its axes are computed at run time, so it cannot be differentiated",
      "make them constant",
    );
  }
  const cuts = slices.map((cut) => ({ cut, range: resolve(cut, shape[cut.axis] ?? "") }));
  if (cuts.every(({ range }) => range?.step === 1)) return padBack(context, cuts);
  return scatterBack(context, slices);
}

function padBack(
  context: GradientContext,
  cuts: readonly { readonly cut: AxisSlice; readonly range: ReturnType<typeof resolve> }[],
): string {
  const { graph } = context;
  const shape = graph.requireShape(context.input(0));
  const pads = Array.from({ length: 2 * shape.length }, () => 0);
  for (const { cut, range } of cuts) {
    if (range === undefined) continue;
    pads[cut.axis] = range.first;
    pads[cut.axis + shape.length] = Number(shape[cut.axis]) - range.first - range.count;
  }
  if (pads.every((pad) => pad === 0)) return context.outputGradient();
  return graph.op("Pad", [context.outputGradient(), graph.constant(pads, "int64")]);
}

function scatterBack(context: GradientContext, slices: readonly AxisSlice[]): string {
  const { graph, inference } = context;
  const one = (index: number, position: number): string =>
    graph.op("Gather", [context.input(index), graph.constant([position], "int64")]);
  // The intermediate results between two axes: sliced along the earlier axes only.
  const partial = [context.input(0)];
  const places = slices.map(({ axis }, position) => {
    const before = partial.at(-1) ?? "";
    const size = graph.op("Gather", [graph.op("Shape", [before]), graph.constant(axis, "int64")]);
    const all = graph.op("Range", [graph.constant(0, "int64"), size, graph.constant(1, "int64")]);
    const step = inference.inputName(4) === undefined ? graph.constant([1], "int64") : one(4, position);
    const bounds = [one(1, position), one(2, position)];
    const zero = graph.constant([0], "int64");
    partial.push(graph.op("Slice", [before, ...bounds, graph.constant([axis], "int64"), step]));
    return graph.op("Slice", [all, ...bounds, zero, step]);
  });
  return slices.reduceRight(
    (gradient, { axis }, position) =>
      scatterSlices(graph, gradient, {
        like: partial[position] ?? "",
        axis,
        indices: places[position] ?? "",
      }),
    context.outputGradient(),
  );
}

/** Before opset 10 the ranges were attributes. */
function upgradeRanges(context: InferenceContext): readonly NodeProto[] {
  const { node } = context;
  const output = node.outputs[0] ?? "";
  const lists = ["starts", "ends", "axes"].flatMap((name) => {
    const values = context.ints(name);
    return values === undefined ? [] : [{ name: `${output}/${name}`, values }];
  });
  const constants = lists.map(({ name, values }) =>
    newNode({ type: "Constant", inputs: [], outputs: [name], attributes: { value_ints: values } }),
  );
  const inputs = [node.inputs[0] ?? "", ...lists.map(({ name }) => name)];
  return [...constants, newNode({ type: "Slice", inputs, outputs: [output], name: node.name })];
}
