import type { EvaluationRecord } from "../../store/port.js";
import type { ExampleResults } from "../example-results.js";
import { accuracyDifference, meanDifference, unpairedDifference, type Difference } from "./paired.js";

export const VERDICTS = ["better", "worse", "no difference shown", "not comparable"] as const;
export type Verdict = (typeof VERDICTS)[number];

/** Fewer examples than this say nothing. */
export const MIN_EXAMPLES = 30;
const ALPHA = 0.05;

export interface MetricComparison extends Difference {
  readonly a: number;
  readonly b: number;
  readonly method: "mcnemar" | "paired-mean" | "two-proportions";
}

/** Two versions on the same data; the verdict speaks of B, and is that of the accuracy where there is one. */
export interface Comparison {
  readonly dataSet: string;
  readonly segment: string;
  readonly numExamples: number;
  readonly accuracy: MetricComparison | null;
  readonly loss: MetricComparison | null;
  readonly verdict: Verdict;
  /** Why there is no better verdict, or what it rests on. */
  readonly reason: string;
}

/** An evaluation with what it gave on every example, where that is known. */
export interface Evaluated {
  readonly evaluation: EvaluationRecord;
  readonly results: ExampleResults | null;
}

/** Compares two evaluations on the same data set and segment. */
export function compareEvaluated(a: Evaluated, b: Evaluated): Comparison {
  const numExamples = Math.min(a.evaluation.numExamples, b.evaluation.numExamples);
  const { dataSet, segment } = b.evaluation;
  const place = { dataSet, segment, numExamples };
  if (numExamples < MIN_EXAMPLES)
    return notComparable(place, `${numExamples} examples; at least ${MIN_EXAMPLES} are needed`);
  if (a.results !== null && b.results !== null) return paired(place, a, b);
  return unpaired(place, a.evaluation, b.evaluation);
}

type Place = Pick<Comparison, "dataSet" | "segment" | "numExamples">;

function paired(place: Place, a: Evaluated, b: Evaluated): Comparison {
  const [left, right] = [a.results, b.results];
  if (left === null || right === null) return unpaired(place, a.evaluation, b.evaluation);
  if (left.dataSha256 !== right.dataSha256 || left.losses.length !== right.losses.length)
    return notComparable(
      place,
      "the data set has changed between the two evaluations; run `fedge model evaluate --held-out` for both",
    );
  if (!left.losses.every(Number.isFinite) || !right.losses.every(Number.isFinite))
    return notComparable(place, "a version has losses that are no finite numbers");
  const loss: MetricComparison = {
    a: a.evaluation.loss,
    b: b.evaluation.loss,
    method: "paired-mean",
    ...meanDifference(left.losses, right.losses),
  };
  const accuracy = pairedAccuracy(left, right);
  return decided(place, { accuracy, loss });
}

function pairedAccuracy(a: ExampleResults, b: ExampleResults): MetricComparison | null {
  if (a.correct === null || b.correct === null) return null;
  let [onlyA, onlyB, rightA, rightB] = [0, 0, 0, 0];
  for (let i = 0; i < a.correct.length; i += 1) {
    const [isA, isB] = [a.correct[i] === 1, b.correct[i] === 1];
    if (isA) rightA += 1;
    if (isB) rightB += 1;
    if (isA && !isB) onlyA += 1;
    if (isB && !isA) onlyB += 1;
  }
  const numExamples = a.correct.length;
  const difference = accuracyDifference({ onlyA, onlyB, numExamples });
  return { a: rightA / numExamples, b: rightB / numExamples, method: "mcnemar", ...difference };
}

/** From sums only, as devices report them: no spread of the losses is known, so they are not compared. */
function unpaired(place: Place, a: EvaluationRecord, b: EvaluationRecord): Comparison {
  // Examples of one device are alike: taken as independent they would tell apart what is the same.
  if (place.dataSet.startsWith("devices:") && b.accuracy !== null)
    return notComparable(place, "devices are the sample, not their examples; see `fedge model evaluations`");
  if (a.accuracy === null || b.accuracy === null)
    return notComparable(place, "only sums are known, and of a loss alone they say nothing of its spread");
  const counts = ({ accuracy, numExamples }: EvaluationRecord) => ({
    numCorrect: Math.round((accuracy ?? 0) * numExamples),
    numExamples,
  });
  const accuracy: MetricComparison = {
    a: a.accuracy,
    b: b.accuracy,
    method: "two-proportions",
    ...unpairedDifference(counts(a), counts(b)),
  };
  return decided(place, { accuracy, loss: null });
}

function decided(place: Place, metrics: Pick<Comparison, "accuracy" | "loss">): Comparison {
  const { accuracy, loss } = metrics;
  if (accuracy !== null) {
    const verdict = verdictOf(accuracy, accuracy.difference > 0);
    return { ...place, ...metrics, verdict, reason: `by accuracy (${accuracy.method})` };
  }
  if (loss === null) return notComparable(place, "nothing was measured of both");
  return {
    ...place,
    ...metrics,
    verdict: verdictOf(loss, loss.difference < 0),
    reason: "by loss (paired-mean)",
  };
}

function verdictOf({ pValue }: Difference, isBetter: boolean): Verdict {
  if (!(pValue < ALPHA)) return "no difference shown";
  return isBetter ? "better" : "worse";
}

export function notComparable(place: Place, reason: string): Comparison {
  return { ...place, accuracy: null, loss: null, verdict: "not comparable", reason };
}
