import { FedgeError } from "@fedge/protocol";
import { elementTypeOf } from "../onnx/element-type.js";
import { decodeModel, encodeModel } from "../onnx/model.js";
import type { TensorProto } from "../onnx/proto.js";
import { encodeTensor, type Tensor } from "../onnx/tensor.js";

export interface NamedTensor extends Tensor {
  readonly name: string;
}

/**
 * The model with new values in the named initializers; everything else in it stays as it is.
 *
 * Throws `ONNX_OPTION_INVALID` for a name that the model does not have, and `ONNX_SHAPE_MISMATCH` for another shape
 * or element type.
 */
export function setInitializers(model: Uint8Array, tensors: readonly NamedTensor[]): Uint8Array<ArrayBuffer> {
  const decoded = decodeModel(model);
  const byName = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const initializers = decoded.graph.initializers.map((old) => {
    const tensor = byName.get(old.name);
    byName.delete(old.name);
    return tensor === undefined ? old : replaceValues(old, tensor);
  });
  const [unknown] = byName.keys();
  if (unknown !== undefined) {
    throw new FedgeError(
      "ONNX_OPTION_INVALID",
      `the model has no initializer "${unknown}"; pass the tensors of this model`,
      {
        details: { tensor: unknown },
      },
    );
  }
  return encodeModel({ ...decoded, graph: { ...decoded.graph, initializers } });
}

/** The original model with trained values: what `<name>.next` gave after the last step, under the parameters' names. */
export function exportTrained(
  model: Uint8Array,
  parameters: readonly NamedTensor[],
): Uint8Array<ArrayBuffer> {
  return setInitializers(model, parameters);
}

function replaceValues(old: TensorProto, tensor: NamedTensor): TensorProto {
  const elementType = elementTypeOf(old.dataType);
  const isSameShape =
    old.dims.length === tensor.shape.length && old.dims.every((dim, i) => dim === tensor.shape[i]);
  if (elementType !== tensor.elementType || !isSameShape) {
    throw new FedgeError(
      "ONNX_SHAPE_MISMATCH",
      `initializer "${old.name}" is ${elementType ?? "unknown"} [${old.dims.join(", ")}], the new value ` +
        `${tensor.elementType} [${tensor.shape.join(", ")}]; pass the tensors of this model`,
      { details: { tensor: old.name } },
    );
  }
  return { ...encodeTensor(old.name, tensor), unknownFields: old.unknownFields };
}
