import { FedgeError, numValues, type ModelManifest, type PortShape } from "@fedge/protocol";
import type { Examples, ServingSession, TensorValue, TensorValues } from "../ports/engine.js";
import { checkValue } from "../serving/check-inputs.js";

/** What an eval graph gives, added up over batches. */
export interface VersionSums {
  readonly lossSum: number;
  /** Null for a loss that tells apart no right from wrong. */
  readonly numCorrect: number | null;
  /** Terms of the loss: an example has several where it is a sequence. */
  readonly numTerms: number;
}

/** Small enough that whoever asks for an answer meanwhile waits for little. */
const BATCH_EXAMPLES = 64;

/** The examples in batches, as the inputs and the target of a version. Throws MODEL_INPUT_INVALID for what it does not take. */
export function batchesOf(
  { inputs }: Pick<ModelManifest, "inputs">,
  target: PortShape,
  examples: Examples,
): readonly TensorValues[] {
  const columns = [...inputs, target].map((port) => {
    const value = port === target ? examples.target : examples.inputs[port.name];
    if (value === undefined)
      throw new FedgeError("MODEL_INPUT_INVALID", `the examples have no "${port.name}"`);
    checkValue(port, value);
    return { name: port.name, value };
  });
  const batches: TensorValues[] = [];
  for (let start = 0; start < examples.numExamples; start += BATCH_EXAMPLES) {
    const end = Math.min(start + BATCH_EXAMPLES, examples.numExamples);
    batches.push(
      Object.fromEntries(columns.map(({ name, value }) => [name, rowsOf(name, value, start, end)])),
    );
  }
  return batches;
}

/** Runs the eval graph over all batches; `between` is awaited before each but the first, and its throw ends it. */
export async function sumOver(
  session: ServingSession,
  batches: readonly TensorValues[],
  between: () => Promise<void>,
): Promise<VersionSums> {
  let sums: VersionSums = { lossSum: 0, numCorrect: 0, numTerms: 0 };
  for (const [at, batch] of batches.entries()) {
    if (at > 0) await between();
    sums = add(sums, await session.run(batch));
  }
  return sums;
}

function add(sums: VersionSums, outputs: TensorValues): VersionSums {
  const [loss, count, correct] = [outputs["loss_sum"], outputs["count"], outputs["correct"]].map(scalarOf);
  if (loss === undefined || count === undefined)
    throw new FedgeError("ENGINE_FAILED", "the eval graph gives no loss_sum and count");
  return {
    lossSum: sums.lossSum + loss,
    numTerms: sums.numTerms + count,
    numCorrect: correct === undefined || sums.numCorrect === null ? null : sums.numCorrect + correct,
  };
}

function scalarOf(value: TensorValue | undefined): number | undefined {
  const scalar = value?.data[0];
  return scalar === undefined ? undefined : Number(scalar);
}

function rowsOf(name: string, { shape, data }: TensorValue, start: number, end: number): TensorValue {
  const [count = 0, ...exampleShape] = shape;
  if (end > count)
    throw new FedgeError("MODEL_INPUT_INVALID", `"${name}" has ${count} examples; ${end} were announced`);
  const width = numValues(exampleShape);
  return { shape: [end - start, ...exampleShape], data: data.slice(start * width, end * width) };
}
