import { FedgeError, type ElementType, type NamedTensor } from "@fedge/protocol";
import { encodeField, encodeVarintField, readFields, type Field } from "./protobuf.js";

// Field numbers of onnx.proto, IR version 3 and later.
const MODEL_GRAPH = 7;
const GRAPH_INITIALIZER = 5;
const GRAPH_INPUT = 11;
const VALUE_INFO_NAME = 1;
const TENSOR = { dims: 1, dataType: 2, name: 8, rawData: 9 } as const;

/** TensorProto.DataType */
const DATA_TYPE: Record<ElementType, number> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

/**
 * The infer graph with the checkpoint inside: the tensors become constants instead of inputs, so that the runtime
 * may fold and pre-pack them. Rewrites the graph's fields without decoding the rest.
 *
 * Throws ENGINE_FAILED for bytes that are not an ONNX model.
 */
export function bindCheckpoint(model: Uint8Array, tensors: readonly NamedTensor[]): Uint8Array<ArrayBuffer> {
  const names = new Set(tensors.map((tensor) => tensor.name));
  const parts = readFields(model).map((field) => {
    return field.number === MODEL_GRAPH
      ? encodeField(MODEL_GRAPH, bindGraph(field, names, tensors))
      : field.bytes;
  });
  return concatenate(parts);
}

function bindGraph(graph: Field, names: ReadonlySet<string>, tensors: readonly NamedTensor[]): Uint8Array {
  const kept = readFields(graph.body).filter(
    (field) => field.number !== GRAPH_INPUT || !names.has(nameOf(field)),
  );
  const initializers = tensors.map((tensor) => encodeField(GRAPH_INITIALIZER, encodeTensor(tensor)));
  return concatenate([...kept.map((field) => field.bytes), ...initializers]);
}

function nameOf(valueInfo: Field): string {
  const name = readFields(valueInfo.body).find((field) => field.number === VALUE_INFO_NAME);
  if (name === undefined) throw new FedgeError("ENGINE_FAILED", "an input of the infer graph has no name");
  return new TextDecoder("utf-8").decode(name.body);
}

function encodeTensor({ name, shape, elementType, data }: NamedTensor): Uint8Array {
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return concatenate([
    ...shape.map((size) => encodeVarintField(TENSOR.dims, size)),
    encodeVarintField(TENSOR.dataType, DATA_TYPE[elementType]),
    encodeField(TENSOR.name, new TextEncoder().encode(name)),
    encodeField(TENSOR.rawData, raw),
  ]);
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}
