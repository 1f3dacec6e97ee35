import { idleSlot, keepActive, rollBack, stay } from "./attempt-changes.js";
import { failed } from "./install-failures.js";
import {
  versionIn,
  type InstallEvent,
  type InstallFault,
  type InstallGoal,
  type InstallRecord,
  type InstallStep,
  type Slots,
} from "./install-state.js";

/**
 * The version before serves again where the policy wants that and it is still in its slot. That happens once: a version
 * that was left so has no slot any more, and what drifts under the one before, too, is not the version's doing.
 */
export function drifted(
  record: InstallRecord,
  { version, seenAtMs, message }: Extract<InstallEvent, { type: "drifted" }>,
  nowMs: number,
): InstallStep {
  const { attempt, slots } = record;
  const from = idleSlot(slots);
  if (attempt?.goal.version !== version || !goesBack(attempt.goal) || versionIn(slots, from) === null)
    return stay(record);
  // What was seen of an earlier installation says nothing of one that a person asked for since.
  if (seenAtMs < (versionIn(slots, slots.active)?.installedAtMs ?? 0)) return stay(record);
  const fault: InstallFault = { code: "DATA_DRIFTED", message };
  if (attempt.state === "probation") return failed({ record, attempt }, nowMs, fault);
  if (attempt.state !== "committed") return stay(record);
  return rollBack({ record, attempt: { ...attempt, from } }, nowMs, fault);
}

/** The slots of a version that stays: with the one before, where a drift may lead back to it. */
export function slotsOfCommitted(slots: Slots, goal: InstallGoal): Slots {
  return goesBack(goal) ? slots : keepActive(slots);
}

/**
 * Only a rollout, where a person asks for it, brings back a version that was left because of the data: a release for the
 * whole fleet that names it would lead to and fro.
 */
export function hasDriftedUnder({ attempt }: InstallRecord, { manifest, rolloutId }: InstallGoal): boolean {
  return (
    rolloutId === null &&
    attempt?.fault?.code === "DATA_DRIFTED" &&
    attempt.goal.manifest.sha256 === manifest.sha256
  );
}

function goesBack({ policy }: InstallGoal): boolean {
  return policy.onDrift === "back";
}
