import type { RolloutData } from "../data/api-types.js";
import { formatCount } from "../text/format.js";
import type { RolloutCommand } from "./commands.js";
import { rolloutCounts } from "./rollout-counts.js";

/** What will happen, and to how many devices: one sentence each. */
export function commandEffects(command: RolloutCommand, rollout: RolloutData): readonly string[] {
  const counts = rolloutCounts(rollout);
  const what = `${rollout.config.model} version ${rollout.config.version}`;
  switch (command) {
    case "approve":
      return [`The rollout of ${what} to ${audience(rollout)} may then be started. Nothing is sent yet.`];
    case "deny":
      return [`The rollout never starts, and no device gets ${what} by it.`];
    case "start":
      return startEffects(rollout, what);
    case "pause":
      return [
        `Waiting, and not told until somebody resumes: ${devices(counts.waiting)}. No further wave opens.`,
        `Under way, and going on: ${devices(counts.underWay)}. Keeping the new version: ${devices(counts.committed)}.`,
      ];
    case "resume":
      return [
        `Waiting, and told wave by wave: ${devices(counts.waiting)}.`,
        `Failures seen so far, which do not stop it again: ${formatCount(counts.failed)}.`,
      ];
    case "promote":
      return promoteEffects(rollout);
    case "retry-failed":
      return [
        `Failed or rolled back, and given another attempt at ${what}: ${devices(counts.failed + counts["rolled back"])}.`,
      ];
    case "abort":
      return abortEffects(rollout);
    case "rollback":
      return [
        `Back from ${what} to version ${rollout.fallbackVersion ?? "–"}, by a new signed release: ${devices(counts.committed + counts.underWay)}.`,
        `Waiting, and never told: ${devices(counts.waiting)}. The rollout ends.`,
      ];
  }
}

function startEffects(rollout: RolloutData, what: string): readonly string[] {
  const first = rollout.waves[0];
  const startAtMs = rollout.config.schedule.startAtMs;
  const when =
    startAtMs === null ? "begin at once" : `begin at ${new Date(startAtMs).toLocaleString("en-GB")}`;
  const size = first === undefined || first.numTargets === 0 ? "" : `, ${devices(first.numTargets)}`;
  return [
    `Devices ${when} to get ${what}: first the wave “${first?.name ?? "1"}” (${first?.percent ?? 100} %${size}), then ${formatCount(Math.max(0, rollout.waves.length - 1))} more.`,
    `In all it is for ${audience(rollout)}.`,
  ];
}

function promoteEffects(rollout: RolloutData): readonly string[] {
  const now = rollout.waves[rollout.currentWave ?? 0];
  const next = rollout.waves[(rollout.currentWave ?? 0) + 1];
  const passed = `The wave “${now?.name ?? ""}” passes; its soak and its gates are not waited for any more.`;
  if (next === undefined) return [passed, "It was the last wave; the rollout is complete."];
  const size = next.numTargets === 0 ? `${next.percent} % of the devices` : devices(next.numTargets);
  return [passed, `The wave “${next.name}” begins: ${size}.`];
}

function abortEffects(rollout: RolloutData): readonly string[] {
  const counts = rolloutCounts(rollout);
  const ends = rollout.config.onAbort === "finish" ? "finishing" : "called back";
  return [
    `Waiting, and never told: ${devices(counts.waiting)}. Under way, and ${ends}: ${devices(counts.underWay)}.`,
    `Keeping the new version until somebody rolls back: ${devices(counts.committed)}. It cannot be resumed.`,
  ];
}

function audience(rollout: RolloutData): string {
  const { total } = rolloutCounts(rollout);
  if (total > 0) return devices(total);
  return rollout.config.filter === ""
    ? "the whole fleet"
    : `the devices that “${rollout.config.filter}” means`;
}

function devices(count: number): string {
  return count === 1 ? "1 device" : `${formatCount(count)} devices`;
}
