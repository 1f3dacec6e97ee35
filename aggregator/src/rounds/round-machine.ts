import type { DeviceId, ErrorCode, Report } from "@fedge/protocol";
import type { CountedUpdate, FoldSnapshotRef, JournalEvent } from "./journal.js";
import { abandon, closeRound, grantSlots, loseOutstanding } from "./round-close.js";
import {
  countMembers,
  devicesWhere,
  isOutstanding,
  unchanged,
  withMember,
  type Member,
  type RoundEffect,
  type RoundEvent,
  type RoundState,
  type Step,
} from "./round-state.js";

/*
 * One round (Bonawitz et al. 2019, section 2.2), synchronous close.
 *
 *   phase        event               next phase    what happens
 *   selecting    cohort-selected     reporting     every member is assigned; the reporting deadline is armed
 *   selecting    selection-failed    abandoned     too few devices
 *   reporting    reported            reporting     upload slot, or a place in the queue; a counted one gets its receipt again
 *   reporting    received            reporting     the whole update is checked and folded
 *   reporting    updates-counted     see close     receipts; durable together with the sum they are in
 *   reporting    report-refused      see close     the same as update-refused, unless the member's update is being checked
 *   reporting    update-refused      see close     receipt with the code; of an update under check only the fold says so
 *   reporting    upload-stalled      reporting     the slot goes to who waits; the device may report again
 *   reporting    device-left         see close     dropped or aborted
 *   reporting    grace-expired       see close     a device that is still out of touch left (dropped)
 *   reporting    lost / returned     reporting     grace timer armed / cancelled and the assignment said again
 *   reporting    reporting-expired   see close     nobody but updates that are already being checked may still count
 *   aggregating  version-committed   committed
 *   any open     stopped             abandoned     a version whose making had begun is not committed any more
 *   otherwise    any                 unchanged     a report is answered with why it comes too late
 *
 *   close: `goal` at goalReports counted, or (both policies) when no member is outstanding:
 *          counted >= minReports -> aggregating, else -> abandoned.
 *
 * Invariants, by which the tests are named:
 *   R1 a device's update is counted at most once
 *   R2 a counted update is in the snapshot that the journal names, and in no other sum
 *   R3 every selected device ends in exactly one of counted, refused, dropped, aborted, late, not-needed
 *   R4 a round below minReports never becomes a version
 *   R5 membership changes re-evaluate the close condition, so no round waits for a device that left
 *   R6 replaying the journal gives the durable state; outstanding members are assigned again
 *   R7 at most uploadSlots members are uploading or checking
 *   R8 a closed round never changes, except aggregating -> committed
 */

/** The next state, what to make durable first, and then what to do. Pure. */
export function stepRound(state: RoundState, event: RoundEvent): Step {
  switch (event.type) {
    case "cohort-selected":
      return state.phase === "selecting" ? selectCohort(state, event) : unchanged(state);
    case "selection-failed":
      return state.phase === "selecting" ? abandon(state, event, "too-few-devices") : unchanged(state);
    case "stopped":
      return state.phase === "selecting" || state.phase === "reporting" || state.phase === "aggregating"
        ? abandon(state, event, event.reason)
        : unchanged(state);
    case "version-committed":
      if (state.phase !== "aggregating") return unchanged(state);
      return {
        state: { ...state, phase: "committed", version: event.version, closedAtMs: event.atMs },
        effects: [{ type: "finish" }],
        journal: event,
      };
    case "reported":
      return stepReported(state, event.deviceId, event.report);
    default:
      return state.phase === "reporting" ? stepReporting(state, event) : unchanged(state);
  }
}

type ReportingEvent = Exclude<
  RoundEvent,
  { type: "cohort-selected" | "selection-failed" | "stopped" | "version-committed" | "reported" }
>;

function stepReporting(state: RoundState, event: ReportingEvent): Step {
  switch (event.type) {
    case "updates-counted":
      return countUpdates(state, event);
    case "update-refused":
      return refuse(state, event);
    case "report-refused":
      return refuseReport(state, event);
    case "device-left":
      return leave(state, event);
    case "reporting-expired":
      return expire(state, event);
    case "received":
      return whenMember(state, event.deviceId, (member) => received(state, event.deviceId, member));
    case "upload-stalled":
      return whenMember(state, event.deviceId, (member) => stalled(state, event.deviceId, member));
    case "lost":
      return whenMember(state, event.deviceId, (member) => lost(state, event.deviceId, member));
    case "grace-expired":
      return whenMember(state, event.deviceId, (member) =>
        member.isLost ? leave(state, { ...event, type: "device-left", reason: "dropped" }) : unchanged(state),
      );
    case "returned":
      return whenMember(state, event.deviceId, (member) => returned(state, event.deviceId, member));
  }
}

function selectCohort(state: RoundState, event: Extract<JournalEvent, { type: "cohort-selected" }>): Step {
  const fresh: Member = { status: "assigned", isLost: false, report: null, counted: null, code: null };
  const members = new Map(event.devices.map((deviceId) => [deviceId, fresh] as const));
  return {
    state: { ...state, phase: "reporting", members },
    effects: [
      { type: "cancel-timer", timer: { kind: "selection" } },
      { type: "arm-timer", timer: { kind: "reporting" }, delayMs: state.policy.reportingDeadlineMs },
      ...event.devices.map((deviceId) => ({ type: "assign", deviceId }) as const),
    ],
    journal: event,
  };
}

/** A report opens an upload, resumes it, or asks for a lost receipt; after the end it is answered with why. */
function stepReported(state: RoundState, deviceId: DeviceId, report: Report): Step {
  const member = state.members.get(deviceId);
  const answer = (outcome: "counted" | "refused", code: ErrorCode | null): Step => ({
    state,
    effects: [{ type: "receipt", deviceId, outcome, code }],
    journal: null,
  });
  if (member === undefined) return answer("refused", "ROUND_NOT_MEMBER");
  if (member.status === "counted") {
    return sameUpdate(member, report) ? answer("counted", null) : answer("refused", "UPDATE_DUPLICATE");
  }
  if (member.status === "refused") return answer("refused", member.code ?? "UPDATE_MALFORMED");
  if (state.phase !== "reporting" || state.isExpired || !isOutstanding(member)) {
    if (member.status === "checking" && state.phase === "reporting") return unchanged(state);
    return answer("refused", state.phase === "abandoned" ? "ROUND_ABANDONED" : "ROUND_CLOSED");
  }
  if (member.status === "checking") return unchanged(state);
  if (member.status === "uploading" && member.report !== null && sameReport(member.report, report)) {
    return {
      state: withMember(state, deviceId, { ...member, report }),
      effects: [{ type: "proceed", deviceId, report }],
      journal: null,
    };
  }
  const forget: RoundEffect[] = member.status === "uploading" ? [{ type: "forget-upload", deviceId }] : [];
  const waiting = withMember(state, deviceId, { ...member, status: "waiting", report });
  const granted = grantSlots(waiting);
  return { state: granted.state, effects: [...forget, ...granted.effects], journal: null };
}

function sameUpdate(member: Member, report: Report): boolean {
  return member.counted?.sha256 === report.update.sha256;
}

function sameReport(one: Report, other: Report): boolean {
  return one.update.sha256 === other.update.sha256 && one.update.sizeBytes === other.update.sizeBytes;
}

function received(state: RoundState, deviceId: DeviceId, member: Member): Step {
  if (member.status !== "uploading" || member.report === null || state.isExpired) return unchanged(state);
  return {
    state: withMember(state, deviceId, { ...member, status: "checking" }),
    effects: [{ type: "fold", deviceId, report: member.report }],
    journal: null,
  };
}

function stalled(state: RoundState, deviceId: DeviceId, member: Member): Step {
  if (member.status !== "uploading") return unchanged(state);
  const granted = grantSlots(withMember(state, deviceId, { ...member, status: "assigned", report: null }));
  return {
    state: granted.state,
    effects: [{ type: "forget-upload", deviceId }, ...granted.effects],
    journal: null,
  };
}

function lost(state: RoundState, deviceId: DeviceId, member: Member): Step {
  if (!isOutstanding(member) || member.isLost || member.status === "checking") return unchanged(state);
  const granted = grantSlots(withMember(state, deviceId, { ...member, isLost: true }));
  const timer = { kind: "lost", deviceId } as const;
  return {
    state: granted.state,
    effects: [{ type: "arm-timer", timer, delayMs: state.policy.lostGraceMs }, ...granted.effects],
    journal: null,
  };
}

function returned(state: RoundState, deviceId: DeviceId, member: Member): Step {
  if (!isOutstanding(member)) return unchanged(state);
  return {
    state: withMember(state, deviceId, { ...member, isLost: false }),
    effects: member.isLost ? [{ type: "cancel-timer", timer: { kind: "lost", deviceId } }] : [],
    journal: null,
  };
}

function countUpdates(
  state: RoundState,
  event: {
    atMs: number;
    updates: readonly CountedUpdate[];
    snapshot: FoldSnapshotRef;
    type: "updates-counted";
  },
): Step {
  const members = new Map(state.members);
  const effects: RoundEffect[] = [];
  for (const update of event.updates) {
    const member = members.get(update.deviceId);
    if (member === undefined || !isOutstanding(member)) continue;
    members.set(update.deviceId, { ...member, status: "counted", counted: update, isLost: false });
    effects.push(
      { type: "receipt", deviceId: update.deviceId, outcome: "counted", code: null },
      { type: "cancel-timer", timer: { kind: "lost", deviceId: update.deviceId } },
    );
  }
  const closed = closeRound({ ...state, members, snapshot: event.snapshot }, event.atMs);
  return { state: closed.state, effects: [...effects, ...closed.effects], journal: event };
}

function refuse(state: RoundState, event: Extract<JournalEvent, { type: "update-refused" }>): Step {
  return whenMember(state, event.deviceId, (member) => {
    if (!isOutstanding(member)) return unchanged(state);
    const next = withMember(state, event.deviceId, {
      ...member,
      status: "refused",
      code: event.code,
      isLost: false,
    });
    const closed = closeRound(next, event.atMs);
    const receipt = {
      type: "receipt",
      deviceId: event.deviceId,
      outcome: "refused",
      code: event.code,
    } as const;
    const forget = { type: "forget-upload", deviceId: event.deviceId } as const;
    return { state: closed.state, effects: [receipt, forget, ...closed.effects], journal: event };
  });
}

/** An update under check is in the hands of the fold: whoever sent it cannot take it out of the sum any more. */
function refuseReport(state: RoundState, event: Extract<RoundEvent, { type: "report-refused" }>): Step {
  if (state.members.get(event.deviceId)?.status === "checking") return unchanged(state);
  return refuse(state, { ...event, type: "update-refused" });
}

function leave(state: RoundState, event: Extract<JournalEvent, { type: "device-left" }>): Step {
  return whenMember(state, event.deviceId, (member) => {
    if (!isOutstanding(member) || member.status === "checking") return unchanged(state);
    const next = withMember(state, event.deviceId, { ...member, status: event.reason, isLost: false });
    const closed = closeRound(next, event.atMs);
    const cleanUp: RoundEffect[] = [
      { type: "forget-upload", deviceId: event.deviceId },
      { type: "cancel-timer", timer: { kind: "lost", deviceId: event.deviceId } },
    ];
    return { state: closed.state, effects: [...cleanUp, ...closed.effects], journal: event };
  });
}

/** Who has not sent everything by now is late, or dropped when out of touch; checks under way are awaited. */
function expire(state: RoundState, event: Extract<JournalEvent, { type: "reporting-expired" }>): Step {
  if (state.isExpired && countMembers(state, "checking") > 0) return unchanged(state);
  const lost = event.lost ?? devicesWhere(state, (member) => member.isLost);
  const awaited = event.awaited ?? devicesWhere(state, (member) => member.status === "checking");
  const statusOf = (deviceId: DeviceId): "dropped" | "late" => (lost.includes(deviceId) ? "dropped" : "late");
  const losses = loseOutstanding(state, { why: "deadline", statusOf, except: new Set(awaited) });
  const closed = closeRound({ ...losses.state, isExpired: true }, event.atMs);
  const journal = { ...event, lost, awaited };
  return { state: closed.state, effects: [...losses.effects, ...closed.effects], journal };
}

function whenMember(state: RoundState, deviceId: DeviceId, then: (member: Member) => Step): Step {
  const member = state.members.get(deviceId);
  return member === undefined ? unchanged(state) : then(member);
}
