import { activate } from "./activations.js";
import type { LayerConverter } from "./conversion.js";

/** x W + b over the last axis, then the activation. */
export const dense: LayerConverter = (conversion, layer, [input = ""]) => {
  const units = layer.size("units");
  const kernel = conversion.weights.get(layer, "kernel", [conversion.channelsOf(layer, input), units]);
  const bias = layer.flag("use_bias", true) ? conversion.weights.get(layer, "bias", [units]) : undefined;
  return [activate(conversion, layer, product())];

  function product(): string {
    if (conversion.rankOf(input) === 2) {
      return conversion.op("Gemm", bias === undefined ? [input, kernel] : [input, kernel, bias]);
    }
    const sums = conversion.op("MatMul", [input, kernel]);
    return bias === undefined ? sums : conversion.op("Add", [sums, bias]);
  }
};

/** Rows of a table. Indices may be floating point numbers, as tfjs's inputs are by default. */
export const embedding: LayerConverter = (conversion, layer, [input = ""]) => {
  if (layer.raw("mask_zero") === true) {
    throw layer.unsupported("mask_zero has no ONNX form; leave it out, or run the model on the tfjs engine");
  }
  const table = conversion.weights.get(layer, "embeddings", [
    layer.size("input_dim"),
    layer.size("output_dim"),
  ]);
  const { elementType } = conversion.graph.requireType(input);
  const indices = elementType === "int64" ? input : conversion.op("Cast", [input], { to: INT64 });
  return [conversion.op("Gather", [table, indices], { axis: 0 })];
};

/** TensorProto.DataType. */
const INT64 = 7;
