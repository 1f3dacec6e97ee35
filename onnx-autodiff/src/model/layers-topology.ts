import { readMetadata, withMetadata } from "./metadata.js";

/** Key of the topology in a converted model's metadata. */
const TOPOLOGY_KEY = "tfjs_layers_topology";

/**
 * UTF-8 JSON of the TensorFlow.js layers topology that the model was converted from; none for a model that was not.
 * Its weights are the model's initializers of the same names. Throws as `readMetadata`.
 */
export function layersTopologyOf(model: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  const topology = readMetadata(model).get(TOPOLOGY_KEY);
  return topology === undefined ? undefined : new TextEncoder().encode(topology);
}

/** The model with the topology that it was converted from, for runtimes that build layers. */
export function noteLayersTopology(model: Uint8Array, topology: string): Uint8Array<ArrayBuffer> {
  return withMetadata(model, new Map([...readMetadata(model), [TOPOLOGY_KEY, topology]]));
}
