import type { GraphBuilder } from "../builder/graph-builder.js";
import { describeNode } from "../graph/node.js";
import { decodeValueType } from "../graph/tensor-type.js";
import type { NodeProto } from "../onnx/proto.js";
import { FedgeError } from "@fedge/protocol";
import { MIN_OPSET, type ModelGraph } from "./model-graph.js";
import { inlinedNodes, staticBranch } from "./static-branch.js";

/** Since this opset nothing that this package does not know has changed its meaning until `MIN_OPSET`. */
const STABLE_OPSET = 13;

/** What the forward pass is for: nodes such as Dropout have a form for each. */
export type ForwardForm = "training" | "inference" | "as-exported";

/** How to load a forward pass. */
export interface ForwardOptions {
  /** Initializers that become inputs. */
  readonly parameters?: ReadonlySet<string>;
  readonly form?: ForwardForm;
}

/**
 * Puts a model's forward pass into a builder, parameters as inputs, and returns its nodes. Every value keeps its
 * name. Models before opset 16 are rewritten to it; a node for which that is not known throws
 * `ONNX_UNSUPPORTED_OPERATOR`.
 */
export function loadForward(
  builder: GraphBuilder,
  graph: ModelGraph,
  options: ForwardOptions = {},
): readonly NodeProto[] {
  const { parameters = new Set(), form = "as-exported" } = options;
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
  for (const node of graph.nodes) addInForm(builder, graph, { node, form });
  return [...builder.nodes];
}

function addInForm(
  builder: GraphBuilder,
  graph: ModelGraph,
  { node, form }: { readonly node: NodeProto; readonly form: ForwardForm },
): void {
  const branch = staticBranch(builder, node);
  if (branch !== undefined) {
    for (const tensor of branch.initializers) builder.addInitializer(tensor);
    for (const inner of inlinedNodes(node, branch)) addInForm(builder, graph, { node: inner, form });
    return;
  }
  for (const current of currentForm(builder, graph, node)) {
    for (const formed of formOf(builder, current, form)) builder.addNode(formed);
  }
}

function formOf(builder: GraphBuilder, node: NodeProto, form: ForwardForm): readonly NodeProto[] {
  const operator = builder.operatorOf(node);
  if (form === "training") return operator?.trainingForm?.(builder.contextOf(node)) ?? [node];
  if (form === "inference") return operator?.inferenceForm?.(builder.contextOf(node)) ?? [node];
  return [node];
}

function currentForm(builder: GraphBuilder, graph: ModelGraph, node: NodeProto): readonly NodeProto[] {
  if (graph.opset >= MIN_OPSET) return [node];
  const operator = builder.operatorOf(node);
  if (operator !== undefined && operator.unchangedSince <= graph.opset) return [node];
  if (operator === undefined && graph.opset >= STABLE_OPSET) return [node];
  const upgraded = operator?.upgrade?.(builder.contextOf(node));
  if (upgraded !== undefined) return upgraded;
  throw new FedgeError(
    "ONNX_UNSUPPORTED_OPERATOR",
    `${describeNode(node)} of opset ${graph.opset} cannot be rewritten for opset ${MIN_OPSET}; ` +
      `export the model with opset ${MIN_OPSET} or newer`,
    { details: { node: node.name, operator: node.opType, opset: graph.opset } },
  );
}
