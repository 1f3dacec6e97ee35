import { newNode } from "../graph/node.js";
import { readsOf } from "../graph/subgraphs.js";
import type { NodeProto } from "../onnx/proto.js";
import type { GraphOutput } from "./graph-builder.js";

/** Nodes that the wanted values depend on, in order, and every value read or wanted. */
export function collectLiveNodes(
  nodes: readonly NodeProto[],
  wanted: readonly string[],
): { readonly nodes: readonly NodeProto[]; readonly values: ReadonlySet<string> } {
  const values = new Set(wanted);
  const live: NodeProto[] = [];
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index];
    if (node === undefined || !node.outputs.some((name) => values.has(name))) continue;
    live.push(node);
    for (const name of readsOf(node)) values.add(name);
  }
  return { nodes: live.reverse(), values };
}

/**
 * Gives output values their final names: generated values are renamed where they are made, others are copied by
 * Identity, because a name of the model itself must stay.
 */
export function finishOutputs(
  graph: { readonly nodes: readonly NodeProto[] },
  outputs: readonly GraphOutput[],
  generated: ReadonlySet<string>,
): { readonly nodes: readonly NodeProto[]; readonly names: readonly string[] } {
  const renamed = new Map<string, string>();
  const copies: NodeProto[] = [];
  for (const { name, value = name } of outputs) {
    if (value === name) continue;
    if (generated.has(value) && !renamed.has(value)) renamed.set(value, name);
    else
      copies.push(
        newNode({ type: "Identity", inputs: [renamed.get(value) ?? value], outputs: [name], name }),
      );
  }
  const rename = (name: string): string => renamed.get(name) ?? name;
  const nodes = graph.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
  return { nodes: [...nodes, ...copies], names: outputs.map((output) => output.name) };
}
