import {
  BYTES,
  DOUBLE,
  FLOAT,
  INT,
  INT64,
  messageCodec,
  type MessageCodec,
  nested,
  optional,
  packed,
  repeated,
  STRING,
  withDefault,
} from "../wire/message.js";
import type * as proto from "./proto.js";

/** Field numbers as in onnx.proto (onnx/onnx, IR version 3 and later). */

const stringEntry = messageCodec<proto.StringEntry>({
  key: [1, withDefault(STRING, "")],
  value: [2, withDefault(STRING, "")],
});

const operatorSetId = messageCodec<proto.OperatorSetId>({
  domain: [1, withDefault(STRING, "")],
  version: [2, withDefault(INT, 0)],
});

const dimension = messageCodec<proto.DimensionProto>({
  value: [1, optional(INT)],
  param: [2, optional(STRING)],
});

const shape = messageCodec<proto.ShapeProto>({
  dims: [1, repeated(nested(() => dimension))],
});

const tensorType = messageCodec<proto.TensorTypeProto>({
  elementType: [1, withDefault(INT, 0)],
  shape: [2, optional(nested(() => shape))],
});

const type = messageCodec<proto.TypeProto>({
  tensorType: [1, optional(nested(() => tensorType))],
});

const valueInfo = messageCodec<proto.ValueInfoProto>({
  name: [1, withDefault(STRING, "")],
  type: [2, optional(nested(() => type))],
  docString: [3, withDefault(STRING, "")],
});

const tensor = messageCodec<proto.TensorProto>({
  dims: [1, repeated(INT)],
  dataType: [2, withDefault(INT, 0)],
  floatData: [4, packed(FLOAT)],
  int32Data: [5, packed(INT)],
  stringData: [6, repeated(BYTES)],
  int64Data: [7, packed(INT64)],
  name: [8, withDefault(STRING, "")],
  rawData: [9, optional(BYTES)],
  doubleData: [10, packed(DOUBLE)],
  uint64Data: [11, packed(INT64)],
  externalData: [13, repeated(nested(() => stringEntry))],
  dataLocation: [14, withDefault(INT, 0)],
});

const attribute: MessageCodec<proto.AttributeProto> = messageCodec<proto.AttributeProto>({
  name: [1, withDefault(STRING, "")],
  float: [2, optional(FLOAT)],
  int: [3, optional(INT64)],
  string: [4, optional(BYTES)],
  tensor: [5, optional(nested(() => tensor))],
  graph: [6, optional(nested(() => graph))],
  floats: [7, repeated(FLOAT)],
  ints: [8, repeated(INT64)],
  strings: [9, repeated(BYTES)],
  graphs: [11, repeated(nested(() => graph))],
  type: [20, withDefault(INT, 0)],
});

const node: MessageCodec<proto.NodeProto> = messageCodec<proto.NodeProto>({
  inputs: [1, repeated(STRING)],
  outputs: [2, repeated(STRING)],
  name: [3, withDefault(STRING, "")],
  opType: [4, withDefault(STRING, "")],
  attributes: [5, repeated(nested(() => attribute))],
  docString: [6, withDefault(STRING, "")],
  domain: [7, withDefault(STRING, "")],
});

const graph: MessageCodec<proto.GraphProto> = messageCodec<proto.GraphProto>({
  nodes: [1, repeated(nested(() => node))],
  name: [2, withDefault(STRING, "")],
  initializers: [5, repeated(nested(() => tensor))],
  docString: [10, withDefault(STRING, "")],
  inputs: [11, repeated(nested(() => valueInfo))],
  outputs: [12, repeated(nested(() => valueInfo))],
  valueInfos: [13, repeated(nested(() => valueInfo))],
  sparseInitializers: [15, repeated(BYTES)],
});

export const modelCodec = messageCodec<proto.ModelProto>({
  irVersion: [1, withDefault(INT, 0)],
  producerName: [2, withDefault(STRING, "")],
  producerVersion: [3, withDefault(STRING, "")],
  domain: [4, withDefault(STRING, "")],
  modelVersion: [5, optional(INT64)],
  docString: [6, withDefault(STRING, "")],
  graph: [7, optional(nested(() => graph))],
  opsetImports: [8, repeated(nested(() => operatorSetId))],
  metadata: [14, repeated(nested(() => stringEntry))],
});
