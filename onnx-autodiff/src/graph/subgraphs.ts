import type { GraphProto, NodeProto } from "../onnx/proto.js";

/** Graphs inside a node's attributes (If, Loop, Scan). */
export function subgraphsOf(node: NodeProto): readonly GraphProto[] {
  return node.attributes.flatMap((attribute) =>
    attribute.graph === undefined ? attribute.graphs : [attribute.graph, ...attribute.graphs],
  );
}

/** Every value that a node reads: its inputs, and what its subgraphs take from the graph around them. */
export function readsOf(node: NodeProto): readonly string[] {
  const inputs = node.inputs.filter((name) => name !== "");
  const captured = capturesOf(node);
  return captured.length === 0 ? inputs : [...inputs, ...captured];
}

/** Values that a node's subgraphs take from the graph around them. */
export function capturesOf(node: NodeProto): readonly string[] {
  return subgraphsOf(node).flatMap(outerReadsOf);
}

function outerReadsOf(graph: GraphProto): readonly string[] {
  const local = new Set([
    ...graph.inputs.map((input) => input.name),
    ...graph.initializers.map((tensor) => tensor.name),
    ...graph.nodes.flatMap((node) => node.outputs),
  ]);
  const reads = [...graph.nodes.flatMap(readsOf), ...graph.outputs.map((output) => output.name)];
  return reads.filter((name) => !local.has(name));
}
