import { wilsonBounds } from "@fedge/protocol/drift";

/** What one device counted: `hits` of `trials`. */
export interface DeviceCounts {
  readonly hits: number;
  readonly trials: number;
}

/** A cohort's rate, and by how much its devices differ more than chance alone would make them. */
export interface CohortRate {
  readonly numDevices: number;
  readonly numTrials: number;
  readonly rate: number;
  /** Variance of the rate over that of as many independent trials; null where all or none were hits. */
  readonly designEffect: number | null;
}

/**
 * The ratio estimator of sum(hits) / sum(trials) with its linearised variance (Cochran, Sampling Techniques, 6.4): devices
 * are what was sampled, not their predictions, which are alike on one device. Devices without trials say nothing.
 */
export function cohortRate(devices: readonly DeviceCounts[]): CohortRate {
  const counted = devices.filter(({ trials }) => trials > 0);
  const numDevices = counted.length;
  const numTrials = counted.reduce((sum, { trials }) => sum + trials, 0);
  const rate = numTrials === 0 ? 0 : counted.reduce((sum, { hits }) => sum + hits, 0) / numTrials;
  const binomial = (rate * (1 - rate)) / numTrials;
  if (numDevices < 2 || !(binomial > 0)) return { numDevices, numTrials, rate, designEffect: null };
  const squares = counted.reduce((sum, { hits, trials }) => sum + (hits - rate * trials) ** 2, 0);
  const variance = ((numDevices / (numDevices - 1)) * squares) / numTrials ** 2;
  return { numDevices, numTrials, rate, designEffect: Math.max(1, variance / binomial) };
}

/**
 * Newcombe's interval (method 10, Statistics in Medicine 1998) of the difference of two rates, each with as many trials
 * left as its devices' likeness leaves it. A cohort whose rate is 0 or 1 shows no likeness; the other's is taken for it.
 */
export function differenceInterval(one: CohortRate, other: CohortRate, z: number): readonly [number, number] {
  const ofOne = wilsonBounds(one.rate, effectiveTrials(one, other), z);
  const ofOther = wilsonBounds(other.rate, effectiveTrials(other, one), z);
  const difference = one.rate - other.rate;
  return [
    difference - Math.hypot(one.rate - ofOne.low, ofOther.high - other.rate),
    difference + Math.hypot(ofOne.high - one.rate, other.rate - ofOther.low),
  ];
}

function effectiveTrials(cohort: CohortRate, other: CohortRate): number {
  return cohort.numTrials / (cohort.designEffect ?? other.designEffect ?? 1);
}
