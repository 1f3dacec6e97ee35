import { endUnchanged, enter, keepActive, rollBack, stay, type UnderWay } from "./attempt-changes.js";
import { REFUSALS, TIMED_OUT, UNCHANGED } from "./install-faults.js";
import type { InstallEvent, InstallFault, InstallStep } from "./install-state.js";

/** Called off: what has not begun ends, and what serves already goes back to the version before. */
export function canceled(under: UnderWay, nowMs: number, fault: InstallFault): InstallStep {
  const { state } = under.attempt;
  if (UNCHANGED.has(state)) return endUnchanged(under, "canceled", nowMs, fault);
  return state === "rolling-back" ? stay(under.record) : rollBack(under, nowMs, fault);
}

/** What cannot go on: nothing has changed, or the version before comes back. */
export function failed(under: UnderWay, nowMs: number, fault: InstallFault): InstallStep {
  const { record, attempt } = under;
  if (UNCHANGED.has(attempt.state)) {
    const isRefusal = attempt.state === "assigned" && fault.code !== "INSTALL_TIMED_OUT";
    const state = isRefusal || REFUSALS.has(fault.code) ? "rejected" : "failed";
    return endUnchanged(under, state, nowMs, fault);
  }
  if (attempt.state === "rolling-back") return safeMode(under, nowMs, fault);
  if (attempt.state === "probation" && attempt.goal.policy.rollback === "never") {
    const changes = { slots: keepActive(record.slots), attempt: { fault } };
    return { record: enter(under, "not-rolled-back", nowMs, changes), effects: ["settle", "reconsider"] };
  }
  return rollBack(under, nowMs, fault);
}

export function hindered(
  under: UnderWay,
  { fault, isPassing }: Extract<InstallEvent, { type: "hindered" }>,
  nowMs: number,
): InstallStep {
  if (!isPassing) return failed(under, nowMs, fault);
  const { record, attempt } = under;
  // Only the first is a transition: the deadline of the state bounds how often it is tried.
  const numTransitions = attempt.numTransitions + (attempt.fault === null ? 1 : 0);
  return stay({ ...record, attempt: { ...attempt, fault, numTransitions } }, "retry");
}

export function expired(under: UnderWay, nowMs: number): InstallStep {
  const { record, attempt } = under;
  // The probation's facts say whether it has passed or failed by now.
  if (attempt.state === "probation") return stay(record, "watch");
  const { code, message } = attempt.fault ?? TIMED_OUT;
  return failed(under, nowMs, attempt.state === "rolling-back" ? TIMED_OUT : { code, message });
}

/** The version before does not work either: what came with the app serves, and the slots are free. */
function safeMode(under: UnderWay, nowMs: number, { message }: InstallFault): InstallStep {
  const fault: InstallFault = { code: "ROLLBACK_FAILED", message };
  const slots = { active: "base" as const, a: null, b: null };
  const over = enter(under, "safe-mode", nowMs, { slots, attempt: { fault } });
  return { record: over, effects: ["restore-base", "reconsider"] };
}
