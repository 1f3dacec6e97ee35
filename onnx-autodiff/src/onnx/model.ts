import { FedgeError } from "@fedge/protocol";
import { WireReader } from "../wire/reader.js";
import { WireWriter } from "../wire/writer.js";
import { modelCodec } from "./codec.js";
import type { GraphProto, ModelProto, TensorProto } from "./proto.js";
import { elementCount } from "./tensor.js";

/** Most nodes that one model may have, its subgraphs included. */
export const MAX_NODES = 100_000;

/**
 * Decodes the bytes of an ONNX model. Tensor contents stay views of `bytes`.
 *
 * Throws `ONNX_MALFORMED` for bytes that are no ONNX model and `ONNX_LIMIT_EXCEEDED` for one beyond the limits.
 * Source: onnx.proto, IR version 3 and later.
 */
export function decodeModel(bytes: Uint8Array): ModelProto & { readonly graph: GraphProto } {
  if (!(bytes instanceof Uint8Array)) {
    throw new FedgeError(
      "ONNX_OPTION_INVALID",
      "the model is not a Uint8Array; pass the bytes of a .onnx file",
    );
  }
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

function checkGraph(graph: GraphProto, nodesBefore: number): number {
  for (const tensor of graph.initializers) checkTensor(tensor);
  let numNodes = nodesBefore + graph.nodes.length;
  for (const node of graph.nodes) {
    for (const attribute of node.attributes) {
      if (attribute.tensor !== undefined) checkTensor(attribute.tensor);
      const subgraphs =
        attribute.graph === undefined ? attribute.graphs : [attribute.graph, ...attribute.graphs];
      for (const subgraph of subgraphs) numNodes = checkGraph(subgraph, numNodes);
    }
  }
  if (numNodes > MAX_NODES) {
    throw new FedgeError(
      "ONNX_LIMIT_EXCEEDED",
      `the model has more than ${MAX_NODES} nodes; simplify it before import`,
    );
  }
  return numNodes;
}

function checkTensor(tensor: TensorProto): void {
  elementCount(tensor.dims, tensor.name);
}
