import type { TargetData } from "../data/api-types.js";
import type { Tone } from "../parts/badge.js";

type TargetState = TargetData["state"];

export interface TargetLook {
  /** For people. */
  readonly name: string;
  readonly tone: Tone;
  /** What the bars count it as. */
  readonly group: TargetGroup;
}

export const TARGET_GROUPS = [
  { group: "committed", colour: "target-committed" },
  { group: "on probation", colour: "target-probation" },
  { group: "installing", colour: "target-installing" },
  { group: "failed", colour: "target-failed" },
  { group: "rolled back", colour: "target-rolled-back" },
  { group: "left out", colour: "target-gone" },
  { group: "waiting", colour: "target-waiting" },
] as const;
export type TargetGroup = (typeof TARGET_GROUPS)[number]["group"];

/** How each state of a device in a rollout is called, coloured and counted. */
export const TARGET_LOOKS: Readonly<Record<TargetState, TargetLook>> = {
  queued: { name: "queued", tone: "quiet", group: "waiting" },
  told: { name: "told", tone: "busy", group: "installing" },
  installing: { name: "installing", tone: "busy", group: "installing" },
  probation: { name: "on probation", tone: "busy", group: "on probation" },
  committed: { name: "committed", tone: "good", group: "committed" },
  rejected: { name: "rejected", tone: "bad", group: "failed" },
  failed: { name: "failed", tone: "bad", group: "failed" },
  "rolled-back": { name: "rolled back", tone: "warn", group: "rolled back" },
  "safe-mode": { name: "safe mode", tone: "bad", group: "failed" },
  "timed-out": { name: "timed out", tone: "bad", group: "failed" },
  canceled: { name: "canceled", tone: "quiet", group: "left out" },
  removed: { name: "removed", tone: "quiet", group: "left out" },
  superseded: { name: "superseded", tone: "quiet", group: "left out" },
};

export const TARGET_STATES = Object.keys(TARGET_LOOKS) as readonly TargetState[];

/** Devices by group; of which nothing is said, wait. */
export function countByGroup(wave: {
  readonly numTargets: number;
  readonly byState: Readonly<Partial<Record<TargetState, number>>>;
}): Readonly<Record<TargetGroup, number>> {
  const counts: Record<TargetGroup, number> = {
    committed: 0,
    "on probation": 0,
    installing: 0,
    failed: 0,
    "rolled back": 0,
    "left out": 0,
    waiting: 0,
  };
  let known = 0;
  for (const state of TARGET_STATES) {
    const count = wave.byState[state] ?? 0;
    counts[TARGET_LOOKS[state].group] += count;
    known += count;
  }
  counts.waiting += Math.max(0, wave.numTargets - known);
  return counts;
}
