import type { InstallState } from "@fedge/protocol";
import {
  FINAL_STATES,
  isFinal,
  tokenOf,
  versionIn,
  type Attempt,
  type InstallEffect,
  type InstallFault,
  type InstallGoal,
  type InstallRecord,
  type InstallStep,
  type SlotVersion,
  type Slots,
  type Token,
  type Unreported,
} from "./install-state.js";

/** An attempt under way, with the record that it stands in. */
export interface UnderWay {
  readonly record: InstallRecord;
  readonly attempt: Attempt;
}

export function stay(record: InstallRecord, ...effects: InstallEffect[]): InstallStep {
  return { record, effects };
}

/** The attempt with its next state, the state's deadline, and one transition more. */
export function enter(
  { record, attempt }: UnderWay,
  state: InstallState,
  nowMs: number,
  changes: {
    readonly attempt?: Partial<Attempt>;
    readonly slots?: Slots;
    readonly record?: Partial<InstallRecord>;
  } = {},
): InstallRecord {
  const { policy } = attempt.goal;
  const limitMs = state === "probation" ? policy.probation.deadlineMs : policy.stateDeadlineMs;
  const isOver = FINAL_STATES.has(state);
  return {
    ...record,
    ...changes.record,
    slots: changes.slots ?? record.slots,
    attempt: {
      ...attempt,
      state,
      deadlineAtMs: isOver ? null : nowMs + limitMs,
      numTransitions: attempt.numTransitions + 1,
      isRunning: !isOver,
      isReported: false,
      fault: null,
      ...changes.attempt,
    },
  };
}

/** Where nothing has changed yet: the attempt ends, and whoever serves goes on. */
export function endUnchanged(
  under: UnderWay,
  state: "rejected" | "failed" | "canceled",
  nowMs: number,
  fault: InstallFault,
): InstallStep {
  const ended = enter(under, state, nowMs, { attempt: { fault }, slots: keepActive(under.record.slots) });
  return { record: ended, effects: ["discard", "reconsider"] };
}

/** The slot in use goes back to the version before, which is tried before it serves. */
export function rollBack(under: UnderWay, nowMs: number, fault: InstallFault): InstallStep {
  const { record, attempt } = under;
  const slots = { ...record.slots, active: attempt.from };
  // Crashes from here on are those of the version before.
  const changes = { slots, attempt: { fault, numCrashes: 0 } };
  return { record: enter(under, "rolling-back", nowMs, changes), effects: ["restore"] };
}

/** The version that serves stays; the slot of the one before is free. */
export function keepActive(slots: Slots): Slots {
  const { active, a, b } = slots;
  return { active, a: active === "a" ? a : null, b: active === "b" ? b : null };
}

/** The version lies in the slot that is not in use. */
export function staged(slots: Slots, version: SlotVersion): Slots {
  return idleSlot(slots) === "a" ? { ...slots, a: version } : { ...slots, b: version };
}

export function idleSlot({ active }: Slots): "a" | "b" {
  return active === "a" ? "b" : "a";
}

/** A new attempt; what went before is forgotten. */
export function begin(record: InstallRecord, goal: InstallGoal, nowMs: number): InstallRecord {
  const attempt: Attempt = {
    goal,
    state: "assigned",
    deadlineAtMs: nowMs + goal.policy.stateDeadlineMs,
    numTransitions: 1,
    numActivations: 0,
    numCrashes: 0,
    isRunning: true,
    isReported: false,
    from: record.slots.active,
    fault: null,
    trusted: null,
    activatedAtMs: null,
    before: { p95Us: null, memoryBytes: null },
  };
  return {
    ...record,
    numAttempts: record.numAttempts + 1,
    attempt,
    unreported: [...record.unreported, ...openReport(record)].slice(-MAX_UNREPORTED),
  };
}

/** A device that is away for long forgets how its oldest attempts ended. */
const MAX_UNREPORTED = 8;

function openReport({ attempt, numAttempts }: InstallRecord): Unreported[] {
  return attempt === null || attempt.isReported ? [] : [{ number: numAttempts, attempt }];
}

/** The server's broker has the report that the token names. */
export function withoutReport(record: InstallRecord, token: Token): InstallRecord {
  const { attempt, unreported } = record;
  if (attempt !== null && token === tokenOf(record))
    return { ...record, attempt: { ...attempt, isReported: true } };
  const left = unreported.filter(
    ({ number, attempt: over }) => tokenOf({ numAttempts: number, attempt: over }) !== token,
  );
  return left.length === unreported.length ? record : { ...record, unreported: left };
}

export function isSameGoal(one: InstallGoal, other: InstallGoal): boolean {
  return (
    one.manifest.sha256 === other.manifest.sha256 &&
    one.attempt === other.attempt &&
    one.rolloutId === other.rolloutId
  );
}

/** The newest of the record's versions takes the release's name: the same bytes were wanted again. */
export function renamed(record: InstallRecord, goal: InstallGoal): InstallRecord {
  const { active } = record.slots;
  const version = versionIn(record.slots, active);
  if (version === null || active === "base") return record;
  const { releaseCounter, rolloutId } = goal;
  return { ...record, slots: { ...record.slots, [active]: { ...version, releaseCounter, rolloutId } } };
}

/** The version under way is wanted by another release, or for another rollout: the work goes on for that. */
export function adopt({ record, attempt }: UnderWay, goal: InstallGoal): InstallStep {
  if (isSameGoal(attempt.goal, goal) && attempt.goal.releaseCounter === goal.releaseCounter)
    return stay(record);
  const isAccepted = record.release?.manifestSha256 === goal.manifest.sha256;
  const release = isAccepted
    ? { counter: goal.releaseCounter, manifestSha256: goal.manifest.sha256 }
    : record.release;
  return stay({ ...record, release, attempt: { ...attempt, goal } });
}

export function underWay(record: InstallRecord): UnderWay | null {
  const { attempt } = record;
  return attempt === null || isFinal(attempt) ? null : { record, attempt };
}
