import type { Dim, TensorType } from "../graph/tensor-type.js";
import { isAnonymousDim } from "../graph/tensor-type.js";
import type { ElementType, TensorData } from "../onnx/element-type.js";

/** A named tensor with its initial values, row-major. `data` is the caller's own copy. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly number[];
  readonly elementType: ElementType;
  readonly data: TensorData;
}

/** A graph input or output. A text dim is a symbol (equal symbols, equal sizes), null a size without a name. */
export interface ValueSpec {
  readonly name: string;
  readonly elementType: ElementType;
  /** Undefined when even the rank is known only at run time. */
  readonly shape: readonly (Dim | null)[] | undefined;
}

export function valueSpec(name: string, type: TensorType): ValueSpec {
  const shape = type.shape?.map((dim) => (isAnonymousDim(dim) ? null : dim));
  return { name, elementType: type.elementType, shape };
}
