import { stay, type UnderWay } from "./attempt-changes.js";
import { failed } from "./install-failures.js";
import { CRASHED, CRASHES, LOOP, MAX_TRANSITIONS } from "./install-faults.js";
import type { InstallStep } from "./install-state.js";

/** A start that finds an attempt: a crash when nobody said goodbye, and then the same again from what is kept. */
export function restarted(before: UnderWay, nowMs: number): InstallStep {
  const under = countedStart(before, nowMs);
  const { record, attempt } = under;
  const { maxCrashes, maxActivations } = attempt.goal.policy;
  if (attempt.numCrashes >= maxCrashes) return failed(under, nowMs, CRASHED);
  if (attempt.numTransitions > MAX_TRANSITIONS) return failed(under, nowMs, LOOP);
  switch (attempt.state) {
    case "assigned":
      return stay(record, "accept");
    case "downloading":
      return stay(record, "download");
    case "verifying":
      return stay(record, "verify");
    case "staged":
      return stay(record, "proceed");
    case "activating": {
      if (attempt.numActivations >= maxActivations) return failed(under, nowMs, LOOP);
      const again = { ...attempt, numActivations: attempt.numActivations + 1 };
      return stay({ ...record, attempt: again }, "load");
    }
    case "probation":
      return stay(record, "watch");
    default:
      return stay(record, "restore");
  }
}

/** However long the device was off, a start has some time to go on with what it finds. */
const LEAST_TIME_MS = 5 * 60 * 1000;

function countedStart({ record, attempt }: UnderWay, nowMs: number): UnderWay {
  const { policy } = attempt.goal;
  const isCrash = attempt.isRunning && CRASHES.has(attempt.state);
  const limitMs = attempt.state === "probation" ? policy.probation.deadlineMs : policy.stateDeadlineMs;
  const next = {
    ...attempt,
    isRunning: true,
    numTransitions: attempt.numTransitions + 1,
    numCrashes: attempt.numCrashes + (isCrash ? 1 : 0),
    deadlineAtMs: Math.max(attempt.deadlineAtMs ?? 0, nowMs + Math.min(limitMs, LEAST_TIME_MS)),
  };
  return { record: { ...record, attempt: next }, attempt: next };
}
