import type { GradientContext } from "../gradient/gradient-context.js";
import type { InferenceContext } from "../graph/inference-context.js";
import { newNode } from "../graph/node.js";
import { anonymousDim, type Dim, type TensorType } from "../graph/tensor-type.js";
import type { NodeProto } from "../onnx/proto.js";
import { filledLike } from "./fill.js";
import type { Operator } from "./operator.js";

/** Parts of the input along the axis; an output that the loss does not use has a gradient of zeros. */
export const split: Operator = {
  type: "Split",
  unchangedSince: 13,
  differentiableInputs: [0],
  infer: splitTypes,

  gradient(context) {
    const { graph, inference, node } = context;
    const axis = inference.int("axis", 0);
    const parts = node.outputs.map((output, index) => partGradient(context, output, index));
    return [parts.length === 1 ? parts[0] : graph.op("Concat", parts, { axis })];
  },

  upgrade: upgradeSizes,
};

function partGradient(context: GradientContext, output: string, index: number): string {
  return context.optionalOutputGradient(index) ?? filledLike(context.graph, output, 0);
}

function splitTypes(context: InferenceContext): readonly (TensorType | undefined)[] {
  const type = context.type(0);
  const { outputs } = context.node;
  if (type?.shape === undefined) return outputs.map(() => type);
  const { shape } = type;
  const axis = context.axis(context.int("axis", 0), shape.length);
  const total = shape[axis] ?? 1;
  const given = context.inputName(1) === undefined ? equalParts(total, outputs.length) : context.contents(1);
  return outputs.map((output, index) => {
    const size: Dim = given?.[index] ?? anonymousDim(output, axis);
    return { ...type, shape: shape.map((dim, at) => (at === axis ? size : dim)) };
  });
}

/** As since opset 18: all parts are equal but the last, which may be smaller. */
function equalParts(total: Dim, numParts: number): readonly number[] | undefined {
  if (typeof total !== "number") return undefined;
  const size = Math.ceil(total / numParts);
  return Array.from({ length: numParts }, (_, index) => Math.max(0, Math.min(size, total - index * size)));
}

/** Before opset 13 the sizes were an attribute. */
function upgradeSizes(context: InferenceContext): readonly NodeProto[] {
  const { node } = context;
  const sizes = context.ints("split");
  const input = node.inputs[0] ?? "";
  const rest = {
    type: "Split",
    outputs: node.outputs,
    attributes: { axis: context.int("axis", 0) },
    name: node.name,
  };
  if (sizes === undefined) return [newNode({ ...rest, inputs: [input] })];
  const name = `${node.outputs[0] ?? ""}/split`;
  return [
    newNode({ type: "Constant", inputs: [], outputs: [name], attributes: { value_ints: sizes } }),
    newNode({ ...rest, inputs: [input, name] }),
  ];
}
