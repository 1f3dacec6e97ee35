import type { AlertData } from "../data/api-types.js";
import { refusalReason, type Permission, type Session } from "../data/session.js";
import type { Tone } from "../parts/badge.js";
import { formatAgo, formatDateTime } from "../text/format.js";

export type AlertAct = "ack" | "silence" | "false-alarm" | "resolve" | "confirm" | "dismiss";

export interface ActLook {
  readonly act: AlertAct;
  readonly label: string;
  readonly permission: Permission;
  readonly tone: "plain" | "main" | "danger";
  /** What it does, before it is done. */
  readonly effect: string;
}

export const ALERT_ACTS: readonly ActLook[] = [
  {
    ...{ act: "ack", label: "Acknowledge", permission: "propose", tone: "main" },
    effect: "You are its owner from now on, and others see that. It stays until the data are well again.",
  },
  {
    ...{ act: "silence", label: "Silence", permission: "propose", tone: "plain" },
    effect: "Nothing is told of it for a while. What is still there afterwards is told then.",
  },
  {
    ...{ act: "false-alarm", label: "False alarm", permission: "propose", tone: "danger" },
    effect:
      "It ends, and is not raised again for seven windows unless it gets graver, clearly larger or is another cohort's. The feature's page suggests a higher floor.",
  },
  {
    ...{ act: "resolve", label: "Resolve", permission: "propose", tone: "plain" },
    effect: "It ends now. If the matter is still there, the next windows raise it anew.",
  },
];

export const PROPOSAL_ACTS: readonly ActLook[] = [
  {
    ...{ act: "confirm", label: "Confirm training", permission: "tasks", tone: "main" },
    effect:
      "Devices begin to train, in the way in which the model was trained last. What comes of it is a version that a rollout takes to the fleet.",
  },
  {
    ...{ act: "dismiss", label: "Dismiss training", permission: "tasks", tone: "plain" },
    effect: "The proposal is dropped, and this alert makes no other.",
  },
];

/** Why this person cannot do it to the alert as it is now; null when he can. */
export function actRefusal(look: ActLook, alert: AlertData, session: Session): string | null {
  const role = refusalReason(session, look.permission);
  if (role !== null) return role;
  if (alert.state === "resolved") return "This alert is over.";
  if (look.permission === "tasks" && alert.proposal?.state !== "proposed")
    return "There is no proposal that waits for a decision.";
  if (look.act === "ack" && alert.state === "acknowledged" && alert.owner === session.name)
    return "You have taken it on already.";
  return null;
}

export const SEVERITY_TONES: Readonly<Record<AlertData["evidence"]["severity"], Tone>> = {
  critical: "bad",
  warning: "warn",
};

/** Where an alert stands, in words. */
export function alertStateText(alert: AlertData, nowMs: number): string {
  const { state, owner, silencedUntilMs, falseAlarmBy, resolvedAtMs } = alert;
  const isSilent = state !== "resolved" && silencedUntilMs !== null && silencedUntilMs > nowMs;
  const parts = [
    falseAlarmBy !== null
      ? `called a false alarm by ${falseAlarmBy}`
      : state === "resolved"
        ? `over since ${formatDateTime(resolvedAtMs ?? alert.changedAtMs)}`
        : state === "acknowledged"
          ? `taken on by ${owner ?? "somebody"}`
          : "open, nobody has taken it on",
    ...(isSilent ? [`silenced until ${formatDateTime(silencedUntilMs)}`] : []),
  ];
  return parts.join("; ");
}

const DEEDS: Readonly<Record<NonNullable<AlertData["lastDeed"]>["deed"], string>> = {
  acknowledge: "took this alert on",
  silence: "silenced this alert",
  "false-alarm": "called this a false alarm",
  resolve: "ended this alert",
  decide: "decided on the proposed training",
};

/** What a person did last: `bob took this alert on 12 s ago`; null when nobody did anything. */
export function lastDeedText({ lastDeed }: AlertData, nowMs: number): string | null {
  if (lastDeed === null) return null;
  return `${lastDeed.by} ${DEEDS[lastDeed.deed]} ${formatAgo(lastDeed.atMs, nowMs)}.`;
}
