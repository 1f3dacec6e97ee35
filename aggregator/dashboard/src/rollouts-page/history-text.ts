import type { HistoryData } from "../data/api-types.js";
import { formatAgo } from "../text/format.js";

/** Who acts where no person does. */
const SYSTEM = "system";

/** What somebody did, for a sentence with his name before it. */
const DEEDS: Readonly<Record<string, string>> = {
  created: "created",
  edited: "edited",
  approve: "approved",
  deny: "denied",
  start: "started",
  started: "started",
  pause: "paused",
  paused: "paused",
  resume: "resumed",
  promote: "promoted",
  "retry-failed": "retried the failed devices of",
  abort: "aborted",
  aborted: "aborted",
  rollback: "rolled back",
  "rolling back": "began to roll back",
  "rolled back": "rolled back",
  completed: "completed",
  deleted: "deleted",
};

/** `bob paused this rollout 12 s ago (“looks slow”).`, or `12 s ago: wave 2 opened (“8 devices”).` where nobody did it. */
export function deedText({ actor, event, reason, atMs }: HistoryData, nowMs: number): string {
  const [ago, why] = [formatAgo(atMs, nowMs), reason === "" ? "" : ` (“${reason}”)`];
  // A pause says why behind a colon, for those who read the history: `paused: operator`.
  const deed = DEEDS[event.split(":")[0] ?? ""];
  if (deed !== undefined)
    return `${actor === SYSTEM ? "The server" : actor} ${deed} this rollout ${ago}${why}.`;
  if (actor !== SYSTEM) return `${actor} changed this rollout ${ago}: ${event}${why}.`;
  return `${ago.charAt(0).toUpperCase()}${ago.slice(1)}: ${event}${why}.`;
}

/**
 * What explains best that a rollout is not what it was at `revision`: the newest that a person did since, else the newest
 * of all. Null for an empty history.
 */
export function deedSince(history: readonly HistoryData[], revision: number): HistoryData | null {
  // Every entry is one revision.
  const since = history.filter(({ seq }) => seq > revision);
  return since.filter(({ actor }) => actor !== SYSTEM).at(-1) ?? history.at(-1) ?? null;
}
