import type { DeviceId, Report, RoundId, Sha256, TaskId } from "@fedge/protocol";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { RoundPolicy } from "../tasks/task-config.js";
import type { JournalEvent } from "./journal.js";
import { replayRound } from "./round-journal.js";
import { stepRound } from "./round-machine.js";
import { countMembers, isOutstanding, openRound, type RoundEvent, type RoundState } from "./round-state.js";

const devices = ["ana", "bo", "chen", "dora", "eli"] as DeviceId[];
const record = { roundId: "r-1" as RoundId, taskId: "t" as TaskId, number: 1, baseVersion: 1, openedAtMs: 0 };
const policy: RoundPolicy = {
  goalReports: 3,
  minReports: 2,
  overSelection: 1.5,
  minAvailable: 5,
  selectionDeadlineMs: 1,
  reportingDeadlineMs: 1,
  lostGraceMs: 1,
  close: "cohort",
  pauseBetweenRoundsMs: 0,
  minSeparationRounds: 0,
  poolLimit: 10,
  poolWaitMs: 1,
  retryAfterRound: { minMs: 0, maxMs: 0 },
  retryAfterRejection: { minMs: 0, maxMs: 0 },
};

const report: Report = {
  type: "report",
  taskId: record.taskId,
  roundId: record.roundId,
  attempt: 1,
  baseVersion: 1,
  numExamples: 1,
  update: { sha256: "a".repeat(64) as Sha256, sizeBytes: 4, encoding: "float32" },
  metrics: { steps: 1, trainMs: 1, lossBefore: null, lossAfter: null },
};

const device = fc.constantFrom(...devices);
const atMs = 1;
const events: fc.Arbitrary<RoundEvent> = fc.oneof(
  device.map((deviceId): RoundEvent => ({ type: "reported", deviceId, report })),
  device.map((deviceId): RoundEvent => ({ type: "received", deviceId })),
  device.map((deviceId): RoundEvent => ({ type: "upload-stalled", deviceId })),
  device.map((deviceId): RoundEvent => ({ type: "lost", deviceId })),
  device.map((deviceId): RoundEvent => ({ type: "returned", deviceId })),
  device.map((deviceId): RoundEvent => ({
    type: "update-refused",
    atMs,
    deviceId,
    code: "UPDATE_NOT_FINITE",
  })),
  device.map((deviceId): RoundEvent => ({ type: "grace-expired", atMs, deviceId })),
  device.map((deviceId): RoundEvent => ({ type: "device-left", atMs, deviceId, reason: "aborted" })),
  device.map((deviceId): RoundEvent => ({
    type: "report-refused",
    atMs,
    deviceId,
    code: "UPDATE_MALFORMED",
  })),
  fc.constant<RoundEvent>({ type: "reporting-expired", atMs }),
  fc.constant<RoundEvent>({ type: "version-committed", atMs, version: 2 }),
);

/** The fold counts what is being checked, which the machine asked for; a generated event must not invent one. */
function countChecking(state: RoundState): RoundEvent {
  const updates = [...state.members]
    .filter(([, member]) => member.status === "checking")
    .map(([deviceId]) => ({
      deviceId,
      sha256: "a".repeat(64) as Sha256,
      numExamples: 1,
      sizeBytes: 4,
      l2Norm: 1,
      lossBefore: null,
      lossAfter: null,
      trainMs: 1,
    }));
  return { type: "updates-counted", atMs, updates, snapshot: { fileName: "s", sha256: "0", sizeBytes: 1 } };
}

test.each(["goal", "cohort"] as const)("any history under the %s policy keeps the invariants", (close) => {
  fc.assert(
    fc.property(
      fc.array(fc.option(events, { nil: "count" as const, freq: 4 }), { maxLength: 60 }),
      (history) => {
        let state = stepRound(openRound(record, { ...policy, close }, 2), {
          type: "cohort-selected",
          atMs,
          devices,
        }).state;
        const journal: JournalEvent[] = [{ type: "cohort-selected", atMs, devices }];
        const countedOnce = new Set<DeviceId>();
        for (const entry of history) {
          const before = state;
          const step = stepRound(state, entry === "count" ? countChecking(state) : entry);
          state = step.state;
          if (step.journal !== null) journal.push(step.journal);
          for (const effect of step.effects)
            if (effect.type === "fold") expect(countedOnce.has(effect.deviceId)).toBe(false);
          for (const [deviceId, member] of state.members)
            if (member.status === "counted") countedOnce.add(deviceId);
          const held = countMembers(state, "uploading", "checking");
          expect(held).toBeLessThanOrEqual(2);
          for (const [deviceId, member] of before.members) {
            // R2: only the fold says what becomes of an update that it was given.
            const isFoldsWord = entry === "count" || entry.type === "update-refused";
            if (member.status === "checking" && !isFoldsWord)
              expect(state.members.get(deviceId)?.status).toBe("checking");
            if (!isOutstanding(member)) expect(state.members.get(deviceId)?.status).toBe(member.status);
          }
          if (state.phase === "aggregating" || state.phase === "committed") {
            expect(countMembers(state, "counted")).toBeGreaterThanOrEqual(policy.minReports);
          }
          if (state.phase !== "reporting")
            expect([...state.members.values()].some(isOutstanding)).toBe(false);
        }
        const replayed = replayRound(record, { ...policy, close }, { uploadSlots: 2, events: journal });
        expect(replayed.phase).toBe(state.phase);
        expect(countMembers(replayed, "counted")).toBe(countMembers(state, "counted"));
        for (const [deviceId, member] of state.members) {
          if (!isOutstanding(member)) expect(replayed.members.get(deviceId)?.status).toBe(member.status);
        }
      },
    ),
    { numRuns: 500 },
  );
});
