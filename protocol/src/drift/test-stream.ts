import { decodeDriftOptions, type DriftOptions, type DriftOptionsInput } from "./options.js";
import type { Verdict } from "../profile/verdicts.js";
import type { DriftResult, StreamMethod } from "./result.js";
import { momentsOfPair } from "./samples/moments.js";
import { readPair } from "./samples/read-pair.js";
import type { Sample, SampleValue } from "./samples/sample.js";
import { Adwin } from "./streams/adwin.js";
import { Ddm } from "./streams/ddm.js";
import { PageHinkley } from "./streams/page-hinkley.js";
import { AS_IT_IS, isUsable, type Standard, type StreamDetector } from "./streams/stream-detector.js";

/**
 * Runs a detector over the current sample, value by value. A reference, which may be empty, gives mean and deviation to standardise by
 * (ADWIN, Page-Hinkley) or comes before the stream (DDM). The statistic is the number of drifts; `details.detections` are their places in
 * the current sample, from 0, missing values counted. The last drift or, without one, a warning that lasts to the end is the verdict.
 */
export function testStream(
  method: StreamMethod,
  reference: Sample,
  current: Sample,
  optionsInput: DriftOptionsInput = {},
): DriftResult {
  const options = decodeDriftOptions(optionsInput);
  const before = numbersOf(reference);
  const stream = numbersOf(current);
  if (before === undefined || stream === undefined) {
    return untestable(
      method,
      0,
      0,
      "configuration: a stream is a list of numbers (or of true and false for ddm)",
    );
  }
  const [n, m] = [numPresent(before), numPresent(stream)];
  if (m === 0) return untestable(method, n, m, "empty: the stream has no value");
  if (method === "ddm" && ![...before, ...stream].every(isOutcome)) {
    return untestable(method, n, m, "configuration: ddm takes 0 (right) and 1 (wrong)");
  }
  const standard = standardOf(method, before, options);
  if ("reason" in standard) return untestable(method, n, m, standard.reason);
  const numBeyond = stream.filter(
    (value) => Number.isFinite(value) && !isUsable(standardised(value, standard)),
  ).length;
  if (numBeyond === m) return untestable(method, n, m, beyondReason(numBeyond));
  const detector = createDetector(method, standard, options);
  if (method === "ddm") for (const value of before) detector.update(value);
  const reason = numBeyond === 0 ? {} : { reason: beyondReason(numBeyond) };
  return { method, n, m, ...followed(detector, stream, standard), ...reason };
}

/** A detector of the method with these options. */
export function createDetector(
  method: StreamMethod,
  standard: Standard,
  options: DriftOptions,
): StreamDetector {
  switch (method) {
    case "adwin":
      return new Adwin(options.adwin, standard);
    case "page-hinkley":
      return new PageHinkley(options.pageHinkley, standard);
    case "ddm":
      return new Ddm(options.ddm);
  }
}

/** A detector that goes on where another was saved. Throws DATA_CORRUPT. */
export function restoreDetector(method: StreamMethod, bytes: Uint8Array): StreamDetector {
  switch (method) {
    case "adwin":
      return Adwin.restore(bytes);
    case "page-hinkley":
      return PageHinkley.restore(bytes);
    case "ddm":
      return Ddm.restore(bytes);
  }
}

function followed(
  detector: StreamDetector,
  stream: Float64Array,
  standard: Standard,
): Pick<DriftResult, "statistic" | "verdict" | "details"> {
  const detections: number[] = [];
  const warnings: number[] = [];
  let last: string = "learning";
  stream.forEach((value, index) => {
    // A missing value is no event: the drift before it was said already.
    if (!Number.isFinite(value)) return;
    const state = detector.update(value);
    if (state === "drift") detections.push(index);
    if (state === "warning" && last !== "warning") warnings.push(index);
    last = state;
  });
  const verdict: Verdict =
    detections.length > 0 ? "drift" : last === "warning" || last === "learning" ? last : "ok";
  return {
    statistic: detections.length,
    verdict,
    details: { detections, warnings, lastState: last, lastStatistic: detector.statistic, standard },
  };
}

/** With NaN where a value is missing, so that places stay; `undefined` for what is not a list of numbers. */
function numbersOf(sample: Sample): Float64Array | undefined {
  if (!Array.isArray(sample) && !ArrayBuffer.isView(sample)) return undefined;
  const values = Array.from(sample as ArrayLike<unknown>, (value) =>
    typeof value === "boolean" ? Number(value) : value,
  );
  const present = values.filter((value) => value !== null && value !== undefined);
  const pair = readPair(present as SampleValue[], []);
  if ("reason" in pair || pair.kind !== "numbers") return undefined;
  return Float64Array.from(values, (value) =>
    value === null || value === undefined ? Number.NaN : Number(value),
  );
}

function numPresent(values: Float64Array): number {
  return values.filter((value) => Number.isFinite(value)).length;
}

function isOutcome(value: number): boolean {
  return value === 0 || value === 1 || Number.isNaN(value);
}

function standardOf(
  method: StreamMethod,
  reference: Float64Array,
  { standardise }: DriftOptions,
): Standard | { readonly reason: string } {
  const values = reference.filter(Number.isFinite);
  const isWanted = standardise ?? values.length > 0;
  if (!isWanted || method === "ddm") return AS_IT_IS;
  const { reference: moments, mean, unit } = momentsOfPair(values, values);
  const deviation = Math.sqrt(moments.variance) * unit;
  if (!(deviation > 0)) return { reason: "constant: the reference gives no deviation to standardise by" };
  if (!Number.isFinite(deviation)) return { reason: "the reference is too far apart to standardise by" };
  return { mean, deviation };
}

function standardised(value: number, { mean, deviation }: Standard): number {
  return (value - mean) / deviation;
}

function beyondReason(numBeyond: number): string {
  return `values beyond 1e150 have no square and are left out: ${numBeyond}; divide them, or give a reference to standardise by`;
}

function untestable(method: StreamMethod, n: number, m: number, reason: string): DriftResult {
  return { method, statistic: null, n, m, verdict: "not_testable", reason, details: {} };
}
