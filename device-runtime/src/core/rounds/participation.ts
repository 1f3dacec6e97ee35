import type { Assigned, ErrorCode, Report, RetryWindow, RoundDown } from "@fedge/protocol";
import type {
  Participation,
  ParticipationEffect,
  ParticipationEvent,
  ParticipationStep,
  RoundPhase,
} from "./participation-state.js";

/*
 * A device's part in rounds.
 *
 *   phase      event                      next        what happens
 *   resting    able, rest over, online    asking      check-in
 *   asking     queued                     waiting     the server's answer is awaited
 *   asking,    rejected                   resting     for a draw from the retry window
 *   waiting    assigned                   training
 *   training   assigned (same)            training    nothing: it was said again
 *   training   trained                    reporting   the update is stored, then reported
 *   training   train-failed               resting     abort
 *   training   unable, forbidden          resting     training is stopped, abort
 *   reporting  proceed                    reporting   blocks are sent
 *   reporting  assigned (same)            reporting   report again
 *   reporting  receipt                    resting     the update is removed
 *   reporting  forbidden                  resting     abort, the update is removed
 *   any        round-closed (own)         resting     training is stopped, the update is removed
 *   others     expired                    resting     the server never answered
 *   reporting  expired                    reporting   report again
 *   others     declined                   resting     abort: it was assigned what it may not train
 *   any        broken                     resting     training is stopped: the state cannot be kept
 *   any        online                     same        the pending question is asked again
 *
 * Invariants, by which the tests are named:
 *   P1 state is persisted before it is acted upon
 *   P2 an assignment is trained once, and its update is the same bytes however often it is reported
 *   P3 every wait has a deadline
 *   P4 a message of another round changes nothing
 *   P5 a device that was rejected does not ask again before its window
 *   P6 without consent nothing of the examples leaves the device
 */

/** The server answers a check-in at once; what takes longer was lost. */
const ANSWER_MS = 30_000;
const REPORT_AGAIN_MS = 120_000;
const GRACE_MS = 30_000;
const AFTER_FAILURE: RetryWindow = { minMs: 30_000, maxMs: 120_000 };
const AFTER_SILENCE: RetryWindow = { minMs: 1000, maxMs: 10_000 };

const INTERRUPTED = { reason: "interrupted", code: "TRAINING_INTERRUPTED" } as const;

const unchanged = (state: Participation): ParticipationStep => ({ state, effects: [] });

/** The next state and what to do, in order. Pure. */
export function stepParticipation(state: Participation, event: ParticipationEvent): ParticipationStep {
  switch (event.type) {
    case "able":
      return state.phase === "resting" ? { state: { phase: "asking" }, effects: ask() } : unchanged(state);
    case "unable":
      return unable(state);
    case "forbidden":
      return state.phase === "reporting" ? giveUp(state.assignment, INTERRUPTED) : unable(state);
    case "declined":
      return declined(state, event.assignment);
    case "broken":
      return "assignment" in state
        ? giveUp(state.assignment, { reason: "failed", code: event.code })
        : rest(AFTER_FAILURE, []);
    case "online":
    case "restored":
      return sayAgain(state, event.type);
    case "message":
      return hear(state, event.message);
    case "trained":
      return trained(state, event.report);
    case "train-failed":
      return state.phase === "training" && state.assignment.roundId === event.roundId
        ? giveUp(state.assignment, {
            reason: event.code === "TRAINING_INTERRUPTED" ? "interrupted" : "failed",
            code: event.code,
          })
        : unchanged(state);
    case "expired":
      return expired(state);
  }
}

function ask(): ParticipationEffect[] {
  return [{ type: "ask" }, { type: "expect-answer", withinMs: ANSWER_MS }];
}

function unable(state: Participation): ParticipationStep {
  switch (state.phase) {
    case "training":
      return giveUp(state.assignment, INTERRUPTED);
    case "asking":
    case "waiting":
      return rest(AFTER_SILENCE, []);
    default:
      return unchanged(state);
  }
}

/** Says no, so that the server need not wait; what the device is doing for another round goes on. */
function declined(state: Participation, { roundId, attempt }: Assigned): ParticipationStep {
  if ("assignment" in state && isFor(state.assignment, { roundId, attempt })) return unchanged(state);
  const effects = [{ type: "send", message: { type: "abort", roundId, attempt, ...INTERRUPTED } }] as const;
  return "assignment" in state ? { state, effects } : rest(AFTER_FAILURE, effects);
}

function isFor(
  assignment: Assigned,
  message: { readonly roundId: string; readonly attempt: number },
): boolean {
  return assignment.roundId === message.roundId && assignment.attempt === message.attempt;
}

function giveUp(
  { roundId, attempt }: Assigned,
  why: { readonly reason: "interrupted" | "failed"; readonly code: ErrorCode },
): ParticipationStep {
  return rest(AFTER_FAILURE, [
    { type: "stop-training" },
    { type: "send", message: { type: "abort", roundId, attempt, ...why } },
    { type: "tell", roundId, phase: "given-up", code: why.code },
  ]);
}

/** Ends the part in a round: persisted first, so that a restart does not take it up again. */
function rest(window: RetryWindow, effects: readonly ParticipationEffect[]): ParticipationStep {
  const state: Participation = { phase: "resting" };
  return {
    state,
    effects: [{ type: "persist", state }, ...effects, { type: "forget-update" }, { type: "rest", window }],
  };
}

function sayAgain(state: Participation, why: "online" | "restored"): ParticipationStep {
  switch (state.phase) {
    case "resting":
      return unchanged(state);
    case "asking":
    case "waiting":
      return { state: { phase: "asking" }, effects: ask() };
    case "training": {
      const { assignment } = state;
      const deadline = { type: "expect-answer", withinMs: assignment.reportWithinMs + GRACE_MS } as const;
      return why === "online"
        ? unchanged(state)
        : { state, effects: [deadline, { type: "train", assignment }] };
    }
    case "reporting":
      return { state, effects: sayReport(state.report) };
  }
}

function sayReport(report: Report): ParticipationEffect[] {
  return [
    { type: "send", message: report },
    { type: "expect-answer", withinMs: REPORT_AGAIN_MS },
  ];
}

function hear(state: Participation, message: RoundDown): ParticipationStep {
  switch (message.type) {
    case "queued":
      if (state.phase !== "asking") return unchanged(state);
      return {
        state: { phase: "waiting" },
        effects: [{ type: "expect-answer", withinMs: message.answerWithinMs + GRACE_MS }],
      };
    case "rejected":
      return state.phase === "asking" || state.phase === "waiting"
        ? rest(message.retryAfter, [])
        : unchanged(state);
    case "assigned":
      return assigned(state, message);
    case "proceed":
      return proceed(state, message);
    case "receipt":
      return ended(state, message, { phase: message.outcome, code: message.code ?? null });
    case "round-closed":
      return ended(state, message, { phase: "closed", code: null });
  }
}

function assigned(state: Participation, assignment: Assigned): ParticipationStep {
  if (state.phase === "training" || state.phase === "reporting") {
    if (isFor(state.assignment, assignment))
      return state.phase === "reporting" ? sayAgain(state, "online") : unchanged(state);
  }
  const next: Participation = { phase: "training", assignment };
  const { roundId } = assignment;
  const stop: ParticipationEffect[] = state.phase === "training" ? [{ type: "stop-training" }] : [];
  return {
    state: next,
    effects: [
      { type: "persist", state: next },
      ...stop,
      { type: "expect-answer", withinMs: assignment.reportWithinMs + GRACE_MS },
      { type: "tell", roundId, phase: "assigned", code: null },
      { type: "train", assignment },
    ],
  };
}

function trained(state: Participation, report: Report): ParticipationStep {
  if (state.phase !== "training" || !isFor(state.assignment, report)) return unchanged(state);
  const next: Participation = { phase: "reporting", assignment: state.assignment, report };
  return {
    state: next,
    effects: [
      { type: "persist", state: next },
      { type: "tell", roundId: report.roundId, phase: "trained", code: null },
      ...sayReport(report),
    ],
  };
}

function proceed(state: Participation, message: Extract<RoundDown, { type: "proceed" }>): ParticipationStep {
  if (state.phase !== "reporting" || !isFor(state.assignment, message)) return unchanged(state);
  const { assignment } = state;
  return {
    state,
    effects: [
      { type: "upload", assignment, missing: message.missing },
      { type: "expect-answer", withinMs: REPORT_AGAIN_MS },
      { type: "tell", roundId: message.roundId, phase: "uploading", code: null },
    ],
  };
}

function ended(
  state: Participation,
  message: Extract<RoundDown, { type: "receipt" | "round-closed" }>,
  how: { readonly phase: RoundPhase; readonly code: ErrorCode | null },
): ParticipationStep {
  if (!("assignment" in state) || !isFor(state.assignment, message)) return unchanged(state);
  const tell: ParticipationEffect = { type: "tell", roundId: message.roundId, ...how };
  return rest(message.retryAfter, state.phase === "training" ? [{ type: "stop-training" }, tell] : [tell]);
}

function expired(state: Participation): ParticipationStep {
  switch (state.phase) {
    case "resting":
      return unchanged(state);
    case "reporting":
      return sayAgain(state, "online");
    case "training":
      return giveUp(state.assignment, { reason: "failed", code: "DEADLINE_EXCEEDED" });
    default:
      return rest(AFTER_SILENCE, []);
  }
}
