import type { InferenceContext } from "../graph/inference-context.js";
import { newNode } from "../graph/node.js";
import type { NodeProto } from "../onnx/proto.js";

/**
 * Before opset 13 Softmax and LogSoftmax worked on the input flattened to a matrix at `axis` (default 1). Where
 * everything from `axis` on is one dim, that is the opset 13 form; elsewhere the flattening is written out.
 */
export function upgradeFlattening(context: InferenceContext): readonly NodeProto[] {
  const { node } = context;
  const shape = context.shape(0);
  if (shape === undefined) {
    return context.fail(
      "ONNX_INVALID_GRAPH",
      "the rank of its input is unknown",
      "export the model with opset 13 or newer",
    );
  }
  const axis = context.axis(context.int("axis", 1), shape.length);
  const [input, output] = [node.inputs[0] ?? "", node.outputs[0] ?? ""];
  const type = node.opType;
  if (axis === shape.length - 1) {
    return [newNode({ type, inputs: [input], outputs: [output], attributes: { axis: -1 }, name: node.name })];
  }
  const [flat, normal, dims] = [`${output}/flat`, `${output}/normal`, `${output}/shape`];
  return [
    newNode({ type: "Flatten", inputs: [input], outputs: [flat], attributes: { axis } }),
    newNode({ type, inputs: [flat], outputs: [normal], attributes: { axis: -1 }, name: node.name }),
    newNode({ type: "Shape", inputs: [input], outputs: [dims] }),
    newNode({ type: "Reshape", inputs: [normal, dims], outputs: [output] }),
  ];
}
