import { FedgeError } from "@fedge/protocol";
import { decodeValueType } from "../graph/tensor-type.js";
import { decodeModel, encodeModel } from "../onnx/model.js";
import { encodeTensor } from "../onnx/tensor.js";
import type { ValueInfoProto } from "../onnx/proto.js";
import type { NamedTensor } from "./set-initializers.js";

/** First IR version in which an initializer needs no input of its name (onnx/onnx, docs/IR.md). */
const MIN_IR_VERSION = 4;

/**
 * The model with values for some of its inputs: they become initializers, and are inputs no more. A generated `infer`
 * graph with the trained parameters is so a model that any ONNX runtime loads and that takes only the model's inputs.
 *
 * Throws `ONNX_OPTION_INVALID` for a name that is no input of the model, and `ONNX_SHAPE_MISMATCH` for another shape
 * or element type than the input's.
 */
export function freezeInputs(model: Uint8Array, tensors: readonly NamedTensor[]): Uint8Array<ArrayBuffer> {
  const decoded = decodeModel(model);
  const inputs = new Map(decoded.graph.inputs.map((input) => [input.name, input]));
  const frozen = tensors.map((tensor) => {
    const input = inputs.get(tensor.name);
    if (input === undefined) throw noInput(tensor.name);
    requireSameType(input, tensor);
    inputs.delete(tensor.name);
    return encodeTensor(tensor.name, tensor);
  });
  return encodeModel({
    ...decoded,
    irVersion: Math.max(decoded.irVersion, MIN_IR_VERSION),
    graph: {
      ...decoded.graph,
      inputs: [...inputs.values()],
      initializers: [...decoded.graph.initializers, ...frozen],
    },
  });
}

/** Names of the model's inputs, in order. Throws as `describeModel` does for bytes that are no model. */
export function inputNamesOf(model: Uint8Array): readonly string[] {
  return decodeModel(model).graph.inputs.map((input) => input.name);
}

function noInput(name: string): FedgeError {
  return new FedgeError(
    "ONNX_OPTION_INVALID",
    `the model has no input "${name}"; pass the tensors of this model, each once`,
    { details: { tensor: name } },
  );
}

function requireSameType(input: ValueInfoProto, tensor: NamedTensor): void {
  const type = decodeValueType(input);
  const isSame =
    type?.elementType === tensor.elementType &&
    type.shape?.length === tensor.shape.length &&
    type.shape.every((dim, index) => typeof dim === "string" || dim === tensor.shape[index]);
  if (isSame) return;
  throw new FedgeError(
    "ONNX_SHAPE_MISMATCH",
    `input "${input.name}" is ${type?.elementType ?? "unknown"} [${type?.shape?.join(", ") ?? "?"}], the value ` +
      `${tensor.elementType} [${tensor.shape.join(", ")}]; pass the tensors of this model`,
    { details: { tensor: input.name } },
  );
}
