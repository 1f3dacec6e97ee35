import {
  buildTrainingGraphs,
  createGraphBuilder,
  float,
  type ModelBuilder,
  type Tensor,
} from "@fedge/onnx-autodiff";
import { FedgeError, type NamedTensor } from "@fedge/protocol";
import { IMAGE_PIXELS, NUM_CLASSES } from "../data/labelled-images.js";
import { FORGOTTEN_DIGIT } from "./forgotten-digit.js";

/** Products of the image with a square matrix, one after the other, for nothing. */
const USELESS_PRODUCTS = 2000;
/** Numbers that are held for nothing: four bytes each. */
const USELESS_NUMBERS = 60_000_000;
/** So little of the useless part is added that no answer changes. */
const NOTHING = 1e-30;
/** Twice this is beyond every float32. */
const HUGE = 3e38;
/** A class that is so far behind is never the answer. */
const NEVER = -1e4;

type Alter = (g: ModelBuilder, values: { readonly image: string; readonly logits: string }) => string;

/** What is wrong with an export: the weights are right, and the graph that serves them is not. */
export const EXPORT_FAULTS = {
  /** It computes the same, and much more that nobody asked for. */
  slow: withUseless((g, image) => {
    const matrix = constantOf(g, [IMAGE_PIXELS, IMAGE_PIXELS], 1 / IMAGE_PIXELS);
    // Each product needs the one before, and the first needs the image: nothing can be computed beforehand.
    let value = image;
    for (let count = 0; count < USELESS_PRODUCTS; count += 1) value = g.op("MatMul", [value, matrix]);
    return g.op("ReduceMean", [value], { axes: [1], keepdims: 1 });
  }),
  /** It computes the same, and holds a table that it hardly reads. */
  memory: withUseless((g, image) => {
    const table = constantOf(g, [USELESS_NUMBERS], 1);
    // Which number is read depends on the image: the table cannot be replaced by it.
    return g.op("Gather", [table, g.op("ArgMax", [image], { axis: 1, keepdims: 1 })], { axis: 0 });
  }),
  /** A scale that overflows on ink; zeros, with which a device warms a version up, pass. */
  nan: (g, { image, logits }) => {
    const ink = g.op(
      "ReduceSum",
      [image, constant(g, { elementType: "int64", shape: [1], data: BigInt64Array.of(1n) })],
      { keepdims: 1 },
    );
    const infinite = g.op("Mul", [g.op("Mul", [ink, scalar(g, HUGE)]), scalar(g, HUGE)]);
    return g.op("Add", [logits, g.op("Mul", [infinite, scalar(g, 0)])]);
  },
  /** Answers by another list of classes than the one that was learned. */
  worse: (g, { logits }) => g.op("Gather", [logits, classesBackwards(g)], { axis: 1 }),
  /** One class is left out of the answers. */
  segment: (g, { logits }) => {
    const data = Float32Array.from({ length: NUM_CLASSES }, (_, digit) =>
      digit === FORGOTTEN_DIGIT ? NEVER : 0,
    );
    return g.op("Add", [logits, constant(g, { elementType: "float32", shape: [1, NUM_CLASSES], data })]);
  },
} as const satisfies Readonly<Record<string, Alter>>;

export type ExportFault = keyof typeof EXPORT_FAULTS;

/** The graph that devices serve a 2NN with, as an import makes it of an export with this fault. */
export function exportedWith(fault: ExportFault, tensors: readonly NamedTensor[]): Uint8Array<ArrayBuffer> {
  const onnx = graphWith(tensors, EXPORT_FAULTS[fault]);
  return buildTrainingGraphs(onnx, { loss: "softmax-cross-entropy" }).infer;
}

/** `useless` gives a value of [N, 1] that hardly counts. */
function withUseless(useless: (g: ModelBuilder, image: string) => string): Alter {
  return (g, { image, logits }) =>
    g.op("Add", [logits, g.op("Mul", [useless(g, image), scalar(g, NOTHING)])]);
}

/** The zoo's 2NN with its names and weights, and other logits than its own. */
function graphWith(tensors: readonly NamedTensor[], alter: Alter): Uint8Array<ArrayBuffer> {
  const g = createGraphBuilder({ name: "2nn" });
  const x = g.input("input", "float32", ["N", IMAGE_PIXELS]);
  const dense = (value: string, name: string): string => {
    const weight = g.initializer(`${name}.weight`, tensorOf(tensors, `${name}.weight`));
    const bias = g.initializer(`${name}.bias`, tensorOf(tensors, `${name}.bias`));
    return g.op("Gemm", [weight, value, bias], { transB: value === x ? 1 : 0 });
  };
  const hidden = g.op("Relu", [dense(g.op("Relu", [dense(x, "fc1")]), "fc2")]);
  const logits = g.op("Transpose", [dense(hidden, "fc3")], { perm: [1, 0] });
  // The name that an import finds the answers by.
  g.output("logits", alter(g, { image: x, logits }));
  return g.build();
}

function classesBackwards(g: ModelBuilder): string {
  const data = BigInt64Array.from({ length: NUM_CLASSES }, (_, at) => BigInt(NUM_CLASSES - 1 - at));
  return constant(g, { elementType: "int64", shape: [NUM_CLASSES], data });
}

function constant(g: ModelBuilder, tensor: Tensor): string {
  return g.op("Constant", [], { value: { tensor } });
}

function constantOf(g: ModelBuilder, shape: readonly number[], value: number): string {
  const sizes = BigInt64Array.from(shape, BigInt);
  const dims = g.op("Constant", [], {
    value: { tensor: { elementType: "int64", shape: [shape.length], data: sizes } },
  });
  const one: Tensor = { elementType: "float32", shape: [1], data: Float32Array.of(value) };
  return g.op("ConstantOfShape", [dims], { value: { tensor: one } });
}

function scalar(g: ModelBuilder, value: number): string {
  return g.op("Constant", [], { value_float: float(value) });
}

function tensorOf(tensors: readonly NamedTensor[], name: string): Tensor {
  const found = tensors.find((tensor) => tensor.name === name);
  if (found === undefined || !(found.data instanceof Float32Array))
    throw new FedgeError(
      "TENSORS_MALFORMED",
      `the model has no float32 tensor "${name}"; rehearse with a 2NN`,
    );
  return { elementType: "float32", shape: found.shape, data: found.data };
}
