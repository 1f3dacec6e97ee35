import type { AlertRecord } from "../../drift/alerts/alert-record.js";
import type { OutcomesView } from "../../drift/drift-views.js";
import { percent } from "../progress.js";
import { SHOP } from "../shop/shop-model.js";
import { COAST_DEVICES } from "./drift-plan.js";
import { alertIdsOf } from "./webhook-receiver.js";
import type { DriftRehearsal, DriftRehearsalOptions } from "./drift-rehearsal.js";

export interface DriftRehearsalResult {
  readonly devices: number;
  readonly seed: string;
  readonly seconds: number;
  /** Shares of the coast's labelled predictions that were right: before, after the change, and with the recovered version. */
  readonly accuracy: { readonly before: number; readonly drifted: number; readonly recovered: number };
  /** Devices whose own monitor said drift or broken data: of the coast, and of the others. */
  readonly localVerdicts: { readonly coast: number; readonly others: number };
  /** Devices that the recovered version learnt from: of the coast, and others. */
  readonly trainers: { readonly coast: number; readonly others: number };
  /** What was opened, each with how often the webhook was told of it. */
  readonly alerts: readonly {
    readonly kind: string;
    readonly severity: string;
    readonly text: string;
    readonly state: string;
    readonly numCalls: number;
  }[];
  /** Total variation of the basket's change: of the whole, by other shares of the cohorts, and within them. */
  readonly decomposition: { readonly total: number; readonly mix: number; readonly within: number };
  readonly versions: { readonly before: number; readonly expected: number; readonly recovered: number };
  /** Devices by the version that they serve in the end. */
  readonly serving: Readonly<Record<string, number>>;
  readonly isAuditWhole: boolean;
  /** What did not go as it must; empty when all did. */
  readonly problems: readonly string[];
}

/** Nobody is right more often than in about nine of ten. */
const LEAST_RECOVERED = 0.75;
/** Opened, graver, over. */
const MOST_CALLS = 3;

export async function resultOf(
  rehearsal: DriftRehearsal,
  { numDevices, seed }: Pick<DriftRehearsalOptions, "numDevices" | "seed">,
  found: Omit<DriftRehearsalResult, "devices" | "seed" | "alerts" | "serving" | "isAuditWhole" | "problems">,
): Promise<DriftRehearsalResult> {
  const all = await rehearsal.everyAlert();
  const alerts = all.map((alert) => ({
    ...{ kind: alert.evidence.kind, severity: alert.evidence.severity },
    ...{ text: alert.evidence.text, state: alert.state },
    numCalls: rehearsal.webhook.calls.filter((call) => alertIdsOf(call).includes(alert.alertId)).length,
  }));
  const { ok } = await rehearsal.opened.base.audit.verify();
  const serving = rehearsal.exposure.countServing(SHOP);
  const result = { devices: numDevices, seed, ...found, alerts, isAuditWhole: ok, serving };
  return { ...result, problems: problemsOf(result, all, rehearsal.webhook.numRefused) };
}

export function accuracyOf(outcomes: OutcomesView | null): number {
  return outcomes?.accuracy ?? Number.NaN;
}

function problemsOf(
  { accuracy, localVerdicts, trainers, alerts, isAuditWhole }: Omit<DriftRehearsalResult, "problems">,
  records: readonly AlertRecord[],
  numRefused: number,
): string[] {
  const open = records.filter(({ state }) => state !== "resolved");
  const repeated = alerts.filter(({ numCalls }) => numCalls > MOST_CALLS);
  return [
    ...(localVerdicts.coast === COAST_DEVICES
      ? []
      : [`${localVerdicts.coast} devices of the coast saw the drift`]),
    ...(trainers.others === 0 ? [] : [`${trainers.others} devices trained that are not on the coast`]),
    ...(accuracy.recovered >= LEAST_RECOVERED
      ? []
      : [`the recovered version is right in ${percent(accuracy.recovered)}`]),
    ...(open.length === 0 ? [] : [`${open.length} alerts are open still`]),
    ...(repeated.length === 0 ? [] : [`${repeated.length} alerts were told more than three times`]),
    ...(numRefused === 0 ? [] : [`${numRefused} calls of the webhook were not signed as they must`]),
    ...(isAuditWhole ? [] : ["the audit chain is broken"]),
  ];
}
