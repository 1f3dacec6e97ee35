import type { ServingCounter } from "../serving/serving-counter.js";
import type { Attempt } from "./install-state.js";
import { MIN_FASTEST, MIN_LATENCIES, type ProbationFacts } from "./probation.js";

export interface Observed {
  readonly nowMs: number;
  readonly memoryBytes: number | null;
  readonly hasHeardServer: boolean;
  /** Of the version on probation. */
  readonly counter: ServingCounter | undefined;
}

/** What is known now of the version that the attempt has activated. */
export function probationFacts(
  { before, activatedAtMs, deadlineAtMs }: Attempt,
  { nowMs, memoryBytes, hasHeardServer, counter }: Observed,
): ProbationFacts {
  const hasMemory = memoryBytes !== null && before.memoryBytes !== null;
  return {
    nowMs,
    activatedAtMs: activatedAtMs ?? nowMs,
    isOverdue: deadlineAtMs !== null && nowMs >= deadlineAtMs,
    numPredictions: counter?.numPredictions ?? 0,
    numErrors: counter?.numErrors ?? 0,
    p95Us: counter?.p95Us(MIN_LATENCIES) ?? null,
    fastestUs: counter?.fastestUs(MIN_FASTEST) ?? null,
    p95UsBefore: before.p95Us,
    memoryGrowthBytes: hasMemory ? memoryBytes - (before.memoryBytes ?? 0) : null,
    hasHeardServer,
  };
}
