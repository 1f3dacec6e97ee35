import type { Assigned, Report } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { ManualClock } from "../../testing/manual-clock.js";
import { createMemoryByteStore } from "../../memory/memory-stores.js";
import { TrainingHistory } from "./training-history.js";

const report = {
  baseVersion: 3,
  numExamples: 40,
  update: { sizeBytes: 1000 },
  metrics: { lossBefore: 2, lossAfter: 1.5 },
} as Report;
const assignment = { model: "digits" } as Assigned;

function createWorld(store = createMemoryByteStore()) {
  const traffic = { bytesUp: 500 };
  const clock = new ManualClock(7);
  const history = new TrainingHistory(
    { store, clock },
    () => traffic.bytesUp,
    () => undefined,
  );
  const hear = (roundId: string, phase: "trained" | "counted" | "refused" | "closed" | "given-up"): void =>
    history.heard({ roundId, phase, code: null }, { report: { ...report, roundId } as Report, assignment });
  return { history, hear, traffic, store };
}

const trained = { model: "digits", baseVersion: 3, atMs: 7, numExamples: 40, lossBefore: 2, lossAfter: 1.5 };

describe("the history of trainings", () => {
  test("tells of a training, and what left the device for it", () => {
    const { history, hear, traffic } = createWorld();
    hear("r1", "trained");
    const whileSending = history.records;
    traffic.bytesUp += 1100;
    hear("r1", "counted");

    const sending = { roundId: "r1", ...trained, sizeBytes: 1000, sentBytes: 0, outcome: "sending" };
    expect(whileSending).toEqual([sending]);
    expect(history.records).toEqual([{ ...sending, sentBytes: 1100, outcome: "counted" }]);
  });

  test.each([
    ["refused", "refused"],
    ["closed", "dropped"],
    ["given-up", "dropped"],
  ] as const)("calls a round that is %s for this device %s", (phase, outcome) => {
    const { history, hear } = createWorld();
    hear("r1", "trained");
    hear("r1", phase);

    expect(history.records).toMatchObject([{ outcome, sentBytes: 0 }]);
  });

  test("is there after a restart, when an update that was counted had been sent whole", async () => {
    const { hear, store, history } = createWorld();
    hear("r1", "trained");
    await history.close();
    const again = createWorld(store);
    await again.history.restore();
    again.hear("r1", "counted");

    expect(again.history.records).toMatchObject([{ roundId: "r1", outcome: "counted", sentBytes: 1000 }]);
  });

  test("knows the last twenty, the newest first", () => {
    const { history, hear } = createWorld();
    for (let round = 1; round <= 25; round += 1) hear(`r${round}`, "trained");

    expect(history.records.map(({ roundId }) => roundId)).toEqual(
      Array.from({ length: 20 }, (_, at) => `r${25 - at}`),
    );
  });

  test("begins anew where what was kept is damaged", async () => {
    const { store } = createWorld();
    await store.put("round/history", new TextEncoder().encode("[{}]"));
    const { history } = createWorld(store);
    await history.restore();

    expect(history.records).toEqual([]);
  });
});
