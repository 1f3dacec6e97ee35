import type { DeviceId, Evaluated, EvaluationSums } from "@fedge/protocol";
import type { CohortResult, EvaluationRequest, MeasuredVersion, PairedDifference } from "./run-record.js";
import { studentTail, studentTailQuantile } from "@fedge/protocol/drift";
import { probabilityText } from "../compare/probability-text.js";

/**
 * How the answers of devices become a result.
 *
 * Each device measured all versions on the same examples, so that its difference is paired. Devices are what was sampled,
 * not their examples, which are alike on one device: the difference per term is the ratio estimator sum(d) / sum(t) with its
 * linearised variance over devices (Cochran, Sampling Techniques, 6.4), and is compared with Student's t.
 */

/** One-sided: a version that is as good as the other is called better once in twenty times, and worse as often. */
export const ALPHA = 0.05;
/** So many devices on which a version gives no numbers are no accident of one device. */
const BROKEN_DEVICES = 2;

export type Answers = readonly (readonly [DeviceId, Evaluated])[];

/** The same whatever the order of the answers. */
export function cohortResult(
  answers: Answers,
  request: Pick<EvaluationRequest, "version" | "against">,
): CohortResult {
  const { version, against } = request;
  const versions = against === null ? [version] : [version, against];
  const replies = [...answers].sort(([one], [other]) => (one < other ? -1 : 1)).map(([, reply]) => reply);
  const usable = replies.filter(({ results }) => results.every(({ lossSum }) => lossSum !== null));
  const measured = versions.map((one) => measuredOf(one, replies, usable));
  const paired = against === null ? null : { version, against };
  const loss = paired === null ? null : difference(usable, paired, ({ lossSum }) => lossSum);
  const accuracy = paired === null ? null : difference(usable, paired, ({ numCorrect }) => numCorrect);
  return {
    numDevices: replies.length,
    numExamples: sum(replies.map(({ numExamples }) => numExamples)),
    numTerms: sum(replies.map(({ numTerms }) => numTerms)),
    ...{ versions: measured, loss, accuracy },
    ...verdictOf(measured, loss, usable.length),
  };
}

function measuredOf(
  version: number,
  all: readonly Evaluated[],
  usable: readonly Evaluated[],
): MeasuredVersion {
  const numTerms = sum(usable.map((reply) => reply.numTerms));
  const corrects = usable.map((reply) => of(reply, version)?.numCorrect ?? null);
  const isClassified = corrects.length > 0 && corrects.every((numCorrect) => numCorrect !== null);
  return {
    version,
    loss: numTerms === 0 ? null : sum(usable.map((reply) => of(reply, version)?.lossSum ?? 0)) / numTerms,
    accuracy: isClassified ? sum(corrects.map((numCorrect) => numCorrect ?? 0)) / numTerms : null,
    numNotFinite: all.filter((reply) => of(reply, version)?.lossSum === null).length,
  };
}

interface Pair {
  readonly version: number;
  readonly against: number;
}

function difference(
  replies: readonly Evaluated[],
  { version, against }: Pair,
  valueOf: (sums: EvaluationSums) => number | null,
): PairedDifference | null {
  const devices: { readonly change: number; readonly numTerms: number }[] = [];
  for (const reply of replies) {
    const [now, before] = [of(reply, version), of(reply, against)].map((sums) => sums && valueOf(sums));
    if (now === undefined || now === null || before === undefined || before === null) return null;
    devices.push({ change: now - before, numTerms: reply.numTerms });
  }
  return ratioDifference(devices);
}

/** Null for fewer than two devices: nothing is known of how devices differ. */
export function ratioDifference(
  devices: readonly { readonly change: number; readonly numTerms: number }[],
): PairedDifference | null {
  const numDevices = devices.length;
  if (numDevices < 2) return null;
  const numTerms = sum(devices.map((device) => device.numTerms));
  const mean = sum(devices.map(({ change }) => change)) / numTerms;
  const squares = sum(devices.map((device) => (device.change - mean * device.numTerms) ** 2));
  const standardError = Math.sqrt((numDevices / (numDevices - 1)) * squares) / numTerms;
  const freedom = numDevices - 1;
  const half = studentTailQuantile(0.025, freedom) * standardError;
  const t = Math.abs(mean) / standardError;
  // Devices that all agree to the last bit: no difference at all, or one without any doubt.
  const pValue = standardError === 0 ? (mean === 0 ? 1 : 0) : studentTail(t, freedom);
  return { difference: mean, standardError, low: mean - half, high: mean + half, pValue };
}

type Judged = Pick<CohortResult, "verdict" | "reason">;

/** By loss, which every model has; the accuracy stands beside it. */
function verdictOf(
  measured: readonly MeasuredVersion[],
  loss: PairedDifference | null,
  numUsable: number,
): Judged {
  const [version, against] = measured;
  if (version === undefined || against === undefined)
    return { verdict: "not comparable", reason: "one version was measured alone" };
  const broken = version.numNotFinite;
  if (broken >= BROKEN_DEVICES && broken > against.numNotFinite)
    return { verdict: "worse", reason: `its loss is no finite number on ${broken} devices` };
  if (loss === null)
    return { verdict: "not comparable", reason: `only ${numUsable} devices gave numbers of both` };
  const what = `loss, paired on ${numUsable} devices, one-sided p ${probabilityText(loss.pValue)}`;
  if (!(loss.pValue < ALPHA)) return { verdict: "no difference shown", reason: `by ${what}` };
  if (loss.difference > 0) return { verdict: "worse", reason: `by ${what}` };
  if (broken > 0)
    return { verdict: "no difference shown", reason: "its loss is no finite number on one device" };
  return { verdict: "better", reason: `by ${what}` };
}

function of(reply: Evaluated, version: number): EvaluationSums | undefined {
  return reply.results.find((sums) => sums.version === version);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
