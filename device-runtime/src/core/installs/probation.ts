import type { ProbationPolicy } from "@fedge/protocol";
import type { InstallFault } from "./install-state.js";

/** What a device knows of a version that is on probation. */
export interface ProbationFacts {
  readonly nowMs: number;
  readonly activatedAtMs: number;
  /** The probation's deadline has passed. */
  readonly isOverdue: boolean;
  /** Requests to the version, and those of them that it could not answer. */
  readonly numPredictions: number;
  readonly numErrors: number;
  /** 95th percentile of a prediction's time; null for too few to tell. */
  readonly p95Us: number | null;
  /** The shortest of them; null for too few even for that. */
  readonly fastestUs: number | null;
  readonly p95UsBefore: number | null;
  /** Null where the platform cannot tell. */
  readonly memoryGrowthBytes: number | null;
  /** A message of the server has come since the activation. */
  readonly hasHeardServer: boolean;
}

export type ProbationVerdict = "pending" | "passed" | InstallFault;

/** A 95th percentile of fewer times is their longest: one pause of the machine would fail a version. */
export const MIN_LATENCIES = 20;

/**
 * A version can be so slow that its time is up before it made that many predictions. No pause makes all of so many slow:
 * one in twenty of the version before took longer than its 95th percentile, eight of eight by chance one in 25 thousand million.
 */
export const MIN_FASTEST = 8;

/**
 * Whether the version stays. What can only fail fails at once: an error rate that the predictions still to come cannot
 * mend, latency and memory as soon as they are known. Nothing passes before it was tried long enough, and what has not
 * passed by the deadline has failed.
 */
export function judgeProbation(policy: ProbationPolicy, facts: ProbationFacts): ProbationVerdict {
  const fault = errorFault(policy, facts) ?? latencyFault(policy, facts) ?? memoryFault(policy, facts);
  if (fault !== null) return fault;
  const isTried = isTriedOut(policy, facts);
  if (isTried && (policy.allowsOffline || facts.hasHeardServer)) return "passed";
  return facts.isOverdue ? lateFault(isTried) : "pending";
}

function isTriedOut(
  policy: ProbationPolicy,
  { numPredictions, nowMs, activatedAtMs }: ProbationFacts,
): boolean {
  return numPredictions >= policy.minPredictions || nowMs - activatedAtMs >= policy.minDurationMs;
}

function errorFault(policy: ProbationPolicy, facts: ProbationFacts): InstallFault | null {
  const { numErrors, numPredictions } = facts;
  const numAtLeast = isTriedOut(policy, facts) ? numPredictions : policy.minPredictions;
  if (numErrors <= policy.maxErrorRate * numAtLeast) return null;
  return failed(`${numErrors} of ${numPredictions} predictions failed`);
}

function latencyFault(
  policy: ProbationPolicy,
  { p95Us, fastestUs, p95UsBefore }: ProbationFacts,
): InstallFault | null {
  const us = p95Us ?? fastestUs;
  if (us === null || p95UsBefore === null || p95UsBefore <= 0) return null;
  const ratio = us / p95UsBefore;
  if (ratio <= policy.maxLatencyRatio) return null;
  return failed(`predictions take ${ratio.toFixed(1)} times as long as with the version before`);
}

function memoryFault(policy: ProbationPolicy, { memoryGrowthBytes }: ProbationFacts): InstallFault | null {
  const { maxMemoryGrowthBytes } = policy;
  if (maxMemoryGrowthBytes === null || memoryGrowthBytes === null) return null;
  if (memoryGrowthBytes <= maxMemoryGrowthBytes) return null;
  return failed(`memory grew by ${memoryGrowthBytes} bytes; at most ${maxMemoryGrowthBytes} are allowed`);
}

function lateFault(isTried: boolean): InstallFault {
  return failed(
    isTried ? "no message of the server came since the activation" : "too few predictions were made",
  );
}

function failed(reason: string): InstallFault {
  return { code: "PROBATION_FAILED", message: `${reason}; mend the version, or loosen its policy` };
}
