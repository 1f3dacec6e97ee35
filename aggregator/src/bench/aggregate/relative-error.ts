import { createRandom } from "@fedge/protocol";
import { FixedPointFold } from "../../aggregation/fold.js";

/**
 * || fold - reference || / || reference || in L2 for the example-weighted mean of float32 updates of uniform values
 * around zero; the reference adds in float64.
 */
export function measureRelativeError(cohort: {
  readonly numParameters: number;
  readonly numUpdates: number;
}): number {
  const { numParameters, numUpdates } = cohort;
  const bounds = { numParameters, maxNorm: 100, maxExamplesPerDevice: 1000, maxCohortSize: numUpdates };
  const fold = new FixedPointFold(bounds);
  const random = createRandom("relative-error");
  const sums = new Float64Array(numParameters);
  for (let index = 0; index < numUpdates; index += 1) {
    const values = Float32Array.from({ length: numParameters }, () => 0.02 * (random.unit() - 0.5));
    const numExamples = 1 + (index % bounds.maxExamplesPerDevice);
    fold.add(new Uint8Array(values.buffer), "float32", numExamples);
    values.forEach((value, at) => (sums[at] = (sums[at] as number) + value * numExamples));
  }
  const reference = sums.map((sum) => sum / fold.totalExamples);
  const mean = fold.mean();
  fold.close();
  const differences = reference.map((value, at) => (mean[at] as number) - value);
  return l2Norm(differences) / l2Norm(reference);
}

function l2Norm(values: Float64Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
}
