import type { GraphBuilder } from "../builder/graph-builder.js";
import { describeNode } from "../graph/node.js";
import { decodeValueType } from "../graph/tensor-type.js";
import type { NodeProto } from "../onnx/proto.js";
import { FedgeError } from "@fedge/protocol";
import { MIN_OPSET, type ModelGraph } from "./model-graph.js";

/**
 * Puts a model's forward pass into a builder, parameters as inputs, and returns its nodes. Every value keeps its
 * name. Models before opset 13 are rewritten to it; a node for which that is not known throws
 * `ONNX_UNSUPPORTED_OPERATOR`.
 */
export function loadForward(
  builder: GraphBuilder,
  graph: ModelGraph,
  parameters: ReadonlySet<string> = new Set(),
): readonly NodeProto[] {
  for (const info of [...graph.valueInfos, ...graph.outputs, ...graph.inputs]) {
    const type = decodeValueType(info);
    if (type !== undefined) builder.declare(info.name, type);
  }
  for (const { name } of graph.inputs) {
    const type = builder.requireType(name);
    builder.input(name, type.elementType, type.shape);
  }
  for (const [name, tensor] of graph.initializers) {
    builder.addInitializer(tensor);
    if (parameters.has(name)) builder.convertToInput(name);
  }
  for (const node of graph.nodes) {
    for (const current of currentForm(builder, graph, node)) builder.addNode(current);
  }
  return [...builder.nodes];
}

function currentForm(builder: GraphBuilder, graph: ModelGraph, node: NodeProto): readonly NodeProto[] {
  if (graph.opset >= MIN_OPSET) return [node];
  const operator = builder.operatorOf(node);
  if (operator !== undefined && operator.unchangedSince <= graph.opset) return [node];
  const upgraded = operator?.upgrade?.(builder.contextOf(node));
  if (upgraded !== undefined) return upgraded;
  throw new FedgeError(
    "ONNX_UNSUPPORTED_OPERATOR",
    `${describeNode(node)} of opset ${graph.opset} cannot be rewritten for opset ${MIN_OPSET}; ` +
      `export the model with opset ${MIN_OPSET} or newer`,
    { details: { node: node.name, operator: node.opType, opset: graph.opset } },
  );
}
