import { modelName, taskId } from "@fedge/protocol";
import * as z from "zod/mini";

export const ALERT_KINDS = [
  "drift",
  "prediction-drift",
  "data-broken",
  "performance",
  "silent-fleet",
  "stale",
] as const;
export const alertKind = z.enum(ALERT_KINDS);
export type AlertKind = z.infer<typeof alertKind>;

export const alertSeverity = z.enum(["warning", "critical"]);
export type AlertSeverity = z.infer<typeof alertSeverity>;

/** What was seen, as it is told to people. */
export const evidence = z.object({
  kind: alertKind,
  severity: alertSeverity,
  /** Empty when it is about the whole model. */
  feature: z.string(),
  cohort: z.string(),
  method: z.string(),
  score: z.nullable(z.number()),
  lower: z.nullable(z.number()),
  upper: z.nullable(z.number()),
  /** What the lower bound has to be above. */
  limit: z.nullable(z.number()),
  numRows: z.nullable(z.number()),
  numDevices: z.nullable(z.number()),
  reference: z.string(),
  text: z.string(),
});
export type Evidence = z.infer<typeof evidence>;

/** A training task that a critical alert proposes; nothing trains before a person confirms it. */
export const proposal = z.object({
  state: z.enum(["proposed", "confirmed", "dismissed"]),
  model: modelName,
  baseVersion: z.number(),
  reason: z.string(),
  decidedBy: z.nullable(z.string()),
  /** The task that a confirmation began; null before one. */
  taskId: z._default(z.nullable(taskId), null),
});

/** What people can do with an alert, as it is told to others. */
export const ALERT_DEEDS = ["acknowledge", "silence", "false-alarm", "resolve", "decide"] as const;

/** What a person did with an alert last. */
export const alertDeed = z.object({ deed: z.enum(ALERT_DEEDS), by: z.string(), atMs: z.number() });

/** One matter of one model: opened once, told once for each severity, closed when it is over. */
export const alertRecord = z.object({
  alertId: z.string(),
  model: modelName,
  version: z.number(),
  state: z.enum(["open", "acknowledged", "resolved"]),
  evidence,
  /** Length of its windows. */
  windowMs: z.number(),
  firstWindow: z.number(),
  lastWindow: z.number(),
  openedAtMs: z.number(),
  changedAtMs: z.number(),
  resolvedAtMs: z.nullable(z.number()),
  /** Windows in a row without it; it is over after two. */
  numQuietWindows: z.number(),
  /** End of the last window that said that it is there, or that it is not. */
  saidUntilMs: z._default(z.number(), 0),
  /** The severity that was told; null while nothing was, because it was silenced. */
  told: z.nullable(alertSeverity),
  owner: z.nullable(z.string()),
  silencedUntilMs: z.nullable(z.number()),
  /** Who called it a false alarm. */
  falseAlarmBy: z.nullable(z.string()),
  /** Nothing is told before this, when a matter comes back. */
  cooldownUntilMs: z.nullable(z.number()),
  runbook: z.string(),
  proposal: z.nullable(proposal),
  /** The alert whose proposal is this one's too: a model has one at a time. Null when it proposes itself, or nothing. */
  proposedIn: z._default(z.nullable(z.string()), null),
  /** How often people changed it: who acts on what he saw sends it back. */
  revision: z._default(z.number(), 0),
  lastDeed: z._default(z.nullable(alertDeed), null),
  /** Number of the next thing to tell. */
  nextEvent: z.number(),
});
export type AlertRecord = z.infer<typeof alertRecord>;

/** What an alert is about: one open alert for each. */
export function subjectOf({ kind, feature }: Pick<Evidence, "kind" | "feature">): string {
  return `${kind}/${feature}`;
}

/** The graver, the greater. */
export function rankOf(severity: AlertSeverity): number {
  return severity === "critical" ? 2 : 1;
}

/**
 * One call of the webhook. `deliveryId` is the id of the alert that it tells first and the event's number, so that it exists
 * once.
 */
export interface Delivery {
  readonly deliveryId: string;
  readonly alertId: string;
  readonly state: "pending" | "delivered" | "given-up";
  readonly numAttempts: number;
  readonly nextAtMs: number;
  readonly body: string;
}
