import { GraphBuilder } from "../builder/graph-builder.js";
import type { TensorType } from "../graph/tensor-type.js";
import {
  dataConstructorOf,
  elementTypeOf,
  isDifferentiable,
  type ElementType,
} from "../onnx/element-type.js";
import { elementCount } from "../onnx/tensor.js";
import { OPERATORS } from "../operators/registry.js";
import { loadForward } from "./load-forward.js";
import { MIN_OPSET, readModelGraph, valueNamesOf, type ModelGraph } from "./model-graph.js";
import { valueSpec, type ValueSpec } from "./tensor-spec.js";

/** One floating point initializer. */
export interface ParameterDescription {
  readonly name: string;
  readonly shape: readonly number[];
  readonly elementType: ElementType;
}

/** How often a model has an operator. */
export interface OperatorUse {
  readonly type: string;
  readonly count: number;
  /** True when a gradient can pass through this operator, or never needs to. */
  readonly isDifferentiable: boolean;
}

/** What a model takes, gives and costs. */
export interface ModelDescription {
  readonly name: string;
  readonly opset: number;
  readonly inputs: readonly ValueSpec[];
  readonly outputs: readonly ValueSpec[];
  /** Floating point initializers, in model order. */
  readonly parameters: readonly ParameterDescription[];
  readonly numParameters: number;
  /** By type, in alphabetical order. */
  readonly operators: readonly OperatorUse[];
  /** Approximate multiply-adds of one run over one example: matrix products, symbolic dims counted as 1. */
  readonly multiplyAddsPerExample: number;
  /**
   * Bytes of the values that nodes give for one example: those with a symbolic dim, which counts as 1. Runtimes reuse
   * some of them.
   */
  readonly activationBytesPerExample: number;
}

/** What an ONNX model takes, gives and costs. Throws as `buildTrainingGraphs` does for bytes that are no model. */
export function describeModel(model: Uint8Array): ModelDescription {
  const graph = readModelGraph(model);
  const opset = Math.max(graph.opset, MIN_OPSET);
  const builder = new GraphBuilder({ opset, operators: OPERATORS, reservedNames: valueNamesOf(graph) });
  const nodes = loadForward(builder, graph);
  const spec = ({ name }: { readonly name: string }): ValueSpec => valueSpec(name, builder.requireType(name));
  const parameters = describeParameters(graph);
  const multiplyAdds = nodes.map(
    (node) => builder.operatorOf(node)?.multiplyAdds?.(builder.contextOf(node)) ?? 0,
  );
  return {
    name: graph.name,
    opset: graph.opset,
    inputs: graph.inputs.map(spec),
    outputs: graph.outputs.map(spec),
    parameters,
    numParameters: parameters.reduce((sum, { name, shape }) => sum + elementCount(shape, name), 0),
    operators: describeOperators(graph),
    multiplyAddsPerExample: multiplyAdds.reduce((sum, count) => sum + count, 0),
    activationBytesPerExample: nodes
      .flatMap((node) => node.outputs)
      .reduce((sum, name) => sum + bytesPerExample(builder.typeOf(name)), 0),
  };
}

function bytesPerExample(type: TensorType | undefined): number {
  if (type?.shape === undefined || type.shape.every((dim) => typeof dim === "number")) return 0;
  const width = dataConstructorOf(type.elementType)?.BYTES_PER_ELEMENT ?? 0;
  return type.shape.reduce<number>((bytes, dim) => bytes * (typeof dim === "number" ? dim : 1), width);
}

function describeParameters(graph: ModelGraph): readonly ParameterDescription[] {
  return [...graph.initializers.values()].flatMap(({ name, dims, dataType }) => {
    const elementType = elementTypeOf(dataType);
    return elementType !== undefined && isDifferentiable(elementType)
      ? [{ name, shape: dims, elementType }]
      : [];
  });
}

function describeOperators(graph: ModelGraph): readonly OperatorUse[] {
  const counts = new Map<string, number>();
  for (const { opType } of graph.nodes) counts.set(opType, (counts.get(opType) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, count]) => ({
      type,
      count,
      isDifferentiable: hasGradient(type),
    }));
}

function hasGradient(type: string): boolean {
  const operator = OPERATORS.get(type);
  return (
    operator?.gradient !== undefined || type === "Constant" || operator?.differentiableInputs?.length === 0
  );
}
