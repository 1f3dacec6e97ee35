import type { ExposedTerms } from "@fedge/onnx-autodiff";
import { FedgeError, numValues, type ModelManifest, type NamedTensor } from "@fedge/protocol";
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

/** What every example gave; see `ExampleResults`. */
export interface EvaluatedExamples {
  readonly losses: Float32Array;
  readonly correct: Uint8Array | null;
}

const BATCH = 1000;

/** Told the outputs of every batch, with the index of its first example. */
type EachBatch = (outputs: InferenceSession.OnnxValueMapType, start: number, end: number) => void;

/** Runs the eval graph over all examples. Throws ENGINE_FAILED when the graph gives none of the sums it should. */
export async function evaluateOn(
  runtime: OnnxRuntime,
  session: InferenceSession,
  version: {
    readonly manifest: Pick<ModelManifest, "parameters" | "state">;
    readonly tensors: readonly NamedTensor[];
  },
  data: EvaluationData,
  eachBatch: EachBatch = () => undefined,
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
    eachBatch(outputs, start, end);
  }
  return sums;
}

/**
 * As `evaluateOn`, with a session of a graph that exposes its terms, and what every example gave. An example of several
 * terms has the mean of their losses; whether it is right is said only where it has one term.
 */
export async function evaluateEach(
  runtime: OnnxRuntime,
  session: InferenceSession,
  version: Parameters<typeof evaluateOn>[2],
  { data, terms }: { readonly data: EvaluationData; readonly terms: ExposedTerms },
): Promise<{ readonly sums: EvaluationSums; readonly examples: EvaluatedExamples }> {
  const losses = new Float32Array(data.numExamples);
  const correct = new Uint8Array(data.numExamples);
  let hasOneTerm = terms.correct !== null;
  const sums = await evaluateOn(runtime, session, version, data, (outputs, start, end) => {
    const values = valuesOf(outputs, terms.loss.name);
    const width = widthOf(values.length, end - start);
    for (let row = start; row < end; row += 1)
      losses[row] = rowMean(values, row - start, width) * terms.loss.sign;
    hasOneTerm &&= width === 1;
    if (terms.correct === null || !hasOneTerm) return;
    valuesOf(outputs, terms.correct).forEach((value, row) => (correct[start + row] = Number(value)));
  });
  return { sums, examples: { losses, correct: hasOneTerm ? correct : null } };
}

function valuesOf(
  outputs: InferenceSession.OnnxValueMapType,
  name: string,
): ArrayLike<number | bigint> & Values {
  const tensor = outputs[name] as Tensor | undefined;
  if (tensor === undefined) throw new FedgeError("ENGINE_FAILED", `the eval graph gives no ${name}`);
  return tensor.data as Float32Array;
}

interface Values {
  forEach(visit: (value: number | bigint, index: number) => void): void;
}

function widthOf(numValues: number, numRows: number): number {
  if (numValues > 0 && numValues % numRows === 0) return numValues / numRows;
  throw new FedgeError(
    "ENGINE_FAILED",
    `the eval graph gives ${numValues} loss terms for ${numRows} examples`,
  );
}

function rowMean(values: ArrayLike<number | bigint>, row: number, width: number): number {
  let sum = 0;
  for (let i = 0; i < width; i += 1) sum += Number(values[row * width + i]);
  return sum / width;
}

function rows(runtime: OnnxRuntime, tensor: EvaluationTensor, start: number, end: number): Tensor {
  const width = numValues(tensor.exampleShape);
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
