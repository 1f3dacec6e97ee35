import type { AttributeProto, NodeProto } from "../onnx/proto.js";

/** A key that two nodes share only if they compute the same; undefined when nodes like this are not compared. */
export function subexpressionKey(node: NodeProto, numOutputs: number): string | undefined {
  const attributes = node.attributes.map(attributeKey);
  if (attributes.includes(undefined)) return undefined;
  return JSON.stringify([node.opType, numOutputs, node.inputs, [...attributes].sort()]);
}

function attributeKey(attribute: AttributeProto): string | undefined {
  const { tensor, graph, graphs } = attribute;
  if (tensor !== undefined || graph !== undefined || graphs.length > 0) return undefined;
  const text = [attribute.string, ...attribute.strings].map((bytes) => bytes?.join(" ") ?? "").join("/");
  const ints = [attribute.int, ...attribute.ints].map(String).join(" ");
  const floats = [attribute.float, ...attribute.floats].map(String).join(" ");
  return [attribute.name, attribute.type, ints, floats, text].join("|");
}
