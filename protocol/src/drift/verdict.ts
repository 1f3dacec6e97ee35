import type { EffectGate } from "./effect-gate.js";
import { wilsonInterval } from "./intervals.js";
import type { DriftOptions } from "./options.js";
import { twoProportions } from "./paired-counts.js";
import type { Verdict } from "../profile/verdicts.js";
import type { Measured } from "./result.js";
import type { SamplePair } from "./samples/sample.js";

export interface Judgement {
  readonly verdict: Verdict;
  readonly reason?: string;
}

/** Fewer rows of a wrong type are an accident. */
const LEAST_BROKEN_ROWS = 5;

/**
 * `broken_data` when at least five current rows are of the wrong type and Wilson's lower bound of their share is above
 * 1 - `mostly`; `undefined` otherwise.
 */
export function brokenData(pair: SamplePair, { mostly }: DriftOptions): Judgement | undefined {
  if (pair.kind !== "numbers") return undefined;
  const { numWrongType, numMissing, values } = pair.current;
  if (numWrongType < LEAST_BROKEN_ROWS) return undefined;
  const total = numWrongType + numMissing + values.length;
  if (wilsonInterval(numWrongType, total).low <= 1 - mostly) return undefined;
  return { verdict: "broken_data", reason: `${numWrongType} of ${total} current rows are no numbers` };
}

/**
 * The verdict on one pair of samples:
 *
 * 1. below `minRows` on either side: `not_enough_data`, whatever the statistic;
 * 2. more than chance at `alpha` (p-value, limit, or companion test) and an effect above its floor: `drift`;
 * 3. more than chance, but every effect below its floor: `ok`, and the reason says so, for with enough rows everything is
 *    more than chance;
 * 4. an effect above its floor without a test (MMD without permutations), or a missing share that rose by more than its floor and more
 *    than chance: `warning`;
 * 5. otherwise `ok`.
 *
 * Correction for many features and persistence over windows belong to whoever runs many tests: they see `logPValue`.
 */
export function judge(
  pair: SamplePair,
  measured: Measured,
  gate: EffectGate,
  options: DriftOptions,
): Judgement {
  const { n, m } = measured;
  if (Math.min(n, m) < options.minRows) {
    return { verdict: "not_enough_data", reason: `a verdict needs ${options.minRows} rows a side` };
  }
  const isMore = isMoreThanChance(measured, options.alpha);
  if (isMore === true && gate.isLarge) return { verdict: "drift" };
  const missing = missingRise(pair, options);
  if (missing !== undefined) return { verdict: "warning", reason: missing };
  if (isMore === true)
    return { verdict: "ok", reason: "more than chance, but every effect is below its floor" };
  if (isMore === undefined && gate.isLarge) {
    return { verdict: "warning", reason: "an effect is above its floor, but no test says whether by chance" };
  }
  return { verdict: "ok" };
}

function isMoreThanChance(measured: Measured, alpha: number): boolean | undefined {
  const logPValue = measured.logPValue ?? measured.companion?.logPValue;
  if (logPValue !== undefined) return logPValue <= Math.log(alpha);
  return measured.limit === undefined ? undefined : measured.statistic > measured.limit;
}

function missingRise(pair: SamplePair, options: DriftOptions): string | undefined {
  if (pair.kind === "vectors") return undefined;
  const [first, second] = [missingOf(pair, "reference"), missingOf(pair, "current")];
  const rise = second.count / second.total - first.count / first.total;
  if (!(rise > options.floors.missing)) return undefined;
  if (twoProportions(first, second).pValue > options.alpha) return undefined;
  const percent = ({ count, total }: typeof first): string => `${((100 * count) / total).toFixed(1)} %`;
  return `missing values rose from ${percent(first)} to ${percent(second)}`;
}

/** Missing rows and all rows of one side. */
export function missingOf(
  pair: Exclude<SamplePair, { kind: "vectors" }>,
  side: "reference" | "current",
): { readonly count: number; readonly total: number } {
  const { numMissing } = pair[side];
  return { count: numMissing, total: numMissing + numPresent(pair, side) };
}

function numPresent(pair: Exclude<SamplePair, { kind: "vectors" }>, side: "reference" | "current"): number {
  if (pair.kind === "numbers") return pair[side].values.length + pair[side].numWrongType;
  let sum = 0;
  for (const count of pair[side].counts.values()) sum += count;
  return sum;
}
