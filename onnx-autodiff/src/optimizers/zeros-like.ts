import type { TensorSpec } from "../model/tensor-spec.js";

/** A state tensor of zeros with the shape and element type of a parameter. */
export function zerosLike(parameter: TensorSpec, name: string): TensorSpec {
  const { shape, elementType, data } = parameter;
  return { name, shape, elementType, data: data.slice().fill(0 as never) };
}
