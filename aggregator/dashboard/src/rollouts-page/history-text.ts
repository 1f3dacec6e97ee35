import type { HistoryData } from "../data/api-types.js";
import { formatAgo } from "../text/format.js";

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

/** `bob paused this rollout 12 s ago (“looks slow”).` */
export function deedText(entry: HistoryData, nowMs: number): string {
  const reason = entry.reason === "" ? "" : ` (“${entry.reason}”)`;
  const deed = DEEDS[entry.event];
  const did = deed === undefined ? `changed this rollout: ${entry.event},` : `${deed} this rollout`;
  return `${entry.actor} ${did} ${formatAgo(entry.atMs, nowMs)}${reason}.`;
}
