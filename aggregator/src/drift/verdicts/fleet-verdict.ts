import { worstVerdict, type ProfileFeature, type Verdict } from "@fedge/protocol/profile";
import type { FeatureStatistics } from "../releases/release-record.js";
import { WHOLE_FLEET } from "../sums/window-key.js";

export interface FleetVerdict {
  readonly verdict: Verdict;
  readonly reason: string;
  /** Importance of the features in drift over the whole fleet, of all features'. */
  readonly driftedShare: number;
}

interface JudgedView {
  readonly cohort: string;
  readonly features: readonly Pick<FeatureStatistics, "name" | "verdict" | "reason">[];
}

/**
 * The one verdict on a model's window: the worst that a feature has in a cohort that is shown. Every page, command, gate
 * and alert has it from here.
 */
export function fleetVerdict(
  views: readonly JudgedView[],
  features: readonly Pick<ProfileFeature, "name" | "importance">[],
): FleetVerdict {
  const found = views.flatMap((view) => view.features.map((feature) => ({ feature, cohort: view.cohort })));
  const driftedShare = shareInDrift(views, features);
  if (views.length === 0)
    return { verdict: "not_enough_data", reason: "too few devices to show anything", driftedShare: 0 };
  const verdict = worstVerdict(found.map(({ feature }) => feature.verdict));
  const those = found.filter(({ feature }) => feature.verdict === verdict);
  return { verdict, reason: reasonOf(verdict, those), driftedShare };
}

function reasonOf(
  verdict: Verdict,
  those: readonly { readonly feature: JudgedView["features"][number]; readonly cohort: string }[],
): string {
  if (verdict === "ok") return "no feature has changed by more than its floor";
  const first = those[0];
  if (first === undefined) return "there is no feature to test";
  const names = new Set(those.map(({ feature }) => feature.name));
  const more = names.size > 1 ? ` and ${names.size - 1} more` : "";
  const where = first.cohort === WHOLE_FLEET ? "" : ` among ${first.cohort}`;
  const why = first.feature.reason === null ? "" : `: ${first.feature.reason}`;
  return `${first.feature.name}${where}${more}${why}`;
}

function shareInDrift(
  views: readonly JudgedView[],
  features: readonly Pick<ProfileFeature, "name" | "importance">[],
): number {
  const whole = views.find(({ cohort }) => cohort === WHOLE_FLEET);
  const drifted = new Set(
    whole?.features.filter(({ verdict }) => verdict === "drift").map(({ name }) => name) ?? [],
  );
  const all = features.reduce((sum, { importance }) => sum + importance, 0);
  const those = features.filter(({ name }) => drifted.has(name));
  return all > 0 ? those.reduce((sum, { importance }) => sum + importance, 0) / all : 0;
}
