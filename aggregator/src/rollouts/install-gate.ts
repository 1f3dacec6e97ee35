import type { RolloutConfig } from "./rollout-config.js";
import { ERROR_TARGET_STATES, type Wave } from "./rollout-state.js";
import type { GateView } from "./rollout-view.js";

/** A wave in numbers. Devices that left it, or were taken from it, are in none of them. */
export interface WaveCounts {
  readonly numTargets: number;
  readonly numReached: number;
  readonly numCommitted: number;
  readonly numErrors: number;
  /** Reached devices that have not come to an end. */
  readonly numMoving: number;
  readonly numQueued: number;
  readonly numInFlight: number;
}

export function waveCounts(wave: Wave): WaveCounts {
  const count = (state: keyof Wave["byState"]): number => wave.byState[state] ?? 0;
  const numErrors = ERROR_TARGET_STATES.reduce((sum, state) => sum + count(state), 0);
  const numCommitted = count("committed");
  const numGone = count("canceled") + count("removed") + count("superseded");
  return {
    numTargets: wave.numTargets - numGone,
    numReached: wave.numReached,
    ...{ numCommitted, numErrors },
    numMoving: wave.numReached - numCommitted - numErrors,
    numQueued: count("queued"),
    numInFlight: count("told") + count("installing") + count("probation"),
  };
}

/** Whether failures are above the threshold, and more than an operator has already resumed in spite of. */
export function isOverErrorThreshold(wave: Wave, gate: RolloutConfig["gates"]["install"]): boolean {
  const { numErrors, numCommitted } = waveCounts(wave);
  const numReports = numErrors + numCommitted;
  const isNew = numErrors > wave.numForgiven;
  return isNew && numReports >= gate.minReports && numErrors / numReports > gate.maxErrors;
}

/** Why the whole rollout ends for its failures (R12); null while it does not. Failures that somebody resumed in spite of count no more. */
export function abortReason(
  waves: readonly Wave[],
  { abort }: RolloutConfig["gates"]["install"],
): string | null {
  if (abort === undefined) return null;
  const counts = waves.map((wave) => ({ ...waveCounts(wave), numForgiven: wave.numForgiven }));
  const numErrors = counts.reduce((sum, each) => sum + Math.max(0, each.numErrors - each.numForgiven), 0);
  const numReports = counts.reduce((sum, each) => sum + each.numErrors + each.numCommitted, 0);
  if (numReports < abort.minReports || numErrors / numReports < abort.atErrors) return null;
  return `${numErrors} of ${numReports} reports failed (${percentOf(numErrors, numReports)}); at ${percentOf(abort.atErrors, 1)} the rollout ends`;
}

/**
 * The install gate of a wave. Fails above `maxErrors` of the reports; passes at `minSuccess` of the reached devices
 * committed and `minReached` of the wave reached; between the two it waits. A wave without devices passes.
 */
export function installGate(wave: Wave, gate: RolloutConfig["gates"]["install"], atMs: number): GateView {
  const counts = waveCounts(wave);
  const { numTargets, numReached, numCommitted, numErrors } = counts;
  const numReports = numErrors + numCommitted;
  const verdict = verdictOf(wave, counts, gate);
  return {
    gate: "install",
    segment: null,
    verdict,
    reason: reasonOf(verdict, counts, gate),
    value: numReached === 0 ? null : numCommitted / numReached,
    control: null,
    interval: null,
    sample: numReports,
    controlSample: numTargets,
    minSample: gate.minReports,
    limit: gate.minSuccess,
    checkedAtMs: atMs,
  };
}

function verdictOf(
  wave: Wave,
  { numTargets, numReached, numCommitted }: WaveCounts,
  gate: RolloutConfig["gates"]["install"],
): "pass" | "fail" | "inconclusive" {
  if (isOverErrorThreshold(wave, gate)) return "fail";
  if (numTargets === 0) return "pass";
  const isReached = numReached > 0 && numReached / numTargets >= gate.minReached;
  return isReached && numCommitted / numReached >= gate.minSuccess ? "pass" : "inconclusive";
}

function reasonOf(
  verdict: "pass" | "fail" | "inconclusive",
  { numTargets, numReached, numCommitted, numErrors }: WaveCounts,
  gate: RolloutConfig["gates"]["install"],
): string {
  if (numTargets === 0) return "there is no device in the wave";
  if (verdict === "fail") {
    const numReports = numErrors + numCommitted;
    return `${numErrors} of ${numReports} reports failed (${percentOf(numErrors, numReports)}), at most ${percentOf(gate.maxErrors, 1)} are allowed`;
  }
  const wanted = `${percentOf(gate.minSuccess, 1)} of the reached and ${percentOf(gate.minReached, 1)} reached are wanted`;
  return `${numCommitted} of ${numReached} reached devices committed, ${numReached} of ${numTargets} were reached; ${wanted}`;
}

export function percentOf(part: number, whole: number): string {
  const percent = whole === 0 ? 0 : (100 * part) / whole;
  return `${Number(percent.toFixed(1))} %`;
}
