import type { ErrorCode, Evaluate, Evaluated, EvaluationDeclined, EvaluationReply } from "@fedge/protocol";

/*
 * A device's part in evaluations, one at a time.
 *
 *   state  event      ->  state  effects
 *   idle   asked          busy   measure, expect
 *   idle   asked, with an obstacle        idle   reply (declined)
 *   busy   asked for another              busy   reply (declined: not-now)
 *   busy   measured, failed               idle   reply
 *   busy   unable, expired                idle   stop, reply (declined)
 *
 * E1  At most one evaluation is measured.
 * E2  Each (runId, attempt) is answered at most once; asked again, it changes nothing.
 * E3  What ends after it was stopped says nothing.
 * E4  Nothing is kept: a device that starts again has forgotten it, and the server counts it as lost.
 */

export type DeclineReason = EvaluationDeclined["reason"];

export interface EvaluationState {
  readonly current: Evaluate | null;
  /** Evaluations that were answered, oldest first. */
  readonly answered: readonly string[];
}

export type EvaluationEvent =
  | { readonly type: "asked"; readonly ask: Evaluate; readonly obstacle: DeclineReason | null }
  | { readonly type: "measured"; readonly ask: Evaluate; readonly reply: Evaluated }
  | {
      readonly type: "failed";
      readonly ask: Evaluate;
      readonly reason: DeclineReason;
      readonly code: ErrorCode;
    }
  /** The person's consent or the device's conditions have gone. */
  | { readonly type: "unable"; readonly reason: DeclineReason }
  | { readonly type: "expired"; readonly ask: Evaluate };

export type EvaluationEffect =
  | { readonly type: "measure"; readonly ask: Evaluate }
  | { readonly type: "expect"; readonly ask: Evaluate }
  | { readonly type: "stop" }
  | { readonly type: "reply"; readonly message: EvaluationReply };

export interface EvaluationStep {
  readonly state: EvaluationState;
  readonly effects: readonly EvaluationEffect[];
}

export const NO_EVALUATION: EvaluationState = { current: null, answered: [] };

/** Messages that were held up for longer than this many evaluations do not come any more. */
const REMEMBERED = 32;

export function stepEvaluation(state: EvaluationState, event: EvaluationEvent): EvaluationStep {
  switch (event.type) {
    case "asked":
      return asked(state, event);
    case "measured":
      return isCurrent(state, event.ask) ? answer(state, event.reply) : unchanged(state);
    case "failed":
      return isCurrent(state, event.ask)
        ? answer(state, declined(event.ask, event.reason, event.code))
        : unchanged(state);
    case "unable":
      return state.current === null
        ? unchanged(state)
        : stopped(state, declined(state.current, event.reason));
    case "expired":
      return isCurrent(state, event.ask) ? stopped(state, declined(event.ask, "deadline")) : unchanged(state);
  }
}

function asked(
  state: EvaluationState,
  { ask, obstacle }: Extract<EvaluationEvent, { type: "asked" }>,
): EvaluationStep {
  if (isCurrent(state, ask) || state.answered.includes(keyOf(ask))) return unchanged(state);
  if (obstacle !== null) return refuse(state, declined(ask, obstacle));
  if (state.current !== null) return refuse(state, declined(ask, "not-now"));
  return {
    state: { ...state, current: ask },
    effects: [
      { type: "expect", ask },
      { type: "measure", ask },
    ],
  };
}

/** Answers an evaluation that was never begun; the one under way goes on. */
function refuse(state: EvaluationState, message: EvaluationDeclined): EvaluationStep {
  return {
    state: { ...state, answered: remember(state, message) },
    effects: [{ type: "reply", message }],
  };
}

function answer(state: EvaluationState, message: EvaluationReply): EvaluationStep {
  return {
    state: { current: null, answered: remember(state, message) },
    effects: [{ type: "reply", message }],
  };
}

function stopped(state: EvaluationState, message: EvaluationDeclined): EvaluationStep {
  const { state: next, effects } = answer(state, message);
  return { state: next, effects: [{ type: "stop" }, ...effects] };
}

function unchanged(state: EvaluationState): EvaluationStep {
  return { state, effects: [] };
}

function declined({ runId, attempt }: Evaluate, reason: DeclineReason, code?: ErrorCode): EvaluationDeclined {
  const message = { type: "evaluation-declined", runId, attempt, reason } as const;
  return code === undefined ? message : { ...message, code };
}

function remember({ answered }: EvaluationState, message: EvaluationReply): readonly string[] {
  return [...answered, keyOf(message)].slice(-REMEMBERED);
}

function isCurrent({ current }: EvaluationState, ask: Evaluate): boolean {
  return current !== null && keyOf(current) === keyOf(ask);
}

function keyOf({ runId, attempt }: Pick<Evaluate, "runId" | "attempt">): string {
  return `${runId}/${attempt}`;
}
