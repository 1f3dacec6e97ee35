import type { DeviceId, ErrorCode } from "@fedge/protocol";
import type { RoundPolicy } from "../tasks/task-config.js";
import type { CountedUpdate, JournalEvent, LossReason, RoundRecord, RoundSummary } from "./journal.js";
import { stepRound } from "./round-machine.js";
import { countMembers, isOutstanding, openRound, type RoundEffect, type RoundState } from "./round-state.js";

/** The durable state that a journal tells (invariant R6). */
export function replayRound(
  record: RoundRecord,
  policy: RoundPolicy,
  options: { readonly uploadSlots: number; readonly events: readonly JournalEvent[] },
): RoundState {
  const opened = openRound(record, policy, options.uploadSlots);
  return options.events.reduce((state, event) => stepRound(state, event).state, opened);
}

/** What a restarted aggregator does first for a round that was under way. */
export function resumeEffects(state: RoundState): RoundEffect[] {
  switch (state.phase) {
    case "selecting":
      return [{ type: "arm-timer", timer: { kind: "selection" }, delayMs: state.policy.selectionDeadlineMs }];
    case "reporting":
      // The checks that an expired round waited for are forgotten: it expires again, without them.
      return [
        {
          type: "arm-timer",
          timer: { kind: "reporting" },
          delayMs: state.isExpired ? 0 : state.policy.reportingDeadlineMs,
        },
      ];
    case "aggregating":
      return [{ type: "aggregate" }];
    case "committed":
    case "abandoned":
      return [{ type: "finish" }];
  }
}

export function summarizeRound(
  state: RoundState,
  traffic: { readonly bytesUp: number; readonly bytesDown: number },
): RoundSummary {
  const counted = countedUpdates(state);
  return {
    outcome: state.phase === "committed" || state.phase === "abandoned" ? state.phase : "open",
    abandonReason: state.abandonReason,
    version: state.version,
    numSelected: state.members.size,
    numCounted: counted.length,
    numExamples: counted.reduce((sum, update) => sum + update.numExamples, 0),
    lost: lossCounts(state),
    refusedByCode: refusalCounts(state),
    trainMs: counted.reduce((sum, update) => sum + update.trainMs, 0),
    meanLossBefore: weightedMean(counted, (update) => update.lossBefore),
    meanLossAfter: weightedMean(counted, (update) => update.lossAfter),
    bytesUp: traffic.bytesUp,
    bytesDown: traffic.bytesDown,
    closedAtMs: state.closedAtMs,
  };
}

export function countedUpdates(state: RoundState): CountedUpdate[] {
  return [...state.members.values()].flatMap((member) => (member.counted === null ? [] : [member.counted]));
}

export function outstandingDevices(state: RoundState): DeviceId[] {
  return [...state.members].filter(([, member]) => isOutstanding(member)).map(([deviceId]) => deviceId);
}

function lossCounts(state: RoundState): Record<LossReason, number> {
  return {
    dropped: countMembers(state, "dropped"),
    late: countMembers(state, "late"),
    aborted: countMembers(state, "aborted"),
    refused: countMembers(state, "refused"),
    "not-needed": countMembers(state, "not-needed"),
  };
}

function refusalCounts(state: RoundState): Partial<Record<ErrorCode, number>> {
  const counts: Partial<Record<ErrorCode, number>> = {};
  for (const member of state.members.values()) {
    if (member.status === "refused" && member.code !== null)
      counts[member.code] = (counts[member.code] ?? 0) + 1;
  }
  return counts;
}

/** Mean over examples of those updates that told the value. */
function weightedMean(
  updates: readonly CountedUpdate[],
  of: (update: CountedUpdate) => number | null,
): number | null {
  let [sum, weight] = [0, 0];
  for (const update of updates) {
    const value = of(update);
    if (value === null) continue;
    sum += value * update.numExamples;
    weight += update.numExamples;
  }
  return weight === 0 ? null : sum / weight;
}
