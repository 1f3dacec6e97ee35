import type { Evaluate, Evaluated } from "@fedge/protocol";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  NO_EVALUATION,
  stepEvaluation,
  type EvaluationEffect,
  type EvaluationEvent,
} from "./evaluation-machine.js";

const asking = (runId: string, attempt = 1): Evaluate =>
  ({
    ...{ type: "evaluate", runId, attempt, model: "digits", maxExamples: 10, deadlineMs: 1000 },
    versions: [{ version: 1, manifest: { sha256: "a1".repeat(32), sizeBytes: 1 } }],
  }) as Evaluate;
const sums = ({ runId, attempt }: Evaluate): Evaluated => ({
  ...{ type: "evaluated", runId, attempt, numExamples: 1, numTerms: 1 },
  results: [{ version: 1, numCorrect: 1, lossSum: 0 }],
});
const asked = (ask: Evaluate): EvaluationEvent => ({ type: "asked", ask, obstacle: null });
const measured = (ask: Evaluate): EvaluationEvent => ({ type: "measured", ask, reply: sums(ask) });

const A = asking("a");
const B = asking("b");

/** All effects of the events, in order, in a word each. */
function effectsOf(...events: readonly EvaluationEvent[]): string[] {
  let state = NO_EVALUATION;
  return events.flatMap((event) => {
    const step = stepEvaluation(state, event);
    state = step.state;
    return step.effects.map(inAWord);
  });
}

function inAWord(effect: EvaluationEffect): string {
  if (effect.type !== "reply") return effect.type;
  const { message } = effect;
  return message.type === "evaluated"
    ? `says ${message.runId}`
    : `declines ${message.runId}: ${message.reason}`;
}

describe("an evaluation", () => {
  test("is measured, and its sums are said", () => {
    expect(effectsOf(asked(A), measured(A))).toEqual(["expect", "measure", "says a"]);
  });

  test("is declined at once where something is against it", () => {
    expect(effectsOf({ type: "asked", ask: A, obstacle: "not-allowed" })).toEqual([
      "declines a: not-allowed",
    ]);
  });

  test("is declined while another is under way, which goes on", () => {
    expect(effectsOf(asked(A), asked(B), measured(A))).toEqual([
      "expect",
      "measure",
      "declines b: not-now",
      "says a",
    ]);
  });

  test("that is asked for again while it is measured is measured once", () => {
    expect(effectsOf(asked(A), asked(A), measured(A))).toEqual(["expect", "measure", "says a"]);
  });

  test("that was answered is not answered again", () => {
    expect(effectsOf(asked(A), measured(A), asked(A))).toEqual(["expect", "measure", "says a"]);
  });

  test("in another attempt is another one", () => {
    const again = asking("a", 2);

    expect(effectsOf(asked(A), measured(A), asked(again), measured(again))).toHaveLength(6);
  });

  test("stops when the device may no longer, and says nothing of what it had", () => {
    expect(effectsOf(asked(A), { type: "unable", reason: "interrupted" }, measured(A))).toEqual([
      "expect",
      "measure",
      "stop",
      "declines a: interrupted",
    ]);
  });

  test("stops at its deadline", () => {
    expect(effectsOf(asked(A), { type: "expired", ask: A })).toEqual([
      "expect",
      "measure",
      "stop",
      "declines a: deadline",
    ]);
  });

  test("is not stopped by the deadline of the one before", () => {
    expect(effectsOf(asked(A), measured(A), asked(B), { type: "expired", ask: A })).toEqual([
      "expect",
      "measure",
      "says a",
      "expect",
      "measure",
    ]);
  });

  test("that failed is declined with the code", () => {
    const { effects } = stepEvaluation(
      { ...NO_EVALUATION, current: A },
      { type: "failed", ask: A, reason: "failed", code: "ENGINE_FAILED" },
    );

    expect(effects).toEqual([
      {
        type: "reply",
        message: {
          ...{ type: "evaluation-declined", runId: "a", attempt: 1 },
          ...{ reason: "failed", code: "ENGINE_FAILED" },
        },
      },
    ]);
  });
});

test("E1, E2: in whatever order things come, one is measured at a time and each is answered at most once", () => {
  const asks = ["a", "b", "c"].flatMap((runId) => [1, 2].map((attempt) => asking(runId, attempt)));
  const ask = fc.constantFrom(...asks);
  const event = fc.oneof(
    ask.map(asked),
    ask.map(measured),
    ask.map((one): EvaluationEvent => ({ type: "expired", ask: one })),
    fc.constant<EvaluationEvent>({ type: "unable", reason: "interrupted" }),
  );
  fc.assert(
    fc.property(fc.array(event, { maxLength: 40 }), (events) => {
      let state = NO_EVALUATION;
      let numUnderWay = 0;
      const answered: string[] = [];
      for (const one of events) {
        const wasBusy = state.current !== null;
        const step = stepEvaluation(state, one);
        state = step.state;
        for (const effect of step.effects) {
          if (effect.type === "measure") numUnderWay += 1;
          if (effect.type === "reply") answered.push(`${effect.message.runId}/${effect.message.attempt}`);
        }
        if (wasBusy && state.current === null) numUnderWay -= 1;
        expect(numUnderWay).toBe(state.current === null ? 0 : 1);
      }
      expect(new Set(answered).size).toBe(answered.length);
    }),
  );
});
