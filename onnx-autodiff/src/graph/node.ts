import { encodeAttributes, type Attributes } from "../onnx/attributes.js";
import type { NodeProto } from "../onnx/proto.js";

/** How error messages name a node: its name where it has one, else what it produces. */
export function describeNode(node: NodeProto): string {
  const label = node.name === "" ? `that produces "${node.outputs[0] ?? ""}"` : `"${node.name}"`;
  return `node ${label} (operator ${node.opType})`;
}

/** A node of the standard domain. */
export function newNode(options: {
  readonly type: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Attributes;
  readonly name?: string;
}): NodeProto {
  return {
    inputs: options.inputs,
    outputs: options.outputs,
    name: options.name ?? "",
    opType: options.type,
    attributes: encodeAttributes(options.attributes ?? {}),
    docString: "",
    domain: "",
    unknownFields: [],
  };
}
