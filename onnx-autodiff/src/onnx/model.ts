import { FedgeError } from "@fedge/protocol";
import { WireReader } from "../wire/reader.js";
import { WireWriter } from "../wire/writer.js";
import { modelCodec } from "./codec.js";
import { refuseOtherKinds } from "./file-kind.js";
import type { AttributeProto, GraphProto, ModelProto, NodeProto, ValueInfoProto } from "./proto.js";
import { checkTensor, elementCount } from "./tensor.js";

/** Most nodes that one model may have, its subgraphs included. */
export const MAX_NODES = 100_000;

/**
 * Decodes the bytes of an ONNX model. Tensor contents stay views of `bytes`.
 *
 * Nothing is allocated for what the file only announces. Throws `ONNX_MALFORMED` for bytes that are no ONNX model,
 * `ONNX_LIMIT_EXCEEDED` for one beyond the limits, and `ONNX_INVALID_GRAPH` for tensors in other files and attributes
 * given twice.
 * Source: onnx.proto, IR version 3 and later.
 */
export function decodeModel(bytes: Uint8Array): ModelProto & { readonly graph: GraphProto } {
  if (!(bytes instanceof Uint8Array)) {
    throw new FedgeError(
      "ONNX_OPTION_INVALID",
      "the model is not a Uint8Array; pass the bytes of a .onnx file",
    );
  }
  refuseOtherKinds(bytes);
  const model = modelCodec.read(new WireReader(bytes));
  const { graph } = model;
  if (graph === undefined || model.opsetImports.length === 0) {
    throw new FedgeError(
      "ONNX_MALFORMED",
      "the bytes are not an ONNX model: it has no graph or no opset; pass a .onnx file",
    );
  }
  checkGraph(graph, 0);
  return { ...model, graph };
}

/** The bytes of a model; fields that the decoder did not know are written back unchanged. */
export function encodeModel(model: ModelProto): Uint8Array<ArrayBuffer> {
  const writer = new WireWriter();
  modelCodec.write(writer, model);
  return writer.finish();
}

/** Number of nodes in this graph and those before it. */
function checkGraph(graph: GraphProto, nodesBefore: number): number {
  graph.initializers.forEach(checkTensor);
  for (const info of [...graph.inputs, ...graph.outputs, ...graph.valueInfos]) checkValueInfo(info);
  let numNodes = nodesBefore + graph.nodes.length;
  if (numNodes > MAX_NODES) {
    throw new FedgeError(
      "ONNX_LIMIT_EXCEEDED",
      `the model has more than ${MAX_NODES} nodes; simplify it before import`,
    );
  }
  for (const node of graph.nodes) {
    if (node.attributes.length > 1) refuseRepeatedAttributes(node);
    for (const attribute of node.attributes) numNodes = checkAttribute(attribute, numNodes);
  }
  return numNodes;
}

function checkAttribute({ tensor, graph, graphs }: AttributeProto, nodesBefore: number): number {
  if (tensor !== undefined) checkTensor(tensor);
  const subgraphs = graph === undefined ? graphs : [graph, ...graphs];
  return subgraphs.reduce((numNodes, subgraph) => checkGraph(subgraph, numNodes), nodesBefore);
}

/** A declared size is held to the same limits as that of a tensor; sizes known only at run time have no number. */
function checkValueInfo({ name, type }: ValueInfoProto): void {
  const dims = type?.tensorType?.shape?.dims ?? [];
  elementCount(
    dims.flatMap(({ value }) => (value === undefined ? [] : [value])),
    name,
  );
}

function refuseRepeatedAttributes(node: NodeProto): void {
  const names = new Set<string>();
  for (const { name } of node.attributes) {
    if (names.has(name)) {
      throw new FedgeError(
        "ONNX_INVALID_GRAPH",
        `node "${node.name}" (operator ${node.opType}) has the attribute "${name}" twice; keep one of them`,
      );
    }
    names.add(name);
  }
}
