import type { RoundPolicy } from "../../tasks/task-config.js";

/** A round with every device of a rehearsal, that goes on at once: half of them are enough for a version. */
export function wholeFleetRound(numDevices: number): RoundPolicy {
  const soon = { minMs: 0, maxMs: 100 };
  return {
    ...{ goalReports: numDevices, minReports: Math.ceil(numDevices / 2), overSelection: 1 },
    ...{ minAvailable: numDevices, poolLimit: numDevices, close: "cohort" },
    ...{ selectionDeadlineMs: 60_000, reportingDeadlineMs: 60_000, lostGraceMs: 30_000 },
    ...{ poolWaitMs: 600_000, pauseBetweenRoundsMs: 0, minSeparationRounds: 0 },
    ...{ retryAfterRound: soon, retryAfterRejection: soon },
  };
}
