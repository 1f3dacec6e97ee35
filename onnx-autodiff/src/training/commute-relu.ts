import { readsOf } from "../graph/subgraphs.js";
import type { NodeProto } from "../onnx/proto.js";

/**
 * Nodes with each Relu that only a MaxPool reads moved behind it. The results are equal, since Relu is monotonic, and
 * so are the gradients: where the maximum is not above 0 there is none. Relu then works on a fraction of the elements.
 */
export function commuteRelu(nodes: readonly NodeProto[], outputs: readonly string[]): readonly NodeProto[] {
  const readers = new Map<string, number>();
  const count = (name: string): void => void readers.set(name, (readers.get(name) ?? 0) + 1);
  nodes.flatMap(readsOf).forEach(count);
  outputs.forEach(count);
  const relus = new Map(
    nodes.flatMap((node) => (node.opType === "Relu" ? [[node.outputs[0] ?? "", node] as const] : [])),
  );
  const moved = new Map<NodeProto, NodeProto>();
  for (const node of nodes) {
    const relu = relus.get(node.inputs[0] ?? "");
    const isOnly = readers.get(node.inputs[0] ?? "") === 1 && node.outputs.length === 1;
    if (node.opType === "MaxPool" && relu !== undefined && isOnly) moved.set(node, relu);
  }
  const removed = new Set(moved.values());
  return nodes.flatMap((node) => {
    const relu = moved.get(node);
    if (relu === undefined) return removed.has(node) ? [] : [node];
    const between = relu.outputs[0] ?? "";
    return [
      { ...node, inputs: [relu.inputs[0] ?? ""], outputs: [between] },
      { ...relu, inputs: [between], outputs: node.outputs },
    ];
  });
}
