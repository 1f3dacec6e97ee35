import type { DeviceId } from "@fedge/protocol";
import type { JournalEvent } from "./journal.js";
import {
  countMembers,
  isOutstanding,
  type Member,
  type RoundEffect,
  type RoundState,
  type Step,
} from "./round-state.js";

interface Change {
  readonly state: RoundState;
  readonly effects: readonly RoundEffect[];
}

/** Closes the round if its policy says so; otherwise hands free upload slots on. */
export function closeRound(state: RoundState, atMs: number): Change {
  const isGoalReached =
    state.policy.close === "goal" && countMembers(state, "counted") >= state.policy.goalReports;
  if (isGoalReached) {
    const losses = loseOutstanding(state, {
      why: "goal-reached",
      statusOf: () => "not-needed",
      except: new Set(),
    });
    const ended = endReporting(losses.state, atMs);
    return { state: ended.state, effects: [...losses.effects, ...ended.effects] };
  }
  const isEveryoneDone = [...state.members.values()].every((member) => !isOutstanding(member));
  if (isEveryoneDone) return endReporting(state, atMs);
  return state.isExpired ? { state, effects: [] } : grantSlots(state);
}

/** Ends the part of every device whose update can no longer count; `except` names those that are awaited. */
export function loseOutstanding(
  state: RoundState,
  how: {
    readonly why: "goal-reached" | "deadline";
    readonly statusOf: (deviceId: DeviceId) => "dropped" | "late" | "not-needed";
    readonly except: ReadonlySet<DeviceId>;
  },
): Change {
  const members = new Map(state.members);
  const effects: RoundEffect[] = [];
  for (const [deviceId, member] of members) {
    if (!isOutstanding(member) || how.except.has(deviceId)) continue;
    members.set(deviceId, { ...member, status: how.statusOf(deviceId), isLost: false });
    effects.push(
      { type: "cancel-timer", timer: { kind: "lost", deviceId } },
      { type: "forget-upload", deviceId },
    );
    effects.push({ type: "tell-closed", deviceId, reason: how.why });
  }
  return { state: { ...state, members }, effects };
}

function endReporting(state: RoundState, atMs: number): Change {
  const cancel: RoundEffect = { type: "cancel-timer", timer: { kind: "reporting" } };
  if (countMembers(state, "counted") >= state.policy.minReports) {
    return { state: { ...state, phase: "aggregating" }, effects: [cancel, { type: "aggregate" }] };
  }
  const abandoned: RoundState = {
    ...state,
    phase: "abandoned",
    abandonReason: "too-few-reports",
    closedAtMs: atMs,
  };
  return { state: abandoned, effects: [cancel, { type: "finish" }] };
}

/** Ends the round without a version and tells everyone who is still awaited. */
export function abandon(
  state: RoundState,
  event: JournalEvent & { atMs: number },
  reason: RoundState["abandonReason"],
): Step {
  const members = new Map(state.members);
  const effects: RoundEffect[] = [];
  for (const [deviceId, member] of members) {
    if (!isOutstanding(member)) continue;
    members.set(deviceId, { ...member, status: "not-needed" });
    effects.push({
      type: "tell-closed",
      deviceId,
      reason: reason === "task-stopped" ? "task-stopped" : "abandoned",
    });
  }
  const next: RoundState = {
    ...state,
    members,
    phase: "abandoned",
    abandonReason: reason,
    closedAtMs: event.atMs,
  };
  return { state: next, effects: [...effects, { type: "finish" }], journal: event };
}

/** Gives free slots to those who wait longest; a lost device keeps its half-sent update only while nobody waits. */
export function grantSlots(state: RoundState): Change {
  const members = new Map(state.members);
  const effects: RoundEffect[] = [];
  const waiting = [...members].filter(([, member]) => member.status === "waiting" && !member.isLost);
  for (const [deviceId, member] of waiting) {
    if (numHeld(members) >= state.uploadSlots && !evictLost(members, effects)) break;
    members.set(deviceId, { ...member, status: "uploading" });
    if (member.report !== null) effects.push({ type: "proceed", deviceId, report: member.report });
  }
  return { state: { ...state, members }, effects };
}

function numHeld(members: ReadonlyMap<DeviceId, Member>): number {
  let held = 0;
  for (const member of members.values())
    if (member.status === "uploading" || member.status === "checking") held += 1;
  return held;
}

function evictLost(members: Map<DeviceId, Member>, effects: RoundEffect[]): boolean {
  for (const [deviceId, member] of members) {
    if (member.status !== "uploading" || !member.isLost) continue;
    members.set(deviceId, { ...member, status: "assigned", report: null });
    effects.push({ type: "forget-upload", deviceId });
    return true;
  }
  return false;
}
