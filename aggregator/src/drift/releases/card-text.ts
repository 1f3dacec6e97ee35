import type { ModelName } from "@fedge/protocol";
import type { DriftStore } from "../drift-store.js";

/** Windows and alerts that a card speaks of. */
const CARD_WINDOWS = 60;
const CARD_ALERTS = 5;

/** What released windows say of a version, for its model card; null when none was released. */
export function driftTextOf(
  store: Pick<DriftStore, "listReleases" | "listAlerts">,
): (version: { readonly model: ModelName; readonly version: number }) => Promise<string | null> {
  return async ({ model, version }) => {
    const releases = await store.listReleases(model, { version, limit: CARD_WINDOWS });
    const [last] = releases;
    if (last === undefined) return null;
    const numOf = new Map<string, number>();
    for (const { verdict } of releases) numOf.set(verdict, (numOf.get(verdict) ?? 0) + 1);
    const verdicts = [...numOf].map(([verdict, num]) => `${verdict} in ${num}`).join(", ");
    const alerts = (await store.listAlerts({ model, limit: 100 })).filter(
      (alert) => alert.version === version,
    );
    const told = alerts.slice(0, CARD_ALERTS).map(({ evidence, state, falseAlarmBy }) => {
      const end = falseAlarmBy === null ? state : "false alarm";
      return `${evidence.severity} ${evidence.kind}: ${evidence.text} (${end})`;
    });
    return [
      `Of the last ${releases.length} released windows: ${verdicts}. The newest says ${last.verdict}: ${last.reason}.`,
      "Every verdict takes a test that is corrected for all features and cohorts and an effect whose 95 % interval is above its floor, in two windows running.",
      ...(told.length === 0 ? ["No alerts."] : [`Last alerts: ${told.join("; ")}.`]),
    ].join(" ");
  };
}
