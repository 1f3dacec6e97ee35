import type { GraphBuilder } from "../builder/graph-builder.js";
import { newNode } from "../graph/node.js";
import { findAttribute } from "../onnx/attributes.js";
import type { GraphProto, NodeProto } from "../onnx/proto.js";

/**
 * The branch that an If always takes, where its condition follows from shapes: exporters write one for each squeeze of
 * a dim that they do not know. Undefined for any other node, and for an If that is decided at run time.
 */
export function staticBranch(builder: GraphBuilder, node: NodeProto): GraphProto | undefined {
  if (node.opType !== "If") return undefined;
  const [condition] = builder.contentsOf(node.inputs[0] ?? "") ?? [];
  if (typeof condition !== "number") return undefined;
  return findAttribute(node, condition === 0 ? "else_branch" : "then_branch")?.graph;
}

/** Nodes of a branch, and those that give its results the names of the If's outputs. */
export function inlinedNodes(node: NodeProto, branch: GraphProto): readonly NodeProto[] {
  const results = branch.outputs.map(({ name }, index) =>
    newNode({
      type: "Identity",
      inputs: [name],
      outputs: [node.outputs[index] ?? ""],
      name: `${node.name}/result${index}`,
    }),
  );
  return [...branch.nodes, ...results];
}
