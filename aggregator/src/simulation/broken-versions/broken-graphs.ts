import { createGraphBuilder, float, type ModelBuilder, type Tensor } from "@fedge/onnx-autodiff";
import { FedgeError, type NamedTensor } from "@fedge/protocol";
import { IMAGE_PIXELS } from "../data/labelled-images.js";

/** Products of the image with a square matrix, one after the other, for nothing. */
const USELESS_PRODUCTS = 300;
/** Numbers that are held for nothing: four bytes each. */
const USELESS_NUMBERS = 60_000_000;
/** So little of the useless part is added that no answer changes. */
const NOTHING = 1e-30;

/** A 2NN with these weights that computes the same, and much more that nobody asked for. */
export function slowGraph(tensors: readonly NamedTensor[]): Uint8Array<ArrayBuffer> {
  return graphWith(tensors, (g, image) => {
    const matrix = constantOf(g, [IMAGE_PIXELS, IMAGE_PIXELS], 1 / IMAGE_PIXELS);
    // Each product needs the one before, and the first needs the image: nothing can be computed beforehand.
    let value = image;
    for (let count = 0; count < USELESS_PRODUCTS; count += 1) value = g.op("MatMul", [value, matrix]);
    return g.op("ReduceMean", [value], { axes: [1], keepdims: 1 });
  });
}

/** A 2NN with these weights that computes the same, and holds a table that it hardly reads. */
export function hungryGraph(tensors: readonly NamedTensor[]): Uint8Array<ArrayBuffer> {
  return graphWith(tensors, (g, image) => {
    const table = constantOf(g, [USELESS_NUMBERS], 1);
    // Which number is read depends on the image: the table cannot be replaced by it.
    return g.op("Gather", [table, g.op("ArgMax", [image], { axis: 1, keepdims: 1 })], { axis: 0 });
  });
}

/** The zoo's 2NN with its names and weights; `useless` gives a value of [N, 1] that hardly counts. */
function graphWith(
  tensors: readonly NamedTensor[],
  useless: (g: ModelBuilder, image: string) => string,
): Uint8Array<ArrayBuffer> {
  const g = createGraphBuilder({ name: "2nn" });
  const x = g.input("input", "float32", ["N", IMAGE_PIXELS]);
  const dense = (value: string, name: string): string => {
    const weight = g.initializer(`${name}.weight`, tensorOf(tensors, `${name}.weight`));
    const bias = g.initializer(`${name}.bias`, tensorOf(tensors, `${name}.bias`));
    return g.op("Gemm", [weight, value, bias], { transB: value === x ? 1 : 0 });
  };
  const hidden = g.op("Relu", [dense(g.op("Relu", [dense(x, "fc1")]), "fc2")]);
  const logits = g.op("Transpose", [dense(hidden, "fc3")], { perm: [1, 0] });
  const little = g.op("Mul", [useless(g, x), scalar(g, NOTHING)]);
  g.output("logits", g.op("Add", [logits, little]));
  return g.build();
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
