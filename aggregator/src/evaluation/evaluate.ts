import { FedgeError, type ModelManifest, type NamedTensor } from "@fedge/protocol";
import type { InferenceSession, Tensor } from "onnxruntime-common";
import type { EvaluationData, EvaluationTensor } from "./evaluation-data.js";

/** Either runtime: the two packages export the same names. */
export interface OnnxRuntime {
  readonly InferenceSession: typeof InferenceSession;
  readonly Tensor: typeof Tensor;
}

export interface EvaluationSums {
  readonly lossSum: number;
  readonly numCorrect: number | null;
  readonly numExamples: number;
}

const BATCH = 1000;

/** Runs the eval graph over all examples. Throws ENGINE_FAILED when the graph gives none of the sums it should. */
export async function evaluateOn(
  runtime: OnnxRuntime,
  session: InferenceSession,
  version: {
    readonly manifest: Pick<ModelManifest, "parameters" | "state">;
    readonly tensors: readonly NamedTensor[];
  },
  data: EvaluationData,
): Promise<EvaluationSums> {
  const names = new Set(session.inputNames);
  const parameters = version.tensors
    .filter((tensor) => names.has(tensor.name))
    .map(
      (tensor) =>
        [
          tensor.name,
          new runtime.Tensor(tensor.elementType, tensor.data as Float32Array, tensor.shape),
        ] as const,
    );
  let sums: EvaluationSums = { lossSum: 0, numCorrect: null, numExamples: 0 };
  for (let start = 0; start < data.numExamples; start += BATCH) {
    const end = Math.min(start + BATCH, data.numExamples);
    const examples = [...data.inputs, data.target].map(
      (tensor) => [tensor.name, rows(runtime, tensor, start, end)] as const,
    );
    const outputs = await session.run(Object.fromEntries([...parameters, ...examples]));
    sums = add(sums, outputs);
  }
  return sums;
}

function rows(runtime: OnnxRuntime, tensor: EvaluationTensor, start: number, end: number): Tensor {
  const width = tensor.exampleShape.reduce((product, size) => product * size, 1);
  const data = tensor.data.subarray(start * width, end * width) as Float32Array;
  return new runtime.Tensor(tensor.elementType, data, [end - start, ...tensor.exampleShape]);
}

function add(sums: EvaluationSums, outputs: InferenceSession.OnnxValueMapType): EvaluationSums {
  const scalar = (name: string): number | null => {
    const value = (outputs[name] as Tensor | undefined)?.data[0];
    return value === undefined ? null : Number(value);
  };
  const [lossSum, count, correct] = [scalar("loss_sum"), scalar("count"), scalar("correct")];
  if (lossSum === null || count === null)
    throw new FedgeError("ENGINE_FAILED", "the eval graph gives no loss_sum and count");
  return {
    lossSum: sums.lossSum + lossSum,
    numCorrect: correct === null ? null : (sums.numCorrect ?? 0) + correct,
    numExamples: sums.numExamples + count,
  };
}
