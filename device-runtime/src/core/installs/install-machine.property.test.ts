import type { Sha256 } from "@fedge/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { DEFAULT_INSTALL_POLICY } from "./default-policy.js";
import { MAX_TRANSITIONS } from "./install-faults.js";
import { step } from "./install-machine.js";
import {
  NOTHING_INSTALLED,
  isFinal,
  tokenOf,
  versionIn,
  type InstallEvent,
  type InstallGoal,
  type InstallRecord,
} from "./install-state.js";
import type { ProbationFacts } from "./probation.js";

const policy = {
  ...DEFAULT_INSTALL_POLICY,
  ...{ stateDeadlineMs: 1000, onDrift: "back" as const },
  probation: {
    ...DEFAULT_INSTALL_POLICY.probation,
    minPredictions: 10,
    minDurationMs: 500,
    deadlineMs: 1000,
    maxErrorRate: 0,
  },
};

const goals = fc
  .record({
    version: fc.integer({ min: 1, max: 4 }),
    counter: fc.integer({ min: 1, max: 60 }),
    attempt: fc.integer({ min: 1, max: 2 }),
  })
  .map(({ version, counter, attempt }): InstallGoal => ({
    ...{ version, releaseCounter: counter, attempt, rolloutId: null, policy },
    manifest: { sha256: String(version).repeat(64) as Sha256, sizeBytes: 1 },
  }));

type Given = {
  readonly make: (record: InstallRecord, nowMs: number) => InstallEvent;
  readonly afterMs: number;
};

const facts = (nowMs: number, numErrors: number, numPredictions: number): ProbationFacts => ({
  ...{ nowMs, activatedAtMs: nowMs, isOverdue: false, numPredictions, numErrors },
  ...{ p95Us: null, fastestUs: null, p95UsBefore: null, memoryGrowthBytes: null, hasHeardServer: true },
});

const fault = { code: "ENGINE_FAILED", message: "no" } as const;
const makers: ((record: InstallRecord, nowMs: number) => InstallEvent)[] = [
  (record) => ({ type: "accepted", token: tokenOf(record), release: null }),
  (record) => ({ type: "downloaded", token: tokenOf(record) }),
  (record) => ({ type: "verified", token: tokenOf(record) }),
  (record) => ({ type: "proceed", token: tokenOf(record) }),
  (record) => ({ type: "activated", token: tokenOf(record), before: { p95Us: null, memoryBytes: null } }),
  (record) => ({ type: "restored", token: tokenOf(record) }),
  (record) => ({ type: "hindered", token: tokenOf(record), fault, isPassing: false }),
  (record) => ({ type: "hindered", token: tokenOf(record), fault, isPassing: true }),
  (record) => ({ type: "expired", token: tokenOf(record) }),
  (record) => ({ type: "reported", token: tokenOf(record) }),
  () => ({ type: "verified", token: "0.0" }),
  (record, seenAtMs) => ({
    ...{ type: "drifted", version: record.attempt?.goal.version ?? 1, seenAtMs, message: "drifted" },
  }),
  () => ({ type: "unwanted" }),
  () => ({ type: "restarted" }),
  () => ({ type: "left" }),
  (_, nowMs) => ({ type: "observed", facts: facts(nowMs, 0, 10) }),
  (_, nowMs) => ({ type: "observed", facts: facts(nowMs, 1, 10) }),
];

/** What leads on from the state: without it chance alone would seldom come to a second installation. */
function onwards(record: InstallRecord, nowMs: number): InstallEvent {
  const token = tokenOf(record);
  switch (record.attempt?.state) {
    case "assigned":
      return { type: "accepted", token, release: null };
    case "downloading":
      return { type: "downloaded", token };
    case "verifying":
      return { type: "verified", token };
    case "staged":
      return { type: "proceed", token };
    case "activating":
      return { type: "activated", token, before: { p95Us: null, memoryBytes: null } };
    case "rolling-back":
      return { type: "restored", token };
    default:
      return { type: "observed", facts: facts(nowMs, 0, 10) };
  }
}

const event: fc.Arbitrary<Given> = fc.record({
  make: fc.oneof(
    { weight: 12, arbitrary: fc.constant(onwards) },
    { weight: 1, arbitrary: fc.constantFrom(...makers.slice(0, 6)) },
    { weight: 2, arbitrary: fc.constantFrom(...makers.slice(6)) },
    {
      weight: 2,
      arbitrary: fc
        .tuple(goals, fc.boolean())
        .map(([goal, isServed]) => (record: InstallRecord): InstallEvent => ({
          type: "wanted",
          goal,
          // Only what lies in the active slot can be what serves.
          isServed: isServed && versionIn(record.slots, record.slots.active)?.version === goal.version,
        })),
    },
  ),
  afterMs: fc.integer({ min: 0, max: 400 }),
});

/** The numbers are those of the invariants above the machine. */
function check(before: InstallRecord, after: InstallRecord): void {
  const { attempt, slots } = after;
  const previous = before.attempt;
  const isSameAttempt = before.numAttempts === after.numAttempts;
  // (2) The active slot changes only where the table says so.
  if (slots.active !== before.slots.active)
    expect(["probation", "rolling-back", "safe-mode"]).toContain(attempt?.state);
  // (1) The active slot is never empty, unless what came with the app serves.
  if (slots.active !== "base") expect(versionIn(slots, slots.active)).not.toBeNull();
  // (3) The version before stays in its slot, untouched, until the new one is final.
  if (attempt !== null && !isFinal(attempt) && attempt.from !== "base") {
    const kept = versionIn(slots, attempt.from);
    expect(kept).not.toBeNull();
    expect(kept?.installation).toBe(versionIn(before.slots, attempt.from)?.installation);
  }
  // (5) Every state that is not final has a deadline.
  if (attempt !== null) expect(attempt.deadlineAtMs === null).toBe(isFinal(attempt));
  // (6) A final state never changes, but for a drift that a committed version is left for.
  const isLeft = previous?.state === "committed" && attempt?.fault?.code === "DATA_DRIFTED";
  if (isSameAttempt && previous !== null && isFinal(previous) && !isLeft)
    expect(attempt?.state).toBe(previous.state);
  // A version that was left for a drift leaves no way to it.
  if (attempt?.state === "rolled-back" && attempt.fault?.code === "DATA_DRIFTED")
    expect([slots.a, slots.b].filter((slot) => slot !== null)).toHaveLength(1);
  // (7) The release's counter never falls, and one counter means one version.
  const [old, now] = [before.release, after.release];
  if (old !== null) expect(now?.counter).toBeGreaterThanOrEqual(old.counter);
  if (old !== null && old.counter === now?.counter) expect(now.manifestSha256).toBe(old.manifestSha256);
  // (4) and (8)
  expect(attempt?.numActivations ?? 0).toBeLessThanOrEqual(policy.maxActivations);
  // A rollback, its failure and their restarts come after the guard.
  if (attempt !== null && attempt.state !== "rolling-back" && !isFinal(attempt))
    expect(attempt.numTransitions).toBeLessThanOrEqual(MAX_TRANSITIONS + 1);
}

test("I1, I2, I5 and I8 of a device: whatever happens in which order, they hold after each step", () => {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 120, size: "max" }), (events) => {
      let record = NOTHING_INSTALLED;
      let nowMs = 1000;
      for (const { make, afterMs } of events) {
        nowMs += afterMs;
        const given = make(record, nowMs);
        const { record: next } = step(record, given, nowMs);
        check(record, next);
        record = next;
      }
    }),
    { numRuns: 500 },
  );
});
