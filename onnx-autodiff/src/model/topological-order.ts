import { FedgeError } from "@fedge/protocol";
import { describeNode } from "../graph/node.js";
import { readsOf } from "../graph/subgraphs.js";
import type { NodeProto } from "../onnx/proto.js";

/**
 * Nodes ordered so that each comes after what it reads; nodes that are already in order stay as they are.
 *
 * Throws `ONNX_INVALID_GRAPH` for a value that nothing defines, one defined twice, and for a cycle.
 */
export function sortTopologically(
  nodes: readonly NodeProto[],
  given: ReadonlySet<string>,
): readonly NodeProto[] {
  const producers = producersOf(nodes, given);
  const isPlaced = new Set<NodeProto>();
  const isOpen = new Set<NodeProto>();
  const sorted: NodeProto[] = [];
  // An explicit stack: graphs are deeper than the call stack allows.
  const stack = [...nodes].reverse();
  while (stack.length > 0) {
    const node = stack.at(-1);
    if (node === undefined || isPlaced.has(node)) {
      stack.pop();
      continue;
    }
    const waiting = unplacedProducers(node, { producers, given, isPlaced });
    if (waiting.length === 0) {
      stack.pop();
      isPlaced.add(node);
      sorted.push(node);
    } else if (isOpen.has(node)) {
      failGraph(node, "is part of a cycle", "a graph must not depend on its own results");
    }
    isOpen.add(node);
    for (const producer of waiting) stack.push(producer);
  }
  return sorted;
}

function unplacedProducers(
  node: NodeProto,
  state: {
    readonly producers: ReadonlyMap<string, NodeProto>;
    readonly given: ReadonlySet<string>;
    readonly isPlaced: ReadonlySet<NodeProto>;
  },
): readonly NodeProto[] {
  return readsOf(node).flatMap((name) => {
    if (state.given.has(name)) return [];
    const producer = state.producers.get(name);
    if (producer === undefined)
      return failGraph(node, `reads "${name}", which nothing defines`, "add it or its name");
    return state.isPlaced.has(producer) ? [] : [producer];
  });
}

function producersOf(
  nodes: readonly NodeProto[],
  given: ReadonlySet<string>,
): ReadonlyMap<string, NodeProto> {
  const producers = new Map<string, NodeProto>();
  for (const node of nodes) {
    for (const name of node.outputs) {
      if (name === "") continue;
      if (given.has(name) || producers.has(name))
        failGraph(node, `defines "${name}" again`, "rename one of them");
      producers.set(name, node);
    }
  }
  return producers;
}

function failGraph(node: NodeProto, cause: string, remedy: string): never {
  throw new FedgeError("ONNX_INVALID_GRAPH", `${describeNode(node)} ${cause}; ${remedy}`, {
    details: { node: node.name, operator: node.opType, outputs: node.outputs },
  });
}
