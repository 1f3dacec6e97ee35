import { findAttribute } from "../onnx/attributes.js";
import { elementTypeOf } from "../onnx/element-type.js";
import { decodeTensor } from "../onnx/tensor.js";
import { anonymousDim } from "../graph/tensor-type.js";
import type { Operator } from "./operator.js";

/** A tensor of one value; 0 of float32 by default. */
export const constantOfShape: Operator = {
  type: "ConstantOfShape",
  unchangedSince: 9,
  differentiableInputs: [],

  infer(context) {
    const tensor = findAttribute(context.node, "value")?.tensor;
    const elementType = tensor === undefined ? "float32" : elementTypeOf(tensor.dataType);
    const rank = context.shape(0)?.[0];
    const unknown =
      typeof rank === "number" && rank <= 64
        ? Array.from({ length: rank }, (_, index) => anonymousDim(context.node.outputs[0] ?? "", index))
        : undefined;
    return [elementType && { elementType, shape: context.contents(0) ?? unknown }];
  },

  contents(context) {
    const tensor = findAttribute(context.node, "value")?.tensor;
    const [length] = context.contents(0) ?? [];
    if (tensor === undefined || context.contents(0)?.length !== 1) return undefined;
    const isInteger = elementTypeOf(tensor.dataType) === "int64";
    if (!isInteger || typeof length !== "number" || length > 64) return undefined;
    const [value = 0] = Array.from(decodeTensor(tensor).data, Number);
    return Array.from({ length }, () => value);
  },
};
