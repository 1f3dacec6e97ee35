import { FedgeError } from "@fedge/protocol";
import {
  AttributeType,
  type AttributeTypeName,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
} from "./proto.js";
import { encodeTensor, type Tensor } from "./tensor.js";

/** Marks an attribute value as floating point, which a JavaScript number alone cannot say. */
export interface FloatAttribute {
  readonly float: number;
}

/** Numbers are ONNX integers; use `float(x)` for floating point attributes. */
export type AttributeValue =
  | number
  | string
  | FloatAttribute
  | readonly number[]
  | { readonly floats: readonly number[] }
  | { readonly texts: readonly string[] }
  | { readonly tensor: Tensor }
  | { readonly graph: GraphProto };

export type Attributes = Readonly<Record<string, AttributeValue>>;

/** A floating point attribute value. */
export function float(value: number): FloatAttribute {
  return { float: value };
}

/** AttributeProto messages of plain values, in the order given. */
export function encodeAttributes(attributes: Attributes): readonly AttributeProto[] {
  return Object.entries(attributes).map(([name, value]) => encodeAttribute(name, value));
}

function encodeAttribute(name: string, value: AttributeValue): AttributeProto {
  const empty = emptyAttribute(name);
  if (typeof value === "number") return { ...empty, type: AttributeType.INT, int: toInt64(name, value) };
  if (typeof value === "string") {
    return { ...empty, type: AttributeType.STRING, string: new TextEncoder().encode(value) };
  }
  if ("float" in value) return { ...empty, type: AttributeType.FLOAT, float: value.float };
  if ("floats" in value) return { ...empty, type: AttributeType.FLOATS, floats: value.floats };
  if ("texts" in value) {
    const strings = value.texts.map((text) => new TextEncoder().encode(text));
    return { ...empty, type: AttributeType.STRINGS, strings };
  }
  if ("graph" in value) return { ...empty, type: AttributeType.GRAPH, graph: value.graph };
  if ("tensor" in value) {
    return { ...empty, type: AttributeType.TENSOR, tensor: encodeTensor("", value.tensor) };
  }
  return { ...empty, type: AttributeType.INTS, ints: value.map((item) => toInt64(name, item)) };
}

function toInt64(name: string, value: number): bigint {
  if (Number.isSafeInteger(value)) return BigInt(value);
  throw new FedgeError(
    "ONNX_OPTION_INVALID",
    `attribute "${name}" is ${value}, not an integer; write float(${value}) if it is a floating point attribute`,
  );
}

function emptyAttribute(name: string): AttributeProto {
  return {
    name,
    float: undefined,
    int: undefined,
    string: undefined,
    tensor: undefined,
    graph: undefined,
    floats: [],
    ints: [],
    strings: [],
    graphs: [],
    type: 0,
    unknownFields: [],
  };
}

export function findAttribute(node: NodeProto, name: string): AttributeProto | undefined {
  return node.attributes.find((attribute) => attribute.name === name);
}

/** As `findAttribute`. Throws `ONNX_INVALID_GRAPH` when the attribute says that it has another type. */
function attributeOf(node: NodeProto, name: string, type: AttributeTypeName): AttributeProto | undefined {
  const attribute = findAttribute(node, name);
  // Files of IR version 1 do not write the type.
  if (attribute === undefined || attribute.type === 0 || attribute.type === AttributeType[type]) {
    return attribute;
  }
  const types = Object.entries(AttributeType);
  const actual = types.find(([, code]) => code === attribute.type)?.[0] ?? String(attribute.type);
  throw new FedgeError(
    "ONNX_INVALID_GRAPH",
    `attribute "${name}" of node "${node.name}" (operator ${node.opType}) has the type ${actual}, not ${type}; ` +
      "correct the model, onnx.checker.check_model shows where",
    { details: { node: node.name, operator: node.opType, attribute: name } },
  );
}

/** Integer attribute, or `fallback` when the node does not have it. */
export function intAttribute(node: NodeProto, name: string, fallback: number): number {
  const attribute = attributeOf(node, name, "INT");
  // A writer may leave out a zero (protobuf 3); then only the type says that it is there.
  const value = attribute?.int ?? (attribute?.type === AttributeType.INT ? 0 : fallback);
  return Number(value);
}

/** Integer list attribute; undefined when the node does not have it. */
export function intsAttribute(node: NodeProto, name: string): readonly number[] | undefined {
  return attributeOf(node, name, "INTS")?.ints.map(Number);
}

/** Text attribute; undefined when the node does not have it. */
export function textAttribute(node: NodeProto, name: string): string | undefined {
  const bytes = attributeOf(node, name, "STRING")?.string;
  return bytes === undefined ? undefined : new TextDecoder("utf-8").decode(bytes);
}

/** List of texts; undefined when the node does not have it. */
export function textsAttribute(node: NodeProto, name: string): readonly string[] | undefined {
  const decoder = new TextDecoder("utf-8");
  return attributeOf(node, name, "STRINGS")?.strings.map((bytes) => decoder.decode(bytes));
}

/** Floating point attribute, or `fallback` when the node does not have it. */
export function floatAttribute(node: NodeProto, name: string, fallback: number): number {
  const attribute = attributeOf(node, name, "FLOAT");
  return attribute?.float ?? (attribute?.type === AttributeType.FLOAT ? 0 : fallback);
}
