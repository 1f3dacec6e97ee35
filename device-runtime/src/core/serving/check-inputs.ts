import { FedgeError, type ElementType, type PortShape, type TensorData } from "@fedge/protocol";
import type { TensorValue, TensorValues } from "../ports/engine.js";

const ARRAYS: Record<ElementType, new (length: number) => TensorData> = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
};

/** Throws MODEL_INPUT_INVALID naming the input that is missing, unknown, or of another type, rank or size. */
export function checkInputs(ports: readonly PortShape[], inputs: TensorValues): void {
  const known = new Set(ports.map((port) => port.name));
  const stranger = Object.keys(inputs).find((name) => !known.has(name));
  if (stranger !== undefined)
    throw invalid(`"${stranger}" is not an input; the model takes ${[...known].join(", ")}`);
  for (const port of ports) {
    const value = inputs[port.name];
    if (value === undefined) throw invalid(`input "${port.name}" is missing`);
    checkValue(port, value);
  }
}

function checkValue(port: PortShape, value: TensorValue): void {
  if (!(value.data instanceof ARRAYS[port.elementType])) {
    throw invalid(`input "${port.name}" must be a ${ARRAYS[port.elementType].name}`);
  }
  const fits =
    value.shape.length === port.shape.length &&
    value.shape.every(
      (size, axis) => Number.isInteger(size) && size >= 0 && (port.shape[axis] ?? size) === size,
    );
  const wanted = `[${port.shape.map((size) => size ?? "any").join(", ")}]`;
  if (!fits)
    throw invalid(`input "${port.name}" has shape [${value.shape.join(", ")}]; the model takes ${wanted}`);
  const numValues = value.shape.reduce((product, size) => product * size, 1);
  if (value.data.length !== numValues) {
    throw invalid(`input "${port.name}" has ${value.data.length} values; its shape takes ${numValues}`);
  }
}

/** Zeros of every input with batch size 1: enough to make a runtime allocate what it needs. */
export function zeroInputs(ports: readonly PortShape[]): TensorValues {
  const entries = ports.map((port): [string, TensorValue] => {
    const shape = port.shape.map((size) => size ?? 1);
    return [
      port.name,
      { shape, data: new ARRAYS[port.elementType](shape.reduce((product, size) => product * size, 1)) },
    ];
  });
  return Object.fromEntries(entries);
}

function invalid(message: string): FedgeError {
  return new FedgeError("MODEL_INPUT_INVALID", message);
}
