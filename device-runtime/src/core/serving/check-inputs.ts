import { FedgeError, numValues, type ErrorCode, type PortShape } from "@fedge/protocol";
import type { TensorValue, TensorValues } from "../ports/engine.js";
import { TENSOR_ARRAYS, shapeText, toTensor, type TensorLike } from "./tensor-types.js";

/** What an app gives a model: whole tensors, or their values alone. */
export type ModelInputs = Readonly<Record<string, TensorLike>>;

/** The inputs as tensors. Throws MODEL_INPUT_INVALID as `checkInputs` does, and for values that no tensor can hold. */
export function toInputs(ports: readonly PortShape[], all: ModelInputs | null | undefined): TensorValues {
  const inputs: Record<string, TensorValue> = {};
  const given = all ?? {};
  for (const name of Object.keys(given)) {
    const value = given[name] as TensorLike;
    const port = ports.find((each) => each.name === name);
    // An unknown name is refused below, whatever it holds.
    inputs[name] =
      port === undefined
        ? { shape: [], data: new Float32Array() }
        : toTensor(port, value, "MODEL_INPUT_INVALID");
  }
  checkInputs(ports, inputs);
  return inputs;
}

/** Throws MODEL_INPUT_INVALID naming the input that is missing, unknown, or of another type, rank or size. */
export function checkInputs(ports: readonly PortShape[], inputs: TensorValues): void {
  const stranger = Object.keys(inputs).find((name) => !ports.some((port) => port.name === name));
  if (stranger !== undefined)
    throw invalid(
      `"${stranger}" is not an input; the model takes ${ports.map(({ name }) => name).join(", ")}`,
    );
  for (const port of ports) {
    const value = inputs[port.name];
    if (value === undefined) throw invalid(`input "${port.name}" is missing`);
    checkValue(port, value);
  }
}

/** What a value is called when it does not fit, and the code that this throws. */
export interface ValueRole {
  readonly what: string;
  readonly code: ErrorCode;
}

const INPUT: ValueRole = { what: "input", code: "MODEL_INPUT_INVALID" };

/** Throws the role's code for a value of another type, rank or size than the port's. */
export function checkValue(port: PortShape, value: TensorValue, { what, code }: ValueRole = INPUT): void {
  const refuse = (reason: string): never => {
    throw new FedgeError(code, `${what} "${port.name}" ${reason}`);
  };
  if (!(value.data instanceof TENSOR_ARRAYS[port.elementType]))
    refuse(`must be a ${TENSOR_ARRAYS[port.elementType].name}`);
  const fits =
    value.shape.length === port.shape.length &&
    value.shape.every(
      (size, axis) => Number.isInteger(size) && size >= 0 && (port.shape[axis] ?? size) === size,
    );
  if (!fits) refuse(`has shape [${value.shape.join(", ")}]; the model takes ${shapeText(port)}`);
  const length = numValues(value.shape);
  if (value.data.length !== length) refuse(`has ${value.data.length} values; its shape takes ${length}`);
}

/** Zeros of every input with batch size 1: enough to make a runtime allocate what it needs. */
export function zeroInputs(ports: readonly PortShape[]): TensorValues {
  const entries = ports.map((port): [string, TensorValue] => {
    const shape = port.shape.map((size) => size ?? 1);
    return [
      port.name,
      {
        shape,
        data: new TENSOR_ARRAYS[port.elementType](numValues(shape)),
      },
    ];
  });
  return Object.fromEntries(entries);
}

function invalid(message: string): FedgeError {
  return new FedgeError("MODEL_INPUT_INVALID", message);
}
