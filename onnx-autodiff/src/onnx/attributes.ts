import { FedgeError } from "@fedge/protocol";
import { AttributeType, type AttributeProto, type GraphProto, type NodeProto } from "./proto.js";
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

/** Integer attribute, or `fallback` when the node does not have it. */
export function intAttribute(node: NodeProto, name: string, fallback: number): number {
  const value = findAttribute(node, name)?.int;
  return value === undefined ? fallback : Number(value);
}

/** Integer list attribute; undefined when the node does not have it. */
export function intsAttribute(node: NodeProto, name: string): readonly number[] | undefined {
  return findAttribute(node, name)?.ints.map(Number);
}

/** Text attribute; undefined when the node does not have it. */
export function textAttribute(node: NodeProto, name: string): string | undefined {
  const bytes = findAttribute(node, name)?.string;
  return bytes === undefined ? undefined : new TextDecoder("utf-8").decode(bytes);
}

/** List of texts; undefined when the node does not have it. */
export function textsAttribute(node: NodeProto, name: string): readonly string[] | undefined {
  const decoder = new TextDecoder("utf-8");
  return findAttribute(node, name)?.strings.map((bytes) => decoder.decode(bytes));
}

/** Floating point attribute, or `fallback` when the node does not have it. */
export function floatAttribute(node: NodeProto, name: string, fallback: number): number {
  return findAttribute(node, name)?.float ?? fallback;
}
