import { differenceInterval, type CohortRate } from "../gates/device-rates.js";
import { normalQuantile, normalTail } from "@fedge/protocol/drift";

export interface Proportions {
  /** The second rate less the first. */
  readonly difference: number;
  /** 95 %, Newcombe. */
  readonly interval: readonly [number, number];
  /** Two-sided: how often chance alone makes a difference of at least this size. */
  readonly pValue: number;
}

/**
 * The pooled two-proportion z-test (Fleiss, Statistical Methods for Rates and Proportions, 2.3), each side with as many
 * trials as its devices' likeness leaves it. Null when a side has no trials.
 */
export function compareProportions(control: CohortRate, other: CohortRate): Proportions | null {
  if (control.numTrials === 0 || other.numTrials === 0) return null;
  const first = control.numTrials / (control.designEffect ?? other.designEffect ?? 1);
  const second = other.numTrials / (other.designEffect ?? control.designEffect ?? 1);
  const pooled = (control.rate * first + other.rate * second) / (first + second);
  const error = Math.sqrt(pooled * (1 - pooled) * (1 / first + 1 / second));
  const difference = other.rate - control.rate;
  const pValue = error === 0 ? 1 : 2 * normalTail(Math.abs(difference) / error);
  return { difference, interval: differenceInterval(other, control, normalQuantile(0.975)), pValue };
}

/**
 * Trials that each arm needs for a two-sided test at `alpha` to find a difference of `effect` from `rate` with this power
 * (Fleiss, 4.3, without continuity correction), times the design effect.
 */
export function requiredSample(plan: {
  readonly rate: number;
  readonly effect: number;
  readonly alpha: number;
  readonly power: number;
  readonly designEffect: number;
}): number {
  const { rate, effect, alpha, power, designEffect } = plan;
  const other = rate + effect <= 1 ? rate + effect : rate - effect;
  const mean = (rate + other) / 2;
  const underNone = normalQuantile(1 - alpha / 2) * Math.sqrt(2 * mean * (1 - mean));
  const underSome = normalQuantile(power) * Math.sqrt(rate * (1 - rate) + other * (1 - other));
  return Math.ceil(designEffect * ((underNone + underSome) / effect) ** 2);
}

/** Taken where nothing has been counted yet: what is that frequent needs the most trials. */
export const UNKNOWN_RATE = 0.5;

/** Trials that each arm needs as far as can be said before anything is counted: devices taken as alike. */
export function sampleBeforehand(plan: {
  readonly minDetectableEffect: number;
  readonly alpha: number;
  readonly power: number;
}): number {
  const { minDetectableEffect: effect, alpha, power } = plan;
  return requiredSample({ rate: UNKNOWN_RATE, effect, alpha, power, designEffect: 1 });
}
