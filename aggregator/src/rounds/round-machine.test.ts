import type { DeviceId, Report, RoundId, Sha256, TaskId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import type { RoundPolicy } from "../tasks/task-config.js";
import type { JournalEvent } from "./journal.js";
import { replayRound, summarizeRound } from "./round-journal.js";
import { stepRound } from "./round-machine.js";
import {
  countMembers,
  openRound,
  type RoundEffect,
  type RoundEvent,
  type RoundState,
} from "./round-state.js";

const [ana, bo, chen] = ["ana", "bo", "chen"] as DeviceId[] as [DeviceId, DeviceId, DeviceId];
const record = {
  roundId: "digits-1" as RoundId,
  taskId: "digits" as TaskId,
  number: 1,
  baseVersion: 7,
  openedAtMs: 0,
};
const policy: RoundPolicy = {
  goalReports: 2,
  minReports: 2,
  overSelection: 1.5,
  minAvailable: 3,
  selectionDeadlineMs: 60_000,
  reportingDeadlineMs: 120_000,
  lostGraceMs: 10_000,
  close: "cohort",
  pauseBetweenRoundsMs: 0,
  minSeparationRounds: 0,
  poolLimit: 100,
  poolWaitMs: 60_000,
  retryAfterRound: { minMs: 0, maxMs: 0 },
  retryAfterRejection: { minMs: 1000, maxMs: 2000 },
};

function report(sha256 = "a"): Report {
  return {
    type: "report",
    taskId: record.taskId,
    roundId: record.roundId,
    attempt: 1,
    baseVersion: 7,
    numExamples: 10,
    update: { sha256: sha256.repeat(64) as Sha256, sizeBytes: 40, encoding: "float32" },
    metrics: { steps: 1, trainMs: 5, lossBefore: 2, lossAfter: 1 },
  };
}

function counted(...devices: DeviceId[]): RoundEvent {
  const updates = devices.map((deviceId) => ({
    deviceId,
    sha256: "a".repeat(64) as Sha256,
    numExamples: 10,
    sizeBytes: 40,
    l2Norm: 1,
    lossBefore: 2,
    lossAfter: 1,
    trainMs: 5,
  }));
  return {
    type: "updates-counted",
    atMs: 1,
    updates,
    snapshot: { fileName: "s", sha256: "0", sizeBytes: 8 },
  };
}

function run(
  start: RoundState,
  ...events: RoundEvent[]
): { state: RoundState; effects: RoundEffect[]; journal: JournalEvent[] } {
  let state = start;
  const effects: RoundEffect[] = [];
  const journal: JournalEvent[] = [];
  for (const event of events) {
    const step = stepRound(state, event);
    state = step.state;
    effects.push(...step.effects);
    if (step.journal !== null) journal.push(step.journal);
  }
  return { state, effects, journal };
}

const selected: RoundEvent = { type: "cohort-selected", atMs: 0, devices: [ana, bo, chen] };
const expired: RoundEvent = { type: "reporting-expired", atMs: 9 };
const reporting = (overrides: Partial<RoundPolicy> = {}, uploadSlots = 8): RoundState =>
  run(openRound(record, { ...policy, ...overrides }, uploadSlots), selected).state;
const upload = (deviceId: DeviceId): RoundEvent[] => [
  { type: "reported", deviceId, report: report() },
  { type: "received", deviceId },
];

describe("R1: an update is counted at most once", () => {
  test("a second report of a counted update gets the receipt again and changes nothing", () => {
    const before = run(reporting(), ...upload(ana), counted(ana)).state;

    const after = run(before, { type: "reported", deviceId: ana, report: report() });

    expect(after.state).toBe(before);
    expect(after.effects).toEqual([{ type: "receipt", deviceId: ana, outcome: "counted", code: null }]);
  });

  test("another update of a counted device is refused as a duplicate", () => {
    const before = run(reporting(), ...upload(ana), counted(ana)).state;

    const after = run(before, { type: "reported", deviceId: ana, report: report("b") });

    expect(after.effects).toEqual([
      { type: "receipt", deviceId: ana, outcome: "refused", code: "UPDATE_DUPLICATE" },
    ]);
  });

  test("a device outside the cohort is refused", () => {
    const { effects } = run(reporting(), {
      type: "reported",
      deviceId: "dora" as DeviceId,
      report: report(),
    });

    expect(effects).toEqual([
      { type: "receipt", deviceId: "dora", outcome: "refused", code: "ROUND_NOT_MEMBER" },
    ]);
  });
});

describe("R2: what is in the sum is what the journal counts", () => {
  const wrongBase: RoundEvent = {
    type: "report-refused",
    atMs: 1,
    deviceId: ana,
    code: "UPDATE_WRONG_BASE_VERSION",
  };

  test("a refused report takes no update out of the fold's hands", () => {
    const before = run(reporting(), ...upload(ana)).state;

    expect(run(before, wrongBase)).toEqual({ state: before, effects: [], journal: [] });
  });

  test("an abort takes no update out of the fold's hands", () => {
    const before = run(reporting(), ...upload(ana)).state;

    expect(run(before, { type: "device-left", atMs: 1, deviceId: ana, reason: "aborted" }).state).toBe(
      before,
    );
  });

  test("a refused report ends the part of a device whose update is still on its way", () => {
    const { state, journal } = run(reporting(), wrongBase);

    expect(state.members.get(ana)).toMatchObject({ status: "refused", code: "UPDATE_WRONG_BASE_VERSION" });
    expect(journal).toMatchObject([{ type: "update-refused", deviceId: ana }]);
  });
});

describe("R3: every selected device ends in exactly one place", () => {
  test("at the deadline the silent are late, the lost are dropped, and the counted stay", () => {
    const { state } = run(
      reporting({ minReports: 1 }),
      ...upload(ana),
      counted(ana),
      { type: "lost", deviceId: bo },
      expired,
    );

    expect(summarizeRound(state, { bytesUp: 0, bytesDown: 0 })).toMatchObject({
      numSelected: 3,
      numCounted: 1,
      lost: { dropped: 1, late: 1, aborted: 0, refused: 0, "not-needed": 0 },
    });
  });

  test("under the goal policy the slow are not needed once the goal is reached", () => {
    const { state, effects } = run(
      reporting({ close: "goal" }),
      ...upload(ana),
      ...upload(bo),
      counted(ana, bo),
    );

    expect(state.phase).toBe("aggregating");
    expect(state.members.get(chen)?.status).toBe("not-needed");
    expect(effects).toContainEqual({ type: "tell-closed", deviceId: chen, reason: "goal-reached" });
  });

  test("a device that comes back within its grace is not dropped", () => {
    const { state } = run(
      reporting(),
      { type: "lost", deviceId: ana },
      { type: "returned", deviceId: ana },
      { type: "grace-expired", atMs: 5, deviceId: ana },
    );

    expect(state.members.get(ana)?.status).toBe("assigned");
  });
});

describe("R4: a round below its minimum never becomes a version", () => {
  test("one of two needed updates at the deadline abandons the round", () => {
    const { state, effects } = run(reporting(), ...upload(ana), counted(ana), expired);

    expect(state).toMatchObject({ phase: "abandoned", abandonReason: "too-few-reports" });
    expect(effects.map((effect) => effect.type)).not.toContain("aggregate");
  });

  test("a selection that found too few devices abandons the round", () => {
    const { state } = run(openRound(record, policy, 8), {
      type: "selection-failed",
      atMs: 1,
      numAvailable: 1,
    });

    expect(state).toMatchObject({ phase: "abandoned", abandonReason: "too-few-devices" });
  });
});

describe("R5: a round does not wait for a device that left", () => {
  test("a round closes when the last missing device leaves", () => {
    const { state } = run(
      reporting(),
      ...upload(ana),
      ...upload(bo),
      counted(ana, bo),
      { type: "lost", deviceId: chen },
      { type: "grace-expired", atMs: 3, deviceId: chen },
    );

    expect(state.phase).toBe("aggregating");
  });

  test("a round closes when the last missing update is refused", () => {
    const { state } = run(reporting(), ...upload(ana), ...upload(bo), counted(ana, bo), {
      type: "update-refused",
      atMs: 3,
      deviceId: chen,
      code: "UPDATE_NOT_FINITE",
    });

    expect(state.phase).toBe("aggregating");
  });

  test("an update that is being checked at the deadline is awaited", () => {
    const atDeadline = run(reporting({ minReports: 1 }), ...upload(ana), expired).state;

    expect(atDeadline.phase).toBe("reporting");
    expect(run(atDeadline, counted(ana)).state.phase).toBe("aggregating");
  });
});

describe("R6: the journal tells the durable state", () => {
  test("a running upload is forgotten and its device is outstanding again", () => {
    const { journal } = run(openRound(record, policy, 8), selected, ...upload(ana), counted(ana), {
      type: "reported",
      deviceId: bo,
      report: report(),
    });

    const replayed = replayRound(record, policy, { uploadSlots: 8, events: journal });

    expect(replayed.members.get(ana)?.status).toBe("counted");
    expect(replayed.members.get(bo)?.status).toBe("assigned");
  });

  test("a restart between the close and the version aggregates again", () => {
    const { journal } = run(
      openRound(record, { ...policy, close: "goal" }, 8),
      selected,
      ...upload(ana),
      ...upload(bo),
      counted(ana, bo),
    );

    expect(replayRound(record, { ...policy, close: "goal" }, { uploadSlots: 8, events: journal }).phase).toBe(
      "aggregating",
    );
  });
});

describe("R7: upload slots bound the memory of a round", () => {
  test("a third device waits while two slots are taken and gets the first that is free", () => {
    const reports = [ana, bo, chen].map(
      (deviceId) => ({ type: "reported", deviceId, report: report() }) as const,
    );
    const full = run(reporting({}, 2), ...reports);

    expect(full.effects.filter((effect) => effect.type === "proceed")).toHaveLength(2);
    const freed = run(full.state, { type: "received", deviceId: ana }, counted(ana));
    expect(freed.effects).toContainEqual({ type: "proceed", deviceId: chen, report: report() });
  });

  test("a lost device gives its slot to one that waits", () => {
    const reports = [ana, bo].map((deviceId) => ({ type: "reported", deviceId, report: report() }) as const);

    const { state, effects } = run(reporting({}, 1), ...reports, { type: "lost", deviceId: ana });

    expect(effects).toContainEqual({ type: "forget-upload", deviceId: ana });
    expect(state.members.get(bo)?.status).toBe("uploading");
  });

  test("a device that resumes keeps its slot and is told what is missing", () => {
    const again = run(
      reporting(),
      { type: "reported", deviceId: ana, report: report() },
      { type: "reported", deviceId: ana, report: report() },
    );

    expect(again.effects.filter((effect) => effect.type === "proceed")).toHaveLength(2);
    expect(again.effects.map((effect) => effect.type)).not.toContain("forget-upload");
  });
});

describe("R8: a closed round does not change", () => {
  const closed = run(reporting({ minReports: 1 }), ...upload(ana), counted(ana), expired).state;

  test("a late report is answered and not counted", () => {
    const { state, effects } = run(closed, { type: "reported", deviceId: bo, report: report() });

    expect(state).toBe(closed);
    expect(effects).toEqual([{ type: "receipt", deviceId: bo, outcome: "refused", code: "ROUND_CLOSED" }]);
  });

  test("its version is committed once", () => {
    const once = run(closed, { type: "version-committed", atMs: 2, version: 8 });
    const twice = run(once.state, { type: "version-committed", atMs: 3, version: 9 });

    expect(twice.state.version).toBe(8);
    expect(countMembers(twice.state, "counted")).toBe(1);
  });
});
