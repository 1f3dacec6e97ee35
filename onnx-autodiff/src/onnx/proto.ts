import type { WireMessage } from "../wire/message.js";

/** The ONNX messages (onnx.proto, IR version 3 and later) in this package's spelling. Raw bytes are views. */

export interface OperatorSetId extends WireMessage {
  /** Empty for the standard domain. */
  readonly domain: string;
  readonly version: number;
}

export interface StringEntry extends WireMessage {
  readonly key: string;
  readonly value: string;
}

export interface ModelProto extends WireMessage {
  readonly irVersion: number;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly domain: string;
  readonly modelVersion: bigint | undefined;
  readonly docString: string;
  readonly graph: GraphProto | undefined;
  readonly opsetImports: readonly OperatorSetId[];
  readonly metadata: readonly StringEntry[];
}

export interface GraphProto extends WireMessage {
  readonly nodes: readonly NodeProto[];
  readonly name: string;
  readonly initializers: readonly TensorProto[];
  readonly docString: string;
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly valueInfos: readonly ValueInfoProto[];
  /** Undecoded SparseTensorProto messages. */
  readonly sparseInitializers: readonly Uint8Array[];
}

export interface NodeProto extends WireMessage {
  /** An empty name stands for an optional input that is absent. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name: string;
  readonly opType: string;
  readonly attributes: readonly AttributeProto[];
  readonly docString: string;
  readonly domain: string;
}

/** AttributeProto.AttributeType. */
export const AttributeType = {
  FLOAT: 1,
  INT: 2,
  STRING: 3,
  TENSOR: 4,
  GRAPH: 5,
  FLOATS: 6,
  INTS: 7,
  STRINGS: 8,
} as const;
export type AttributeTypeName = keyof typeof AttributeType;

export interface AttributeProto extends WireMessage {
  readonly name: string;
  readonly float: number | undefined;
  readonly int: bigint | undefined;
  readonly string: Uint8Array | undefined;
  readonly tensor: TensorProto | undefined;
  readonly graph: GraphProto | undefined;
  readonly floats: readonly number[];
  readonly ints: readonly bigint[];
  readonly strings: readonly Uint8Array[];
  readonly graphs: readonly GraphProto[];
  readonly type: number;
}

export interface TensorProto extends WireMessage {
  readonly dims: readonly number[];
  /** TensorProto.DataType. */
  readonly dataType: number;
  readonly floatData: readonly number[];
  readonly int32Data: readonly number[];
  readonly stringData: readonly Uint8Array[];
  readonly int64Data: readonly bigint[];
  readonly name: string;
  readonly rawData: Uint8Array | undefined;
  readonly doubleData: readonly number[];
  readonly uint64Data: readonly bigint[];
  readonly externalData: readonly StringEntry[];
  /** 1 means that the contents lie in another file. */
  readonly dataLocation: number;
}

export interface ValueInfoProto extends WireMessage {
  readonly name: string;
  readonly type: TypeProto | undefined;
  readonly docString: string;
}

export interface TypeProto extends WireMessage {
  readonly tensorType: TensorTypeProto | undefined;
}

export interface TensorTypeProto extends WireMessage {
  readonly elementType: number;
  /** Absent when even the rank is unknown; without dims for a scalar. */
  readonly shape: ShapeProto | undefined;
}

export interface ShapeProto extends WireMessage {
  readonly dims: readonly DimensionProto[];
}

export interface DimensionProto extends WireMessage {
  readonly value: number | undefined;
  readonly param: string | undefined;
}
