import { FedgeError } from "@fedge/protocol";
import { decodeModel } from "../onnx/model.js";
import type { GraphProto, NodeProto, TensorProto, ValueInfoProto } from "../onnx/proto.js";
import { describeNode } from "../graph/node.js";
import { readsOf, subgraphsOf } from "../graph/subgraphs.js";
import { sortTopologically } from "./topological-order.js";

/** Every graph is written for this opset or a newer one: the first in which scattered values can be added up. */
export const MIN_OPSET = 16;

const STANDARD_DOMAINS: ReadonlySet<string> = new Set(["", "ai.onnx"]);

/** A model whose structure has been checked: names resolve, nodes are in order, one standard operator set. */
export interface ModelGraph {
  readonly name: string;
  readonly irVersion: number;
  /** Opset that the model was written for. */
  readonly opset: number;
  readonly nodes: readonly NodeProto[];
  readonly initializers: ReadonlyMap<string, TensorProto>;
  /** Inputs without those that an initializer gives a value. */
  readonly inputs: readonly ValueInfoProto[];
  readonly outputs: readonly ValueInfoProto[];
  readonly valueInfos: readonly ValueInfoProto[];
}

/**
 * Reads an ONNX model and checks its structure.
 *
 * Throws `ONNX_MALFORMED`, `ONNX_LIMIT_EXCEEDED`, `ONNX_INVALID_GRAPH` (cycle, unknown or doubly defined value,
 * sparse initializer) or `ONNX_UNSUPPORTED_OPERATOR` (operator outside the standard domain).
 */
export function readModelGraph(bytes: Uint8Array): ModelGraph {
  const model = decodeModel(bytes);
  const { graph } = model;
  const opset = model.opsetImports.find((entry) => STANDARD_DOMAINS.has(entry.domain))?.version;
  if (opset === undefined || opset < 1) fail("the model imports no version of the standard operator set");
  if (graph.sparseInitializers.length > 0) fail("the model has sparse initializers; make them dense");
  if (graph.outputs.length === 0) fail("the model has no output");
  graph.nodes.forEach(checkDomain);
  const initializers = uniqueByName(graph.initializers, "initializer");
  uniqueByName(graph.inputs, "input");
  uniqueByName(graph.outputs, "output");
  const given = new Set([...initializers.keys(), ...graph.inputs.map((input) => input.name)]);
  const nodes = sortTopologically(graph.nodes.map(standardNode), given);
  checkOutputs(graph, given, nodes);
  return {
    name: graph.name === "" ? "model" : graph.name,
    irVersion: model.irVersion,
    opset,
    nodes,
    initializers,
    inputs: graph.inputs.filter((input) => !initializers.has(input.name)),
    outputs: graph.outputs,
    valueInfos: graph.valueInfos,
  };
}

/** Every name of a value in the model, in subgraphs too. */
export function valueNamesOf(graph: ModelGraph): ReadonlySet<string> {
  const names = new Set([...graph.initializers.keys(), ...graph.inputs.map((input) => input.name)]);
  for (const node of graph.nodes) {
    for (const name of [...node.outputs, ...readsOf(node)]) names.add(name);
    for (const subgraph of subgraphsOf(node))
      subgraph.nodes.forEach((inner) => inner.outputs.forEach((o) => names.add(o)));
  }
  names.delete("");
  return names;
}

function standardNode(node: NodeProto): NodeProto {
  return node.domain === "" ? node : { ...node, domain: "" };
}

function checkDomain(node: NodeProto): void {
  if (STANDARD_DOMAINS.has(node.domain)) {
    for (const subgraph of subgraphsOf(node)) subgraph.nodes.forEach(checkDomain);
    return;
  }
  throw new FedgeError(
    "ONNX_UNSUPPORTED_OPERATOR",
    `${describeNode(node)} belongs to the domain "${node.domain}"; export the model with standard ONNX operators only`,
    { details: { node: node.name, operator: node.opType, domain: node.domain } },
  );
}

function uniqueByName<T extends { readonly name: string }>(
  items: readonly T[],
  kind: string,
): ReadonlyMap<string, T> {
  const byName = new Map<string, T>();
  for (const item of items) {
    if (item.name === "") fail(`an ${kind} has no name`);
    if (byName.has(item.name)) fail(`two ${kind}s are named "${item.name}"`);
    byName.set(item.name, item);
  }
  return byName;
}

function checkOutputs(graph: GraphProto, given: ReadonlySet<string>, nodes: readonly NodeProto[]): void {
  const defined = new Set([...given, ...nodes.flatMap((node) => node.outputs)]);
  const missing = graph.outputs.find((output) => !defined.has(output.name));
  if (missing !== undefined) fail(`no node produces the output "${missing.name}"`);
}

function fail(cause: string): never {
  throw new FedgeError(
    "ONNX_INVALID_GRAPH",
    `${cause}; correct the model, onnx.checker.check_model shows where`,
  );
}
