import type { RolloutView, RolloutState } from "../../aggregator/src/rollouts/rollout-view.js";
import type { RolloutId } from "../../aggregator/src/rollouts/rollout-config.js";
import { sampleDevice, sampleVersion } from "../../aggregator/src/http/testing/sample-data.js";
import {
  sampleGate,
  sampleRollout,
  sampleRolloutConfig,
  sampleTarget,
  sampleWave,
} from "../../aggregator/src/http/testing/sample-rollouts.js";
import type { DashboardPages } from "./dashboard-pages.js";

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;

/** Devices of every presence, three versions among them. */
export function addDevices(pages: DashboardPages, count: number): void {
  const nowMs = Date.now();
  const presences = ["online", "online", "online", "sleeping", "offline", "lost"] as const;
  pages.app.service.devices = Array.from({ length: count }, (_, index) =>
    sampleDevice(index + 1, {
      enrolledAtMs: nowMs - 3_000_000,
      lastSeenAtMs: nowMs - index * SECOND,
      presence: presences[index % presences.length] ?? "online",
      serving: { digits: { version: 5 + (index % 3), manifestSha256: null } },
    }),
  );
}

export function addVersions(pages: DashboardPages): void {
  pages.app.service.versions = [5, 6, 7].map((version) =>
    sampleVersion(version, 0.9 + version / 100, { released: version === 6 }),
  );
}

/** A rollout whose second wave soaks: the first has passed, one device has failed. */
export function runningRollout(change: Partial<RolloutView> = {}): RolloutView {
  const nowMs = Date.now();
  const config = change.config ?? sampleRolloutConfig();
  const waves = config.waves.map(({ name, percent }, index) => sampleWave(index, { name, percent }));
  waves[0] = sampleWave(0, {
    ...{ name: "internal", state: "passed", numTargets: 12, numReached: 12, byState: { committed: 12 } },
    gates: [installGate(12)],
    startedAtMs: nowMs - 90 * MINUTE,
    endedAtMs: nowMs - 20 * MINUTE,
  });
  waves[1] = sampleWave(1, {
    ...{ name: "1 %", percent: 1, state: "soaking", numTargets: 100, numReached: 93 },
    byState: { committed: 80, probation: 6, installing: 4, failed: 1, "rolled-back": 1, told: 1, queued: 7 },
    gates: [
      installGate(80),
      sampleGate({ checkedAtMs: nowMs - 12 * SECOND }),
      sampleGate({
        ...{ gate: "latency-p95", verdict: "inconclusive", value: 41.2, control: 36.8, limit: 55.2 },
        ...{ interval: [-2.1, 12.4], sample: 320, minSample: 500, checkedAtMs: nowMs - 12 * SECOND },
        reason: "320 of 500 observations; nothing is decided before",
      }),
    ],
    startedAtMs: nowMs - 20 * MINUTE,
    soaksUntilMs: nowMs + 3 * 60 * MINUTE + 25 * SECOND,
  });
  return sampleRollout({
    ...{ config, state: "running", reason: "wave 1 % soaks", currentWave: 1, revision: 5, waves },
    ...{
      releaseCounter: 31,
      createdBy: "dana",
      createdAtMs: nowMs - 100 * MINUTE,
      changedAtMs: nowMs - 30 * SECOND,
    },
    ...change,
  });
}

function installGate(numCommitted: number) {
  return sampleGate({
    ...{
      gate: "install",
      value: 0.976,
      control: null,
      interval: null,
      limit: 0.95,
      sample: numCommitted + 2,
    },
    ...{ controlSample: 100, minSample: 10, checkedAtMs: Date.now() - 12 * SECOND },
    reason: `${numCommitted} of ${numCommitted + 2} reports committed (97.6 %), at least 95 % are wanted`,
  });
}

/** The rollout, its devices and its history, as the aggregator knows them. */
export function addRollout(pages: DashboardPages, rollout: RolloutView): RolloutView {
  const nowMs = Date.now();
  const { rollouts } = pages.app;
  const { rolloutId } = rollout;
  rollouts.rollouts = [rollout, ...rollouts.rollouts];
  rollouts.targetsOf.set(rolloutId, [
    ...Array.from({ length: 120 }, (_, index) =>
      sampleTarget(index + 1, { changedAtMs: nowMs - 8 * MINUTE }),
    ),
    sampleTarget(121, {
      ...{ wave: 1, state: "failed", attempt: 2, code: "MODEL_GOLDEN_MISMATCH" },
      ...{ message: "golden output 3 differs by 0.4; export the model again", changedAtMs: nowMs - MINUTE },
    }),
  ]);
  rollouts.historyOf.set(rolloutId, [
    { seq: 1, atMs: nowMs - 100 * MINUTE, actor: "dana", event: "created", reason: "better on sevens" },
    { seq: 2, atMs: nowMs - 95 * MINUTE, actor: "bob", event: "start", reason: "quiet evening" },
    {
      seq: 3,
      atMs: nowMs - 20 * MINUTE,
      actor: "system",
      event: "wave passed",
      reason: "internal: 12 of 12",
    },
  ]);
  return rollout;
}

/** A rollout of its own id in this state. */
export function rolloutIn(state: RolloutState, change: Partial<RolloutView> = {}): RolloutView {
  const config = sampleRolloutConfig({
    rolloutId: `digits-7-${state}` as RolloutId,
    needsApproval: state === "waiting-approval" || state === "denied",
  });
  const hasRun = !["draft", "waiting-approval", "denied", "ready", "scheduled"].includes(state);
  const pauseReason = state === "paused" ? "metric-failed" : null;
  const shared = { config, state, pauseReason, reason: `in the state ${state}`, createdBy: "dana" } as const;
  return hasRun ? runningRollout({ ...shared, ...change }) : sampleRollout({ ...shared, ...change });
}
