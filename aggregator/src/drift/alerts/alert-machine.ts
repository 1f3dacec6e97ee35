import type { TaskId } from "@fedge/protocol";
import { rankOf, type AlertRecord, type Evidence } from "./alert-record.js";

/** Windows in a row without a matter after which it is over. */
export const QUIET_WINDOWS = 2;
/**
 * Windows for which one that is over by itself is not told again when it comes back. Windows are released one length apart, more
 * or less: half a one more, so that the next is within it.
 */
export const COOLDOWN_WINDOWS = 1.5;
/** Windows in which what was called a false alarm is no evidence: `isMarked` says what a mark covers. */
export const FALSE_ALARM_WINDOWS = 7;

/** Told people: that a matter is there, that it is graver than it was, that it is over. */
export type NoticeKind = "opened" | "escalated" | "resolved";

export type AlertEvent =
  | ({ readonly type: "seen"; readonly window: number; readonly endsAtMs: number } & ProposalScene)
  | { readonly type: "quiet"; readonly beginsAtMs: number; readonly endsAtMs: number }
  | { readonly type: "acknowledge"; readonly by: string }
  | { readonly type: "silence"; readonly by: string; readonly untilMs: number }
  | { readonly type: "false-alarm"; readonly by: string }
  | { readonly type: "resolve"; readonly by: string }
  /** `taskId` is the training that began with it; null for a dismissal. */
  | { readonly type: "decide"; readonly by: string; readonly taskId: TaskId | null };

/** What a proposal to train depends on. */
interface ProposalScene {
  readonly evidence: Evidence;
  readonly version: number;
  /** The other open alert of the model that has one; null for none. */
  readonly proposedIn: string | null;
}

/** What a person may do with an alert by itself; a decision on training begins a task, too. */
export type AlertAct = Exclude<AlertEvent, { type: "seen" | "quiet" | "decide" }>;

export interface AlertStep {
  readonly alert: AlertRecord;
  readonly notice: NoticeKind | null;
}

/** A matter that is seen for the first time, or again after it was over. */
export interface NewAlert extends ProposalScene {
  readonly alertId: string;
  readonly model: AlertRecord["model"];
  readonly window: number;
  readonly windowMs: number;
  readonly endsAtMs: number;
  readonly atMs: number;
  readonly runbook: string;
  /** The newest alert of the same matter that is over; null for none. */
  readonly before: AlertRecord | null;
}

/**
 * The alert of a new matter, told at once. One that comes back within the cooldown is kept, and told when it is still there
 * after it. What a false alarm's mark covers never comes here; what comes in spite of one is another matter, and told.
 */
export function openAlert({ before, evidence, atMs, ...given }: NewAlert): AlertStep {
  const isGraver = before !== null && rankOf(evidence.severity) > rankOf(before.evidence.severity);
  const isQuietened =
    before !== null && before.falseAlarmBy === null && isBefore(atMs, before.cooldownUntilMs) && !isGraver;
  const { alertId, model, version, window, windowMs, runbook } = given;
  const alert: AlertRecord = {
    ...{ alertId, model, version, evidence, runbook, windowMs, state: "open" },
    ...{ firstWindow: window, lastWindow: window, openedAtMs: atMs, changedAtMs: atMs, resolvedAtMs: null },
    ...{ numQuietWindows: 0, saidUntilMs: given.endsAtMs },
    ...{ owner: null, silencedUntilMs: null, falseAlarmBy: null },
    cooldownUntilMs: isQuietened ? before.cooldownUntilMs : null,
    told: isQuietened ? null : evidence.severity,
    ...proposalOf({ model, proposal: null }, { evidence, version, proposedIn: given.proposedIn }),
    ...{ revision: 0, lastDeed: null },
    nextEvent: 1,
  };
  return { alert, notice: isQuietened ? null : "opened" };
}

/**
 * One step of an alert; what is over stays over. States: `open -> acknowledged -> resolved`, or `open -> resolved`.
 *
 * 1. The same severity is told once, however many windows show it; a graver one once more.
 * 2. Nothing is told while it is silenced, or in the cooldown of the alert before; what is still there afterwards is told then,
 *    in the cooldown what gets graver at once.
 * 3. It is over after two windows in a row without it, or when a person says so; that is told when its beginning was. Of windows
 *    of two versions at one time one counts, and none that began before the last one that said something ended.
 * 4. Its revision counts what people did, and nothing else: a window that shows it again takes nobody by surprise.
 * 5. A false alarm ends it, and marks what it was about: the cohort and the size. Another cohort's change, one clearly larger
 *    and one that is graver open an alert nevertheless.
 */
export function stepAlert(alert: AlertRecord, event: AlertEvent, atMs: number): AlertStep {
  const { windowMs } = alert;
  if (alert.state === "resolved") return { alert, notice: null };
  const changed = { ...alert, ...deedOf(alert, event, atMs), changedAtMs: atMs };
  switch (event.type) {
    case "seen":
      return seen(changed, event, atMs);
    case "quiet":
      return event.beginsAtMs < alert.saidUntilMs
        ? { alert, notice: null }
        : quiet({ ...changed, saidUntilMs: event.endsAtMs }, atMs);
    case "acknowledge":
      return { alert: { ...changed, state: "acknowledged", owner: event.by }, notice: null };
    case "silence":
      return { alert: { ...changed, silencedUntilMs: event.untilMs, owner: event.by }, notice: null };
    case "false-alarm":
      return over(
        { ...changed, falseAlarmBy: event.by, owner: event.by },
        atMs,
        windowMs * FALSE_ALARM_WINDOWS,
      );
    case "resolve":
      return over({ ...changed, owner: event.by }, atMs, windowMs);
    case "decide":
      return { alert: { ...changed, proposal: decided(alert.proposal, event) }, notice: null };
  }
}

function quiet(alert: AlertRecord, atMs: number): AlertStep {
  const numQuietWindows = alert.numQuietWindows + 1;
  if (numQuietWindows < QUIET_WINDOWS) return { alert: { ...alert, numQuietWindows }, notice: null };
  return over({ ...alert, numQuietWindows }, atMs, alert.windowMs * COOLDOWN_WINDOWS);
}

function deedOf(
  { revision, lastDeed }: AlertRecord,
  event: AlertEvent,
  atMs: number,
): Pick<AlertRecord, "revision" | "lastDeed"> {
  if (event.type === "seen" || event.type === "quiet") return { revision, lastDeed };
  return { revision: revision + 1, lastDeed: { deed: event.type, by: event.by, atMs } };
}

function seen(
  alert: AlertRecord,
  { window, endsAtMs, ...scene }: Extract<AlertEvent, { type: "seen" }>,
  atMs: number,
): AlertStep {
  const { evidence, version } = scene;
  const isSilent = isBefore(atMs, alert.silencedUntilMs) || isCooling(alert, evidence, atMs);
  const isGraver = alert.told === null || rankOf(evidence.severity) > rankOf(alert.told);
  const notice = isSilent || !isGraver ? null : alert.told === null ? "opened" : "escalated";
  const kept = isGraver && isSilent ? alert.told : isGraver ? evidence.severity : alert.told;
  return {
    alert: {
      ...{ ...alert, evidence, lastWindow: window, numQuietWindows: 0, told: kept },
      // Of two versions that have it at one time the newer one says how long.
      version: Math.max(alert.version, version),
      saidUntilMs: Math.max(alert.saidUntilMs, endsAtMs),
      ...proposalOf(alert, scene),
    },
    notice,
  };
}

/** Whether the alert came back in the cooldown of the one before, and gets no graver. */
function isCooling(
  { told, cooldownUntilMs, evidence: before }: AlertRecord,
  { severity }: Evidence,
  atMs: number,
): boolean {
  return told === null && isBefore(atMs, cooldownUntilMs) && rankOf(severity) <= rankOf(before.severity);
}

function isBefore(atMs: number, endsAtMs: number | null): boolean {
  return endsAtMs !== null && atMs < endsAtMs;
}

function over(alert: AlertRecord, atMs: number, cooldownMs: number): AlertStep {
  const isSilent = isBefore(atMs, alert.silencedUntilMs);
  return {
    alert: { ...alert, state: "resolved", resolvedAtMs: atMs, cooldownUntilMs: atMs + cooldownMs },
    notice: alert.told === null || isSilent ? null : "resolved",
  };
}

/**
 * A critical matter that training may mend proposes it, or refers to the alert that does already: one cause has many alerts,
 * and one training. It is proposed once, and a person decides.
 */
function proposalOf(
  { model, proposal }: Pick<AlertRecord, "model" | "proposal">,
  { evidence, version, proposedIn }: ProposalScene,
): Pick<AlertRecord, "proposal" | "proposedIn"> {
  const isMendable = evidence.kind === "drift" || evidence.kind === "performance";
  if (proposal !== null || evidence.severity !== "critical" || !isMendable)
    return { proposal, proposedIn: null };
  if (proposedIn !== null) return { proposal, proposedIn };
  const proposed = {
    ...{ state: "proposed" as const, model, baseVersion: version, reason: evidence.text },
    ...{ decidedBy: null, taskId: null },
  };
  return { proposal: proposed, proposedIn };
}

/** The alert when the one that had the model's proposal is over: it proposes, or refers to the one that does by now. */
export function proposing(alert: AlertRecord, proposedIn: string | null): AlertRecord {
  return { ...alert, ...proposalOf(alert, { evidence: alert.evidence, version: alert.version, proposedIn }) };
}

function decided(
  proposal: AlertRecord["proposal"],
  { by, taskId }: Extract<AlertEvent, { type: "decide" }>,
): AlertRecord["proposal"] {
  if (proposal === null || proposal.state !== "proposed") return proposal;
  return { ...proposal, state: taskId === null ? "dismissed" : "confirmed", decidedBy: by, taskId };
}
