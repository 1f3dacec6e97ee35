import type { Dim } from "../graph/tensor-type.js";
import type { Attributes } from "../onnx/attributes.js";
import { encodeModel } from "../onnx/model.js";
import type { ElementType } from "../onnx/element-type.js";
import type { Tensor } from "../onnx/tensor.js";
import { OPERATORS } from "../operators/registry.js";
import { GraphBuilder } from "./graph-builder.js";

/** What a model is called and which operators it may have. */
export interface ModelBuilderOptions {
  /** Name of the graph. */
  readonly name: string;
  /** 17 by default: what every runtime of the last years reads. */
  readonly opset?: number;
}

/** Builds an ONNX model node by node; every method returns the name of the value it makes. */
export interface ModelBuilder {
  /** A graph input. A text dim is a symbol, such as "N" for the batch. */
  input(name: string, elementType: ElementType, shape: readonly Dim[]): string;
  /** A tensor stored in the model: a weight. */
  initializer(name: string, tensor: Tensor): string;
  /** A node with one output; its types are checked at once. Equal nodes are made once. */
  op(type: string, inputs: readonly string[], attributes?: Attributes): string;
  /** A node with several outputs. */
  ops(type: string, inputs: readonly string[], attributes: Attributes, numOutputs: number): readonly string[];
  /** States the type of a value that comes from an operator without a shape rule, and returns its name. */
  declare(value: string, elementType: ElementType, shape: readonly Dim[]): string;
  /** Declares a graph output with its own name. */
  output(name: string, value: string): string;
  /** Bytes of the model. */
  build(): Uint8Array<ArrayBuffer>;
}

/** An empty model. Its methods throw `ONNX_SHAPE_MISMATCH` and `ONNX_INVALID_GRAPH` naming the node at fault. */
export function createGraphBuilder(options: ModelBuilderOptions): ModelBuilder {
  const { name, opset = 17 } = options;
  const builder = new GraphBuilder({ opset, operators: OPERATORS });
  const outputs: { readonly name: string; readonly value: string }[] = [];
  return {
    input: (inputName, elementType, shape) => builder.input(inputName, elementType, shape),
    initializer: (tensorName, tensor) => builder.initializer(tensorName, tensor),
    op: (type, inputs, attributes) => builder.op(type, inputs, attributes),
    ops: (type, inputs, attributes, numOutputs) => builder.ops(type, inputs, attributes, numOutputs),
    declare(value, elementType, shape) {
      builder.declare(value, { elementType, shape });
      return value;
    },
    output(outputName, value) {
      outputs.push({ name: outputName, value });
      return outputName;
    },
    build: () =>
      encodeModel({
        irVersion: 8,
        producerName: "fedge",
        producerVersion: "",
        domain: "",
        modelVersion: undefined,
        docString: "",
        graph: builder.build(name, outputs),
        opsetImports: [{ domain: "", version: opset, unknownFields: [] }],
        metadata: [],
        unknownFields: [],
      }),
  };
}
