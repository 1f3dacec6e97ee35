import { FedgeError } from "../errors.js";
import { numScalars, type TensorShape } from "../manifest.js";
import type { NamedTensor } from "./safetensors.js";

/**
 * All tensors that `specs` name, one after the other in that order: the vector of which updates are made, length
 * `numScalars(specs)`. Tensors that no spec names are left out.
 *
 * Throws TENSORS_MALFORMED when one is missing or of another shape, or is not float32.
 */
export function flattenTensors(
  specs: readonly TensorShape[],
  tensors: readonly NamedTensor[] | ReadonlyMap<string, NamedTensor>,
): Float32Array<ArrayBuffer> {
  const byName = isMap(tensors) ? tensors : new Map(tensors.map((tensor) => [tensor.name, tensor]));
  // Every tensor is checked before the vector is allocated, so that its size is that of data already here.
  const parts = specs.map((spec) => float32Data(spec, byName.get(spec.name)));
  const flat = new Float32Array(numScalars(specs));
  let at = 0;
  for (const part of parts) {
    flat.set(part, at);
    at += part.length;
  }
  return flat;
}

/**
 * The tensors of a flat vector, as views of it.
 *
 * Throws TENSORS_MALFORMED when the vector has another length than the specs take, or a spec is not float32.
 */
export function unflattenTensors(specs: readonly TensorShape[], flat: Float32Array): NamedTensor[] {
  if (flat.length !== numScalars(specs)) {
    throw new FedgeError(
      "TENSORS_MALFORMED",
      `vector of ${flat.length} values; the tensors take ${numScalars(specs)}`,
    );
  }
  let at = 0;
  return specs.map((spec) => {
    if (spec.elementType !== "float32") throw notFloat32(spec, spec);
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
  const isFloat32 = spec.elementType === "float32" && tensor.elementType === "float32";
  if (!sameShape || !isFloat32 || !(tensor.data instanceof Float32Array)) throw notFloat32(spec, tensor);
  if (tensor.data.length !== numScalars([spec])) {
    throw new FedgeError(
      "TENSORS_MALFORMED",
      `tensor "${spec.name}" has ${tensor.data.length} values; its shape [${spec.shape}] takes ${numScalars([spec])}`,
    );
  }
  return tensor.data;
}

function notFloat32(spec: TensorShape, found: Pick<NamedTensor, "elementType" | "shape">): FedgeError {
  return new FedgeError(
    "TENSORS_MALFORMED",
    `tensor "${spec.name}" is ${found.elementType} [${found.shape}] instead of float32 [${spec.shape}]`,
  );
}

function isMap(
  tensors: readonly NamedTensor[] | ReadonlyMap<string, NamedTensor>,
): tensors is ReadonlyMap<string, NamedTensor> {
  return !Array.isArray(tensors);
}
