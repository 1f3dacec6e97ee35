import type { TargetState } from "../../rollouts/rollout-view.js";
import type { WaveBody } from "../../http/schema/rollout-schema.js";
import { span, type Line, type Mood } from "./paint.js";

export const TARGET_GROUPS = ["committed", "under way", "failed", "gone", "waiting"] as const;
export type TargetGroup = (typeof TARGET_GROUPS)[number];

const GROUP_OF: Readonly<Record<TargetState, TargetGroup>> = {
  queued: "waiting",
  told: "under way",
  installing: "under way",
  probation: "under way",
  committed: "committed",
  rejected: "failed",
  failed: "failed",
  "rolled-back": "failed",
  "safe-mode": "failed",
  "timed-out": "failed",
  canceled: "gone",
  removed: "gone",
  superseded: "gone",
};

const LOOKS: Readonly<Record<TargetGroup, { readonly sign: string; readonly mood: Mood }>> = {
  committed: { sign: "█", mood: "good" },
  "under way": { sign: "▒", mood: "live" },
  failed: { sign: "╳", mood: "bad" },
  gone: { sign: "╌", mood: "dim" },
  waiting: { sign: "░", mood: "dim" },
};

export type GroupCounts = Readonly<Record<TargetGroup, number>>;

/** Devices of a wave by what has become of them; those of which nothing is said wait. */
export function groupCounts({ numTargets, byState }: Pick<WaveBody, "numTargets" | "byState">): GroupCounts {
  const counts = { committed: 0, "under way": 0, failed: 0, gone: 0, waiting: 0 };
  for (const [state, count] of Object.entries(byState)) counts[GROUP_OF[state as TargetState]] += count ?? 0;
  const known = TARGET_GROUPS.reduce((sum, group) => sum + counts[group], 0);
  counts.waiting += Math.max(0, numTargets - known);
  return counts;
}

/**
 * `40/100 committed, 3 failed`: what is zero is left out, those that wait are what is missing, and what a narrow screen
 * cuts off matters least.
 */
export function countsText(counts: GroupCounts): string {
  const total = TARGET_GROUPS.reduce((sum, group) => sum + counts[group], 0);
  if (total === 0) return "no devices";
  const others = (["failed", "under way", "gone"] as const).filter((group) => counts[group] > 0);
  return [
    `${counts.committed}/${total} committed`,
    ...others.map((group) => `${counts[group]} ${group}`),
  ].join(", ");
}

/**
 * A bar of `width` cells. Whatever there is any of has a cell, so that one failure among thousands is seen; the largest
 * group gives and takes what rounding leaves.
 */
export function waveBar(counts: GroupCounts, width: number): Line {
  const total = TARGET_GROUPS.reduce((sum, group) => sum + counts[group], 0);
  if (total === 0) return [span(" ".repeat(width))];
  const cells = TARGET_GROUPS.map((group) => {
    return counts[group] === 0 ? 0 : Math.max(1, Math.floor((counts[group] * width) / total));
  });
  const largest = TARGET_GROUPS.reduce((best, group) => (counts[group] > counts[best] ? group : best));
  const spare = width - cells.reduce((sum, count) => sum + count, 0);
  return TARGET_GROUPS.flatMap((group, index) => {
    const length = (cells[index] ?? 0) + (group === largest ? spare : 0);
    return length <= 0 ? [] : [span(LOOKS[group].sign.repeat(length), LOOKS[group].mood)];
  });
}

/** What the signs of the bars mean. */
export function barLegend(): Line {
  return [span(TARGET_GROUPS.map((group) => `${LOOKS[group].sign} ${group}`).join("  "), "dim")];
}
