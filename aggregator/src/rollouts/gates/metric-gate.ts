import type { ServingMetrics } from "@fedge/protocol";
import { percentOf } from "../install-gate.js";
import type { MetricGate } from "../rollout-config.js";
import type { GateView, Verdict } from "../rollout-view.js";
import { cohortRate, differenceInterval, type CohortRate, type DeviceCounts } from "./device-rates.js";
import { p95Us, slowCounts, summed } from "./latency.js";
import { countsOf } from "./metric-counts.js";
import { studentTailQuantile } from "@fedge/protocol/drift";

/**
 * How a metric gate judges.
 *
 * Both sides are devices: those that run the new version, and those that still run the old one at the same time. A rate is
 * the ratio estimator over devices (device-rates.ts). Once both sides have their `minSample`, the interval of the difference
 * decides: the gate passes when all of it is within the tolerance (non-inferiority), fails when all of it is beyond, and is
 * inconclusive while the tolerance lies in it. What becomes of a gate that stays so is the plan's (`onInconclusive`).
 *
 * Looking often must not make a verdict out of chance: `alpha` is shared. Look number k, where a number stands for a sample
 * that has doubled, gets 6 alpha / (pi k)^2; these add up to alpha over however many looks there are. Either bound is
 * one-sided at that level, so that the interval has the confidence 1 - 2 alpha of its look.
 */

/** Fewer devices on either side say nothing of devices. */
const LEAST_DEVICES = 2;
const GROWTH_OF_A_LOOK = 2;
const P95_SHARE = 0.05;

export interface Sides {
  readonly wave: readonly ServingMetrics[];
  readonly control: readonly ServingMetrics[];
  /** Where the control cohort comes from, for people. */
  readonly controlNote: string;
}

export function judgeMetric(gate: MetricGate, sides: Sides, atMs: number): GateView {
  return gate.metric === "latency-p95" ? judgeLatency(gate, sides, atMs) : judgeRate(gate, sides, atMs);
}

/** A gate that could not be measured: neither good nor bad news of the model. */
export function gateError(gate: MetricGate, reason: string, atMs: number): GateView {
  return gateView(gate, { verdict: "error", reason, atMs });
}

export function undecided(gate: MetricGate, reason: string, atMs: number): GateView {
  return gateView(gate, { verdict: "inconclusive", reason, atMs });
}

function judgeRate(gate: MetricGate, { wave, control, controlNote }: Sides, atMs: number): GateView {
  const ofDevices = (all: readonly ServingMetrics[]): DeviceCounts[] =>
    all.map((one) => countsOf(gate.metric, one));
  const one = cohortRate(ofDevices(wave));
  const other = cohortRate(ofDevices(control));
  const allowed = tolerated(gate, other.rate);
  const numbers = { value: valueOf(one), control: valueOf(other), limit: other.rate + allowed };
  const facts = { ...samples(one, other), ...numbers, interval: null, atMs };
  const shortage = shortageOf(gate, one, other);
  if (shortage !== null) return gateView(gate, { ...facts, verdict: "inconclusive", reason: shortage });
  const interval = differenceInterval(one, other, quantileOf(gate, one, other));
  const verdict = verdictOf(interval, allowed);
  const what = `${percentOf(one.rate, 1)} on ${one.numDevices} devices against ${percentOf(other.rate, 1)} on ${other.numDevices} (${controlNote}); ${percentOf(other.rate + allowed, 1)} is borne`;
  const how = `the difference is ${rangeText(interval, points)}, ${points(allowed)} is borne`;
  return gateView(gate, { ...facts, verdict, interval, reason: `${what}; ${how}${ending(verdict)}` });
}

/** All of the interval within the limit, all beyond, or the limit in it. */
export function verdictOf([low, high]: readonly [number, number], allowed: number): Verdict {
  if (low > allowed) return "fail";
  return high <= allowed ? "pass" : "inconclusive";
}

/** `-0.3 to +1.2 %`, as the gate's reason says its interval. */
export function rangeText([low, high]: readonly [number, number], text: (value: number) => string): string {
  return `between ${text(low)} and ${text(high)}`;
}

function points(difference: number): string {
  const rounded = Number((100 * difference).toFixed(2));
  return `${rounded > 0 ? "+" : ""}${rounded} %`;
}

/** Slow is what takes longer than the tolerated percentile: of the wave, more than 5 % may not be. */
function judgeLatency(gate: MetricGate, { wave, control, controlNote }: Sides, atMs: number): GateView {
  const before = p95Us(summed(control.map(({ latency }) => latency)));
  const now = p95Us(summed(wave.map(({ latency }) => latency)));
  const allowedUs = before === null ? 0 : before + tolerated(gate, before / 1000) * 1000;
  const slow = cohortRate(wave.map(({ latency }) => slowCounts(latency, allowedUs)));
  const other = cohortRate(control.map(({ latency }) => slowCounts(latency, allowedUs)));
  const numbers = {
    value: inMs(now),
    control: inMs(before),
    limit: before === null ? null : allowedUs / 1000,
  };
  const facts = { ...samples(slow, other), ...numbers, interval: null, atMs };
  const shortage = shortageOf(gate, slow, other);
  if (shortage !== null || now === null || before === null)
    return gateView(gate, {
      ...facts,
      verdict: "inconclusive",
      reason: shortage ?? "there are no predictions yet",
    });
  const certain = { numDevices: Infinity, numTrials: Infinity, rate: P95_SHARE, designEffect: 1 };
  const [low, high] = differenceInterval(slow, certain, quantileOf(gate, slow, other));
  const verdict = verdictOf([low, high], 0);
  const share = [low + P95_SHARE, high + P95_SHARE] as const;
  const what = `95 % within ${(now / 1000).toFixed(1)} ms on ${slow.numDevices} devices against ${(before / 1000).toFixed(1)} ms on ${other.numDevices} (${controlNote}); ${(allowedUs / 1000).toFixed(1)} ms is borne`;
  const how = `slower is a share ${rangeText(share, (value) => percentOf(Math.max(0, value), 1))}, 5 % is borne`;
  return gateView(gate, { ...facts, verdict, reason: `${what}; ${how}${ending(verdict)}` });
}

/** How much worse than the control is still well, in the metric's unit: of milliseconds for latency. */
export function tolerated({ tolerance }: MetricGate, control: number): number {
  return (tolerance.absolute ?? 0) + (tolerance.relative ?? 0) * control;
}

function shortageOf({ minSample }: MetricGate, one: CohortRate, other: CohortRate): string | null {
  if (one.numTrials < minSample)
    return `${one.numTrials} of ${minSample} observations of the new version so far`;
  if (other.numTrials < minSample)
    return `${other.numTrials} of ${minSample} observations of the control so far`;
  if (one.numDevices < LEAST_DEVICES || other.numDevices < LEAST_DEVICES)
    return `one device is no cohort: ${one.numDevices} of the new version, ${other.numDevices} of the control`;
  return null;
}

function quantileOf({ alpha, minSample }: MetricGate, one: CohortRate, other: CohortRate): number {
  const look = lookNumber(minSample, Math.min(one.numTrials, other.numTrials));
  return studentTailQuantile(alphaOfLook(alpha, look), freedom(one, other));
}

function freedom(one: CohortRate, other: CohortRate): number {
  return Math.min(one.numDevices, other.numDevices) - 1;
}

/** 1 at the least sample, and one more whenever it has doubled. */
export function lookNumber(minSample: number, sample: number): number {
  return 1 + Math.floor(Math.log(sample / minSample) / Math.log(GROWTH_OF_A_LOOK));
}

/** What look number `look` may spend of the significance. */
export function alphaOfLook(alpha: number, look: number): number {
  return (6 * alpha) / (Math.PI * look) ** 2;
}

export function ending(verdict: Verdict): string {
  if (verdict === "fail") return ": worse beyond chance";
  return verdict === "inconclusive" ? ": undecided, the limit lies within the interval" : "";
}

function valueOf({ numTrials, rate }: CohortRate): number | null {
  return numTrials === 0 ? null : rate;
}

function inMs(us: number | null): number | null {
  return us === null ? null : us / 1000;
}

function samples(one: CohortRate, other: CohortRate) {
  return { sample: one.numTrials, controlSample: other.numTrials };
}

type Facts = Pick<GateView, "verdict" | "reason"> &
  Partial<Omit<GateView, "gate" | "segment" | "checkedAtMs">> & { readonly atMs: number };

export function gateView(gate: MetricGate, { atMs, ...facts }: Facts): GateView {
  const { metric, segment = null, minSample } = gate;
  const empty = { value: null, control: null, interval: null, sample: 0, controlSample: 0, limit: null };
  return { gate: metric, segment, minSample, ...empty, ...facts, checkedAtMs: atMs };
}
