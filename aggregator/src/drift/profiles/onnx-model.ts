import { describeModel } from "@fedge/onnx-autodiff";
import {
  FedgeError,
  createRandom,
  numValues,
  type NamedTensor,
  type PortShape,
  type TensorData,
} from "@fedge/protocol";
import type { FeatureTensor } from "@fedge/protocol/profile";
import type { ProfiledModel } from "./feature-drafts.js";
import type { Predict } from "./training-data.js";
import { loadRuntime } from "../../evaluation/load-runtime.js";
import { toPortShape } from "../../registry/import-model.js";

/** What an ONNX file takes and gives. Throws ONNX_… for one that cannot be read. */
export function modelOfFile(onnx: Uint8Array, loss: string): ProfiledModel {
  const { inputs, outputs } = describeModel(onnx);
  return { inputs: inputs.map(toPortShape), outputs: outputs.map(toPortShape), loss };
}

/** Rows that the model is given together: as many as it says, 256 where it does not. */
export function batchSizeOf({ inputs }: ProfiledModel): number {
  const size = inputs[0]?.shape[0] ?? null;
  if (size === null || size === 1) return size ?? 256;
  throw new FedgeError(
    "OPTION_INVALID",
    `the model takes exactly ${size} rows at a time; export it with a free batch axis (dynamic_axes)`,
  );
}

/** Runs a whole ONNX model, weights inside, here. Throws ENGINE_FAILED when the model cannot be run on its inputs. */
export async function openModel(onnx: Uint8Array, { inputs: ports }: ProfiledModel): Promise<Predict> {
  const { InferenceSession, Tensor } = await loadRuntime();
  const session = await InferenceSession.create(onnx);
  return async (inputs) => {
    const feeds = ports.map(({ name, elementType }) => {
      const { shape, data } = inputs[name] as FeatureTensor;
      return [name, new Tensor(elementType, data as Float32Array, shape)] as const;
    });
    try {
      const outputs = await session.run(Object.fromEntries(feeds));
      return Object.fromEntries(
        Object.entries(outputs).map(([name, tensor]) => {
          return [name, { shape: tensor.dims, data: tensor.data as TensorData }];
        }),
      );
    } catch (cause) {
      const message = `the model cannot be run on the data (${(cause as Error).message}); check the input columns`;
      throw new FedgeError("ENGINE_FAILED", message, { cause });
    }
  };
}

const GOLDEN_ROWS = 4;
const FREE_SIZE = 4;
/** Of the largest golden output: what engines differ by, and half a model does not. */
const TOLERANCE = 1e-3;

/**
 * Golden rows, drawn from a seed so that nobody's data travel with the model, and what the model gives for them: numbers
 * in [0, 1), tokens 0 and 1.
 */
export async function goldenRows(
  model: ProfiledModel,
  predict: Predict,
): Promise<{ readonly rows: readonly NamedTensor[]; readonly tolerance: number }> {
  const numRows = model.inputs[0]?.shape[0] ?? GOLDEN_ROWS;
  const inputs = Object.fromEntries(model.inputs.map((port) => [port.name, drawn(port, numRows)] as const));
  const outputs = await predict(inputs);
  const rows = [
    ...model.inputs.map((port) => named("inputs", port, inputs[port.name] as FeatureTensor)),
    ...model.outputs.map((port) => named("outputs", port, outputs[port.name] as FeatureTensor)),
  ];
  let largest = 1;
  for (const { data } of Object.values(outputs))
    for (let at = 0; at < data.length; at += 1) largest = Math.max(largest, Math.abs(Number(data[at])));
  return { rows, tolerance: TOLERANCE * largest };
}

function drawn({ name, elementType, shape }: PortShape, numRows: number): FeatureTensor {
  const random = createRandom(`golden/${name}`);
  const sizes = [numRows, ...shape.slice(1).map((size) => size ?? FREE_SIZE)].slice(0, shape.length);
  const length = numValues(sizes);
  const real = (): number => random.unit();
  const token = (): number => random.below(2);
  if (elementType === "float32") return { shape: sizes, data: Float32Array.from({ length }, real) };
  if (elementType === "float64") return { shape: sizes, data: Float64Array.from({ length }, real) };
  if (elementType === "int64")
    return { shape: sizes, data: BigInt64Array.from({ length }, () => BigInt(token())) };
  if (elementType === "int32") return { shape: sizes, data: Int32Array.from({ length }, token) };
  return { shape: sizes, data: Uint8Array.from({ length }, token) };
}

function named(kind: string, { name, elementType }: PortShape, { shape, data }: FeatureTensor): NamedTensor {
  return { name: `${kind}/${name}`, elementType, shape: [...shape], data };
}
