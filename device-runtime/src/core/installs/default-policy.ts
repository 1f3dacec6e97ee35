import type { InstallPolicy } from "@fedge/protocol";

const DAY_MS = 24 * 60 * 60 * 1000;

/**
 * For a desired state without a policy: a version that was verified and run stays at once. What cannot be fetched for a
 * day is given up, and taken up again when the desired state next comes.
 */
export const DEFAULT_INSTALL_POLICY: InstallPolicy = {
  stateDeadlineMs: DAY_MS,
  maxActivations: 3,
  maxCrashes: 3,
  rollback: "automatic",
  probation: {
    minPredictions: 0,
    minDurationMs: 0,
    deadlineMs: DAY_MS,
    maxErrorRate: 1,
    maxLatencyRatio: 1e9,
    maxMemoryGrowthBytes: null,
    allowsOffline: true,
  },
};
