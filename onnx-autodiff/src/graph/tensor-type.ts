import { dataTypeOf, elementTypeOf, type ElementType } from "../onnx/element-type.js";
import type { DimensionProto, ValueInfoProto } from "../onnx/proto.js";

/** A dim: its size, or the symbol of a size known only at run time. Equal symbols mean equal sizes. */
export type Dim = number | string;

/** Element type and shape of a value; the shape is undefined when even the rank is unknown. */
export interface TensorType {
  readonly elementType: ElementType;
  readonly shape: readonly Dim[] | undefined;
}

/** Symbols that stand for dims without a name in the model; they are never written to a file. */
const ANONYMOUS_PREFIX = "?";

/** A symbol that equals no other one, for dim `index` of value `name`. */
export function anonymousDim(name: string, index: number): string {
  return `${ANONYMOUS_PREFIX}${name}[${index}]`;
}

export function isAnonymousDim(dim: Dim): boolean {
  return typeof dim === "string" && dim.startsWith(ANONYMOUS_PREFIX);
}

/** Type that a model declares for a value; undefined if it declares none or it is not a tensor. */
export function decodeValueType(info: ValueInfoProto): TensorType | undefined {
  const tensor = info.type?.tensorType;
  const elementType = tensor === undefined ? undefined : elementTypeOf(tensor.elementType);
  if (tensor === undefined || elementType === undefined) return undefined;
  const shape = tensor.shape?.dims.map((dim, index) => decodeDim(dim, info.name, index));
  return { elementType, shape };
}

function decodeDim(dim: DimensionProto, name: string, index: number): Dim {
  if (dim.value !== undefined && dim.value >= 0) return dim.value;
  return dim.param === undefined || dim.param === "" ? anonymousDim(name, index) : dim.param;
}

/** ValueInfoProto of a value. Anonymous symbols become dims without value and name. */
export function encodeValueType(name: string, type: TensorType): ValueInfoProto {
  const shape = type.shape === undefined ? undefined : { dims: type.shape.map(encodeDim), unknownFields: [] };
  const tensorType = { elementType: dataTypeOf(type.elementType), shape, unknownFields: [] };
  return { name, type: { tensorType, unknownFields: [] }, docString: "", unknownFields: [] };
}

function encodeDim(dim: Dim): DimensionProto {
  if (typeof dim === "number") return { value: dim, param: undefined, unknownFields: [] };
  const param = isAnonymousDim(dim) ? undefined : dim;
  return { value: undefined, param, unknownFields: [] };
}

/** True when every dim is a number. */
export function isStaticShape(shape: readonly Dim[]): shape is readonly number[] {
  return shape.every((dim) => typeof dim === "number");
}

/** Product of dims; undefined as soon as one of them is symbolic. */
export function staticSize(shape: readonly Dim[]): number | undefined {
  return isStaticShape(shape) ? shape.reduce((product, dim) => product * dim, 1) : undefined;
}
