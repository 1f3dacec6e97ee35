import type { DeviceId } from "@fedge/protocol";
import {
  countMembers,
  isOutstanding,
  type Member,
  type RoundEffect,
  type RoundState,
} from "./round-state.js";

interface Change {
  readonly state: RoundState;
  readonly effects: readonly RoundEffect[];
}

/** Closes the round if its policy says so; otherwise hands free upload slots on. */
export function closeRound(state: RoundState, atMs: number): Change {
  const numCounted = countMembers(state, "counted");
  const isGoalReached = state.policy.close === "goal" && numCounted >= state.policy.goalReports;
  if (isGoalReached) return endReporting(state, atMs, "goal-reached");
  if (state.isExpired) {
    // An update whose bytes are all here was on time; its check ends soon, and then this is asked again.
    return countMembers(state, "checking") === 0
      ? endReporting(state, atMs, "deadline")
      : { state, effects: [] };
  }
  const isEveryoneDone = [...state.members.values()].every((member) => !isOutstanding(member));
  return isEveryoneDone ? endReporting(state, atMs, "goal-reached") : grantSlots(state);
}

function endReporting(state: RoundState, atMs: number, why: "goal-reached" | "deadline"): Change {
  const members = new Map(state.members);
  const effects: RoundEffect[] = [{ type: "cancel-timer", timer: { kind: "reporting" } }];
  for (const [deviceId, member] of members) {
    if (!isOutstanding(member)) continue;
    members.set(deviceId, { ...member, status: lossOf(member, why) });
    effects.push(
      { type: "cancel-timer", timer: { kind: "lost", deviceId } },
      { type: "forget-upload", deviceId },
    );
    effects.push({ type: "tell-closed", deviceId, reason: why });
  }
  if (countMembers({ ...state, members }, "counted") >= state.policy.minReports) {
    return {
      state: { ...state, members, phase: "aggregating" },
      effects: [...effects, { type: "aggregate" }],
    };
  }
  const abandoned: RoundState = {
    ...state,
    members,
    phase: "abandoned",
    abandonReason: "too-few-reports",
    closedAtMs: atMs,
  };
  return { state: abandoned, effects: [...effects, { type: "finish" }] };
}

function lossOf(member: Member, why: "goal-reached" | "deadline"): "dropped" | "late" | "not-needed" {
  if (member.isLost) return "dropped";
  return why === "deadline" ? "late" : "not-needed";
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
