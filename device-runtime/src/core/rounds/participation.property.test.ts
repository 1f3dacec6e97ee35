import type { Assigned, ErrorCode, Report, RoundDown } from "@fedge/protocol";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { stepParticipation } from "./participation.js";
import type {
  Participation,
  ParticipationEffect,
  ParticipationEvent,
  ParticipationStep,
} from "./participation-state.js";

const retryAfter = { minMs: 10, maxMs: 20 };
const code: ErrorCode = "ENGINE_FAILED";
const hash = "a".repeat(64);

const assignmentOf = (roundId: string, attempt: number): Assigned =>
  ({ type: "assigned", taskId: "task", roundId, attempt, reportWithinMs: 1000 }) as unknown as Assigned;
const reportOf = (roundId: string, attempt: number): Report =>
  ({ type: "report", roundId, attempt, update: { sha256: hash } }) as unknown as Report;

const named = fc.record({ roundId: fc.constantFrom("r1", "r2"), attempt: fc.constantFrom(1, 2) });
const heard = named.chain(({ roundId, attempt }) =>
  fc.constantFrom<RoundDown>(
    { type: "queued", answerWithinMs: 1000 },
    { type: "rejected", reason: "pool-full", retryAfter },
    assignmentOf(roundId, attempt),
    { type: "proceed", roundId: assignmentOf(roundId, 1).roundId, attempt, missing: [[0, 0]] },
    { type: "receipt", roundId: assignmentOf(roundId, 1).roundId, attempt, outcome: "counted", retryAfter },
    {
      ...{ type: "round-closed", roundId: assignmentOf(roundId, 1).roundId, attempt },
      ...{ reason: "deadline", retryAfter },
    } as RoundDown,
  ),
);
const event: fc.Arbitrary<ParticipationEvent> = fc.oneof(
  { weight: 4, arbitrary: heard.map((message) => ({ type: "message" as const, message })) },
  {
    weight: 2,
    arbitrary: named.map(({ roundId, attempt }) => ({
      type: "trained" as const,
      report: reportOf(roundId, attempt),
    })),
  },
  named.map(({ roundId }) => ({ type: "train-failed" as const, roundId, code })),
  named.map(({ roundId, attempt }) => ({
    type: "declined" as const,
    assignment: assignmentOf(roundId, attempt),
  })),
  fc.constantFrom<ParticipationEvent>(
    { type: "able" },
    { type: "able" },
    { type: "unable" },
    { type: "forbidden" },
    { type: "broken", code },
    { type: "online" },
    { type: "expired" },
  ),
);

interface Taken extends ParticipationStep {
  readonly before: Participation;
  readonly event: ParticipationEvent;
}

/** Every step of a run of events that begins at rest. */
function stepsOf(events: readonly ParticipationEvent[]): Taken[] {
  let state: Participation = { phase: "resting" };
  return events.map((event) => {
    const before = state;
    const step = stepParticipation(before, event);
    state = step.state;
    return { ...step, before, event };
  });
}

function everyStep(holds: (step: Taken) => void): void {
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => stepsOf(events).forEach(holds)),
    { numRuns: 500 },
  );
}

const has = (effects: readonly ParticipationEffect[], type: ParticipationEffect["type"]): boolean =>
  effects.some((effect) => effect.type === type);
const roundOf = (state: Participation): string | null =>
  "assignment" in state ? `${state.assignment.roundId}/${state.assignment.attempt}` : null;

test("P1: whenever what must survive a stop changes, it is persisted before anything else", () => {
  everyStep(({ before, state, effects }) => {
    const isSame = before.phase === state.phase && roundOf(before) === roundOf(state);
    const mustSurvive = "assignment" in before || "assignment" in state;
    if (!isSame && mustSurvive) expect(effects[0]).toEqual({ type: "persist", state });
  });
});

test("P2: training begins only with an assignment that the device was not at", () => {
  everyStep(({ before, state, effects }) => {
    if (has(effects, "train")) expect(roundOf(before)).not.toBe(roundOf(state));
  });
});

test("P2: a report names the assignment that it is for", () => {
  everyStep(({ effects, state }) => {
    for (const effect of effects) {
      if (effect.type !== "send" || effect.message.type !== "report") continue;
      expect(`${effect.message.roundId}/${effect.message.attempt}`).toBe(roundOf(state));
    }
  });
});

test("P3: every state that waits for somebody was entered with a deadline, and a rest with its end", () => {
  everyStep(({ before, state, effects }) => {
    if (before.phase === state.phase && roundOf(before) === roundOf(state)) return;
    expect(has(effects, state.phase === "resting" ? "rest" : "expect-answer")).toBe(true);
  });
});

test("P3: a deadline that passes always leads on", () => {
  everyStep(({ before, event, effects }) => {
    if (event.type !== "expired" || before.phase === "resting") return;
    expect(has(effects, "rest") || has(effects, "expect-answer")).toBe(true);
  });
});

test("P4: a message of another round or attempt changes nothing, but for a new assignment", () => {
  everyStep(({ before, event, state, effects }) => {
    if (event.type !== "message" || !("roundId" in event.message)) return;
    const { type, roundId, attempt } = event.message;
    if (type === "assigned" || roundOf(before) === `${roundId}/${attempt}`) return;
    expect(state).toBe(before);
    expect(effects).toEqual([]);
  });
});

test("P6: without consent the device is at rest, its training stopped and its update removed", () => {
  everyStep(({ before, event, state, effects }) => {
    if (event.type !== "forbidden") return;
    expect(state.phase).toBe("resting");
    if (before.phase === "training") expect(has(effects, "stop-training")).toBe(true);
    if (before.phase === "reporting") expect(has(effects, "forget-update")).toBe(true);
    expect(has(effects, "upload")).toBe(false);
  });
});

test("P6: an assignment that is declined is answered with an abort, and never trained", () => {
  everyStep(({ before, event, effects }) => {
    if (event.type !== "declined") return;
    const { roundId, attempt } = event.assignment;
    expect(has(effects, "train")).toBe(false);
    if (roundOf(before) === `${roundId}/${attempt}`) return;
    const abort = { type: "abort", roundId, attempt, reason: "interrupted", code: "TRAINING_INTERRUPTED" };
    expect(effects).toContainEqual({ type: "send", message: abort });
  });
});
