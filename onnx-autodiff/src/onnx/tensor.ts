import { FedgeError } from "@fedge/protocol";
import {
  dataConstructorOf,
  dataTypeOf,
  elementTypeOf,
  type ElementType,
  type TensorData,
} from "./element-type.js";
import type { TensorProto } from "./proto.js";

/** Largest number of elements of one tensor: 2 GiB of float32, the most that an ONNX file can hold. */
export const MAX_TENSOR_ELEMENTS = 2 ** 29;

/** Most axes of one tensor. */
export const MAX_RANK = 64;

/** A dense tensor in row-major order. */
export interface Tensor {
  readonly elementType: ElementType;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

/**
 * Number of elements of a shape.
 *
 * Throws `ONNX_MALFORMED` for a negative or fractional dim, `ONNX_LIMIT_EXCEEDED` above `MAX_TENSOR_ELEMENTS` or
 * `MAX_RANK`.
 */
export function elementCount(shape: readonly number[], name: string): number {
  if (shape.length > MAX_RANK) {
    throw new FedgeError(
      "ONNX_LIMIT_EXCEEDED",
      `tensor "${name}" has ${shape.length} axes; at most ${MAX_RANK} are read, reshape it`,
    );
  }
  let count = 1;
  for (const dim of shape) {
    if (!Number.isSafeInteger(dim) || dim < 0) {
      throw new FedgeError(
        "ONNX_MALFORMED",
        `tensor "${name}" has dim ${dim}; dims are whole numbers from 0, and a size that only a run knows has a name instead`,
      );
    }
    count *= dim;
    if (count > MAX_TENSOR_ELEMENTS) {
      throw new FedgeError(
        "ONNX_LIMIT_EXCEEDED",
        `tensor "${name}" with shape [${shape.join(", ")}] exceeds ${MAX_TENSOR_ELEMENTS} elements; use a smaller model`,
        { details: { tensor: name } },
      );
    }
  }
  return count;
}

/**
 * Contents of a TensorProto: a view of the file's bytes where their alignment allows it, else a copy.
 *
 * Throws `ONNX_MALFORMED` when shape, type and contents disagree, `ONNX_INVALID_GRAPH` for data in another file
 * or an element type without a typed array.
 */
export function decodeTensor(proto: TensorProto): Tensor {
  const elementType = elementTypeOf(proto.dataType);
  const construct = elementType === undefined ? undefined : dataConstructorOf(elementType);
  if (elementType === undefined || construct === undefined) {
    throw new FedgeError(
      "ONNX_INVALID_GRAPH",
      `tensor "${proto.name}" has ONNX data type ${proto.dataType}, which is not read here; convert it to a numeric type`,
    );
  }
  refuseExternalData(proto);
  const count = elementCount(proto.dims, proto.name);
  const data =
    proto.rawData === undefined ? fromTypedField(proto, elementType) : fromRawBytes(proto.rawData, construct);
  if (data.length !== count) throw wrongLength(proto, data.length, count);
  return { elementType, shape: proto.dims, data };
}

/**
 * Checks a tensor's shape against the bytes that are there, without reading or copying them.
 *
 * Throws as `decodeTensor` does, except that an element type that is not read here passes: nothing may need it.
 */
export function checkTensor(proto: TensorProto): void {
  refuseExternalData(proto);
  const wanted = elementCount(proto.dims, proto.name);
  const elementType = elementTypeOf(proto.dataType);
  if (elementType === undefined) return;
  const width = dataConstructorOf(elementType)?.BYTES_PER_ELEMENT;
  const isRaw = proto.rawData !== undefined && width !== undefined;
  const held = isRaw ? proto.rawData.length / width : typedField(proto, elementType).length;
  if (held !== wanted) throw wrongLength(proto, held, wanted);
}

function wrongLength({ name, dims }: TensorProto, held: number, wanted: number): FedgeError {
  return new FedgeError(
    "ONNX_MALFORMED",
    `tensor "${name}" holds ${held} elements, its shape [${dims.join(", ")}] needs ${wanted}; the file is truncated or damaged, export the model again`,
    { details: { tensor: name } },
  );
}

function refuseExternalData(proto: TensorProto): void {
  if (proto.dataLocation === 0 && proto.externalData.length === 0) return;
  throw new FedgeError(
    "ONNX_INVALID_GRAPH",
    `tensor "${proto.name}" keeps its contents in another file; save the model with save_as_external_data=False`,
    { details: { tensor: proto.name } },
  );
}

function fromRawBytes(
  raw: Uint8Array,
  construct: NonNullable<ReturnType<typeof dataConstructorOf>>,
): TensorData {
  const width = construct.BYTES_PER_ELEMENT;
  const length = Math.floor(raw.length / width);
  if (length * width !== raw.length) {
    throw new FedgeError(
      "ONNX_MALFORMED",
      `${raw.length} tensor bytes are no multiple of ${width}; export the model again`,
    );
  }
  const source = raw.byteOffset % width === 0 ? raw : raw.slice();
  return new construct(source.buffer, source.byteOffset, length);
}

/** The field that holds each type when there is no raw_data (onnx.proto, TensorProto). */
function typedField(proto: TensorProto, elementType: ElementType): ArrayLike<unknown> {
  switch (elementType) {
    case "float32":
      return proto.floatData;
    case "float64":
      return proto.doubleData;
    case "int64":
      return proto.int64Data;
    case "uint64":
    case "uint32":
      return proto.uint64Data;
    case "string":
      return proto.stringData;
    default:
      return proto.int32Data;
  }
}

function fromTypedField(proto: TensorProto, elementType: ElementType): TensorData {
  switch (elementType) {
    case "float32":
      return Float32Array.from(proto.floatData);
    case "float64":
      return Float64Array.from(proto.doubleData);
    case "int64":
      return BigInt64Array.from(proto.int64Data);
    case "uint64":
      return BigUint64Array.from(proto.uint64Data);
    case "uint32":
      return Uint32Array.from(proto.uint64Data, Number);
    case "int32":
      return Int32Array.from(proto.int32Data);
    case "int16":
      return Int16Array.from(proto.int32Data);
    case "int8":
      return Int8Array.from(proto.int32Data);
    case "uint8":
    case "bool":
      return Uint8Array.from(proto.int32Data);
    case "uint16":
    case "float16":
    case "bfloat16":
      return Uint16Array.from(proto.int32Data);
    case "string":
      throw new FedgeError("ONNX_INVALID_GRAPH", `tensor "${proto.name}" holds text; convert it to numbers`);
  }
}

/** A TensorProto that refers to the bytes of `tensor`. Throws when its shape and contents disagree. */
export function encodeTensor(name: string, tensor: Tensor): TensorProto {
  const { data } = tensor;
  if (elementCount(tensor.shape, name) !== data.length) {
    throw new FedgeError(
      "ONNX_OPTION_INVALID",
      `tensor "${name}" has ${data.length} elements, its shape [${tensor.shape.join(", ")}] says otherwise; pass matching data`,
    );
  }
  return {
    dims: tensor.shape,
    dataType: dataTypeOf(tensor.elementType),
    floatData: [],
    int32Data: [],
    stringData: [],
    int64Data: [],
    name,
    rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    doubleData: [],
    uint64Data: [],
    externalData: [],
    dataLocation: 0,
    unknownFields: [],
  };
}
