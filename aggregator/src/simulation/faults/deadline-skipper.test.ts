import type { DeviceId, RoundId, Sha256, TaskId } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../clock/manual-clock.js";
import type { JournalEvent, StoredRound } from "../../rounds/journal.js";
import type { ServiceEvent } from "../../service.js";
import { FastForwardClock } from "../clock/fast-forward-clock.js";
import { DeadlineSkipper, leapLimitMs, outstandingOf } from "./deadline-skipper.js";

const taskId = "task" as TaskId;
const roundId = "round" as RoundId;
const [ana, bo, chen] = ["ana", "bo", "chen"] as [DeviceId, DeviceId, DeviceId];
const LIMITS = { lostGraceMs: 30, reportingDeadlineMs: 5000 };

const selected = (...devices: DeviceId[]): JournalEvent => ({ type: "cohort-selected", atMs: 0, devices });
const counted = (deviceId: DeviceId): JournalEvent => ({
  type: "updates-counted",
  atMs: 0,
  updates: [
    {
      deviceId,
      sha256: "a".repeat(64) as Sha256,
      numExamples: 1,
      sizeBytes: 1,
      l2Norm: 1,
      lossBefore: null,
      lossAfter: null,
      trainMs: 1,
    },
  ],
  snapshot: { fileName: "s", sha256: "0", sizeBytes: 1 },
});
const dropped = (deviceId: DeviceId): JournalEvent => ({
  type: "device-left",
  atMs: 0,
  deviceId,
  reason: "dropped",
});

describe("leapLimitMs", () => {
  test.each<[string, DeviceId[], [DeviceId, "vanished" | "holding"][], number | null]>([
    ["a member may still report", [ana, bo], [[ana, "vanished"]], null],
    ["nobody is outstanding", [], [[ana, "holding"]], null],
    [
      "one vanished and one holds back",
      [ana, bo],
      [
        [ana, "vanished"],
        [bo, "holding"],
      ],
      30,
    ],
    [
      "all hold back",
      [ana, bo],
      [
        [ana, "holding"],
        [bo, "holding"],
      ],
      5000,
    ],
  ])("when %s", (_, outstanding, unable, expected) => {
    expect(leapLimitMs(new Set(outstanding), new Map(unable), LIMITS)).toBe(expected);
  });
});

describe("outstandingOf", () => {
  test("is the cohort without those who were counted, refused or left", () => {
    const refused: JournalEvent = { type: "update-refused", atMs: 0, deviceId: bo, code: "UPDATE_MALFORMED" };

    expect([...outstandingOf([selected(ana, bo, chen), counted(ana), refused])]).toEqual([chen]);
    expect([...outstandingOf([selected(ana, bo), dropped(bo)])]).toEqual([ana]);
  });

  test("is empty after the reporting deadline", () => {
    expect(outstandingOf([selected(ana), { type: "reporting-expired", atMs: 0 }]).size).toBe(0);
  });
});

/** A round whose journal the test writes; `change` resolves when the skipper has looked at it. */
const setUp = () => {
  const journal: JournalEvent[] = [];
  let outcome: StoredRound["outcome"] = "open";
  const listeners = new Set<(event: ServiceEvent) => void>();
  const over: RoundId[] = [];
  const clock = new FastForwardClock(new ManualClock(0));
  const ran: string[] = [];
  clock.after(LIMITS.lostGraceMs + 1, () => ran.push("beyond the grace"));
  const skipper = new DeadlineSkipper({
    service: {
      getRound: () => Promise.resolve({ round: { outcome } as StoredRound, events: [...journal] }),
      onEvent: (listener) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    },
    clock,
    taskId,
    ...LIMITS,
    onRoundOver: (id) => over.push(id),
    onError: (error) => {
      throw error;
    },
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  };
  const change = async (...events: JournalEvent[]): Promise<void> => {
    journal.push(...events);
    for (const listener of listeners) listener({ type: "round-changed", taskId, roundId });
    await settle();
  };
  const end = async (how: StoredRound["outcome"]): Promise<void> => {
    outcome = how;
    await change();
  };
  return { skipper, clock, ran, over, change, settle, end };
};

describe("DeadlineSkipper", () => {
  test("S1: does not leap while a healthy member is outstanding, and leaps when it is counted", async () => {
    const { skipper, ran, change } = setUp();
    await change(selected(ana, bo));
    skipper.unable(roundId, ana, "holding");

    await change();
    expect(ran).toEqual([]);

    await change(counted(bo));
    expect(ran).toEqual(["beyond the grace"]);
  });

  test("S4: waits for the grace timer of a vanished member and leaps no further than that", async () => {
    const { skipper, clock, ran, change, settle } = setUp();
    await change(selected(ana, bo));
    skipper.unable(roundId, ana, "vanished");
    skipper.unable(roundId, bo, "holding");
    await settle();
    expect(ran).toEqual([]);

    clock.after(LIMITS.lostGraceMs, () => ran.push("grace of ana"));
    await change();
    expect(ran).toEqual(["grace of ana"]);

    await change(dropped(ana));
    expect(ran).toEqual(["grace of ana", "beyond the grace"]);
  });

  test.each(["committed", "abandoned"] as const)("says once that a %s round is over", async (how) => {
    const { skipper, over, change, end } = setUp();
    await change(selected(ana));
    skipper.unable(roundId, ana, "holding");

    await end(how);
    await change();

    expect(over).toEqual([roundId]);
  });

  test("a device that was unable in a round that is over already hears so at once", async () => {
    const { skipper, over, end, settle } = setUp();
    await end("committed");

    skipper.unable(roundId, ana, "holding");
    await settle();

    expect(over).toEqual([roundId]);
  });

  test("does nothing after close", async () => {
    const { skipper, ran, change } = setUp();
    await change(selected(ana));

    skipper.close();
    skipper.unable(roundId, ana, "holding");
    await change();

    expect(ran).toEqual([]);
  });
});
