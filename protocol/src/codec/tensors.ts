import { FedgeError } from "../errors.js";
import { numScalars, type TensorShape } from "../manifest.js";
import type { NamedTensor } from "./safetensors.js";

/**
 * All tensors that `specs` name, one after the other in that order: the vector of which updates are made.
 *
 * Throws TENSORS_MALFORMED when one is missing or of another shape or element type.
 */
export function flattenTensors(
  specs: readonly TensorShape[],
  tensors: readonly NamedTensor[],
): Float32Array<ArrayBuffer> {
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const flat = new Float32Array(numScalars(specs));
  let at = 0;
  for (const spec of specs) {
    const data = float32Data(spec, byName.get(spec.name));
    flat.set(data, at);
    at += data.length;
  }
  return flat;
}

/** The tensors of a flat vector, as views of it. Throws TENSORS_MALFORMED when the lengths differ. */
export function unflattenTensors(specs: readonly TensorShape[], flat: Float32Array): NamedTensor[] {
  if (flat.length !== numScalars(specs)) {
    throw new FedgeError(
      "TENSORS_MALFORMED",
      `vector of ${flat.length} values; the tensors take ${numScalars(specs)}`,
    );
  }
  let at = 0;
  return specs.map((spec) => {
    const start = at;
    at += numScalars([spec]);
    return { name: spec.name, elementType: "float32", shape: spec.shape, data: flat.subarray(start, at) };
  });
}

function float32Data(spec: TensorShape, tensor: NamedTensor | undefined): Float32Array {
  if (tensor === undefined) throw new FedgeError("TENSORS_MALFORMED", `tensor "${spec.name}" is missing`);
  const sameShape =
    tensor.shape.length === spec.shape.length &&
    tensor.shape.every((size, axis) => size === spec.shape[axis]);
  if (!sameShape || !(tensor.data instanceof Float32Array) || tensor.data.length !== numScalars([spec])) {
    throw new FedgeError(
      "TENSORS_MALFORMED",
      `tensor "${spec.name}" is ${tensor.elementType} [${tensor.shape}] instead of float32 [${spec.shape}]`,
    );
  }
  return tensor.data;
}
