import type { Assigned, Report, RetryWindow, RoundDown } from "@fedge/protocol";
import { describe, expect, test } from "vitest";
import { stepParticipation } from "./participation.js";
import type { Participation, ParticipationEffect, ParticipationEvent } from "./participation-state.js";

const window: RetryWindow = { minMs: 10, maxMs: 20 };
const hash = "a".repeat(64);

function assignment(roundId = "digits-1"): Assigned {
  return {
    type: "assigned",
    taskId: "digits",
    roundId,
    attempt: 1,
    model: "digits",
    baseVersion: 3,
    manifest: { sha256: hash, sizeBytes: 10 },
    plan: { epochs: 1, batchSize: 10, learningRate: 0.1, proximalMu: 0, maxExamples: 100, seed: "1/1" },
    upload: { encoding: "float32", topic: "fedge/1/t/d/x/fl/blk/0", maxBytes: 40 },
    reportWithinMs: 60_000,
  } as unknown as Assigned;
}

function reportOf(roundId = "digits-1"): Report {
  return {
    type: "report",
    taskId: "digits",
    roundId,
    attempt: 1,
    baseVersion: 3,
    numExamples: 5,
    update: { sha256: hash, sizeBytes: 40, encoding: "float32" },
    metrics: { steps: 1, trainMs: 1, lossBefore: 1, lossAfter: 1 },
  } as unknown as Report;
}

const message = (body: object): ParticipationEvent => ({ type: "message", message: body as RoundDown });
const assigned = (roundId?: string): ParticipationEvent => message(assignment(roundId));
const receipt = (roundId: string): ParticipationEvent =>
  message({ type: "receipt", roundId, attempt: 1, outcome: "counted", retryAfter: window });

function run(...events: ParticipationEvent[]): {
  state: Participation;
  effects: ParticipationEffect[];
  last: ParticipationEffect[];
} {
  let state: Participation = { phase: "resting" };
  const effects: ParticipationEffect[] = [];
  let last: ParticipationEffect[] = [];
  for (const event of events) {
    const step = stepParticipation(state, event);
    state = step.state;
    last = [...step.effects];
    effects.push(...last);
  }
  return { state, effects, last };
}

const types = (effects: readonly ParticipationEffect[]): string[] => effects.map((effect) => effect.type);
const able: ParticipationEvent = { type: "able" };
const trained: ParticipationEvent = { type: "trained", report: reportOf() };

describe("P1: state is persisted before it is acted upon", () => {
  test("an assignment is kept before it is trained", () => {
    const { last } = run(able, assigned());

    expect(types(last).indexOf("persist")).toBe(0);
    expect(types(last)).toContain("train");
  });

  test("a report is kept before it is sent", () => {
    const { last } = run(able, assigned(), trained);

    expect(types(last).indexOf("persist")).toBeLessThan(types(last).indexOf("send"));
  });

  test("the end of a round is kept before its update is removed", () => {
    const { last } = run(able, assigned(), trained, receipt("digits-1"));

    expect(last[0]).toEqual({ type: "persist", state: { phase: "resting" } });
    expect(types(last)).toContain("forget-update");
  });
});

describe("P2: an assignment is trained once and reported as the same update", () => {
  test("an assignment that is said again while training changes nothing", () => {
    expect(run(able, assigned(), assigned()).last).toEqual([]);
  });

  test("an assignment that is said again after training reports again", () => {
    const { last } = run(able, assigned(), trained, assigned());

    expect(last).toContainEqual({ type: "send", message: reportOf() });
    expect(types(last)).not.toContain("train");
  });

  test("a restored report is sent and not trained again", () => {
    const state: Participation = { phase: "reporting", assignment: assignment(), report: reportOf() };

    expect(types(stepParticipation(state, { type: "restored" }).effects)).toEqual(["send", "expect-answer"]);
  });

  test("a restored assignment is trained again", () => {
    const { effects } = stepParticipation(
      { phase: "training", assignment: assignment() },
      { type: "restored" },
    );

    expect(types(effects)).toContain("train");
  });
});

describe("P3: every wait has a deadline", () => {
  test.each([
    ["a check-in", [able]],
    ["a place in the pool", [able, message({ type: "queued", answerWithinMs: 1000 })]],
    ["a training", [able, assigned()]],
    ["a report", [able, assigned(), trained]],
    [
      "an upload",
      [
        able,
        assigned(),
        trained,
        message({ type: "proceed", roundId: "digits-1", attempt: 1, missing: [[0, 0]] }),
      ],
    ],
  ] as const)("%s", (_, events) => {
    expect(types(run(...events).last)).toContain("expect-answer");
  });

  test("a check-in that nobody answers ends in a rest", () => {
    const { state, last } = run(able, { type: "expired" });

    expect(state.phase).toBe("resting");
    expect(types(last)).toContain("rest");
  });

  test("a report that nobody answers is sent again", () => {
    expect(types(run(able, assigned(), trained, { type: "expired" }).last)).toEqual([
      "send",
      "expect-answer",
    ]);
  });
});

describe("P4: a message of another round changes nothing", () => {
  test.each([
    ["a receipt", receipt("other-9")],
    ["an upload request", message({ type: "proceed", roundId: "other-9", attempt: 1, missing: [[0, 0]] })],
    [
      "a close",
      message({
        type: "round-closed",
        roundId: "other-9",
        attempt: 1,
        reason: "deadline",
        retryAfter: window,
      }),
    ],
  ])("%s", (_, event) => {
    const before = run(able, assigned(), trained).state;

    const after = stepParticipation(before, event);

    expect(after.state).toBe(before);
    expect(after.effects).toEqual([]);
  });
});

describe("P5: a rejected device waits for its window", () => {
  test("it rests for the window that the server gave", () => {
    const { last } = run(able, message({ type: "rejected", reason: "pool-full", retryAfter: window }));

    expect(last).toContainEqual({ type: "rest", window });
  });
});

describe("leaving", () => {
  test("a device that may not train any more stops and says so", () => {
    const { state, last } = run(able, assigned(), { type: "unable" });

    expect(state.phase).toBe("resting");
    expect(types(last)).toContain("stop-training");
    expect(last).toContainEqual({
      type: "send",
      message: {
        type: "abort",
        roundId: "digits-1",
        attempt: 1,
        reason: "interrupted",
        code: "TRAINING_INTERRUPTED",
      },
    });
  });

  test("a round that closes stops the training", () => {
    const closed = message({
      type: "round-closed",
      roundId: "digits-1",
      attempt: 1,
      reason: "goal-reached",
      retryAfter: window,
    });

    expect(types(run(able, assigned(), closed).last)).toContain("stop-training");
  });

  test("a failure of another round's training is not this one's", () => {
    const { state } = run(able, assigned(), {
      type: "train-failed",
      roundId: "digits-0",
      code: "ENGINE_FAILED",
    });

    expect(state.phase).toBe("training");
  });
});
