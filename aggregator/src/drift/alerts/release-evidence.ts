import type { ProfileFeature, VectorLayout } from "@fedge/protocol/profile";
import type { WholeRelease } from "../drift-store.js";
import { estimatedAccuracy, outcomesOf, type OutcomeMeasures } from "../outcomes/outcome-measures.js";
import type { MonitoredVersion } from "../references/monitored-version.js";
import { COMPARED_WINDOWS } from "../releases/previous-release.js";
import type { FeatureStatistics, ReleasedView } from "../releases/release-record.js";
import { numDevicesOf } from "../statistics/feature-statistics.js";
import { WHOLE_FLEET } from "../sums/window-key.js";
import { exceededEffect } from "../verdicts/window-rule.js";
import { ACCURACY_BAND, accuracyLimit, type WindowAccuracy } from "./accuracy-limit.js";
import type { AlertKind, Evidence } from "./alert-record.js";

/** Share of the features' importance that drifts from which on an alert is critical. */
export const CRITICAL_SHARE = 0.3;
const LEAST_LABELLED = 100;
/** Devices of those before that still have to report. */
export const SILENT_SHARE = 0.7;

const REFERENCE = `the ${COMPARED_WINDOWS} windows before`;

export interface EvidenceScene {
  readonly whole: WholeRelease;
  readonly monitored: MonitoredVersion;
  /** Views of the last release that showed something. */
  readonly before: readonly ReleasedView[];
  /** The whole fleet's of the windows that are compared with, newest first. */
  readonly recent: readonly ReleasedView[];
  /** The first window that is compared with: in it a person ended an alert of the kind, and took what was for what is right. */
  readonly acceptedFrom: (kind: AlertKind) => number;
  /** What an open alert of the kind and feature holds as its limit; null for none. */
  readonly openLimit: (kind: AlertKind) => number | null;
  /** Whether people called just that a false alarm. */
  readonly isMarked: (evidence: Evidence) => boolean;
  /** Devices that reported before; null when they were too few to say. */
  readonly numDevicesBefore: number | null;
  /** Devices that report in this window, be they enough to show or not. */
  readonly numDevicesNow: number;
  /** Devices that report of other versions of the model now. */
  readonly numDevicesElsewhere: number;
  readonly staleAfterMs: number | null;
}

/** What a release shows that people have to know; one for each matter. */
export function evidenceOf(scene: EvidenceScene): Evidence[] {
  const accuracy = accuracyEvidence(scene);
  const isCritical =
    scene.whole.release.driftedShare > CRITICAL_SHARE || accuracy !== null || isEstimateDown(scene);
  const features = scene.monitored.profile.features.flatMap((feature) =>
    featureEvidence(scene, feature, isCritical),
  );
  const whole = [accuracy, silentEvidence(scene), staleEvidence(scene)];
  return [...features, ...whole.filter((each) => each !== null).filter((each) => !scene.isMarked(each))];
}

function featureEvidence(scene: EvidenceScene, feature: ProfileFeature, isCritical: boolean): Evidence[] {
  const wasExceeded = new Set(
    scene.before.flatMap(({ cohort, features }) =>
      features.some(({ name, isExceeded }) => name === feature.name && isExceeded) ? [cohort] : [],
    ),
  );
  const found = scene.whole.views.flatMap((view) => {
    const statistics = view.features.find(({ name }) => name === feature.name);
    return statistics === undefined ? [] : [{ view, statistics }];
  });
  const pick = (kind: AlertKind, isIt: (each: (typeof found)[number]) => boolean): Evidence[] => {
    const severity = kind === "data-broken" || (kind === "drift" && isCritical) ? "critical" : "warning";
    const those = found.filter(isIt).map((each): Evidence => ({
      ...describe(feature, each.view, { ...each, layout: scene.monitored.layout }),
      ...{ kind, severity },
    }));
    // The whole fleet's before a cohort's. A cohort's false alarm hides no other's change.
    const unmarked = those.filter((each) => !scene.isMarked(each));
    return unmarked.sort((one, other) => (one.cohort < other.cohort ? -1 : 1)).slice(0, 1);
  };
  return [
    ...pick("data-broken", ({ statistics }) => statistics.verdict === "broken_data"),
    ...pick("drift", ({ statistics }) => statistics.verdict === "drift"),
    ...pick(
      "prediction-drift",
      ({ view, statistics }) =>
        statistics.verdict === "warning" &&
        statistics.isExceeded &&
        wasExceeded.has(view.cohort) &&
        isSoft(feature),
    ),
  ];
}

function isSoft({ role }: ProfileFeature): boolean {
  return role !== "input" && role !== "embedding" && role !== "text";
}

function describe(
  feature: ProfileFeature,
  view: ReleasedView,
  { statistics, layout }: { readonly statistics: FeatureStatistics; readonly layout: VectorLayout },
): Omit<Evidence, "kind" | "severity"> {
  // The same effect as the reason tells of.
  const effect = statistics.isExceeded ? exceededEffect(statistics, feature, view.t) : null;
  const cells = layout.features.find(({ name }) => name === feature.name);
  // Values that are withheld are of nobody; that they are missing is what the whole cohort's rows say.
  const isOfView = cells === undefined || statistics.isWithheld;
  const numDevices = isOfView ? view.numDevices : numDevicesOf(cells, view.cells);
  const where = view.cohort === WHOLE_FLEET ? "" : ` among ${view.cohort}`;
  const { broken } = statistics;
  const numbers =
    effect === null
      ? {
          ...{ method: "broken-share", score: broken.value, limit: broken.expected },
          ...{ lower: broken.value - view.t * broken.error, upper: broken.value + view.t * broken.error },
        }
      : {
          ...{ method: effect.method, score: effect.value, limit: effect.floor },
          ...{ lower: effect.lower, upper: effect.upper },
        };
  return {
    ...{ feature: feature.name, cohort: view.cohort, ...numbers },
    ...{ numRows: isOfView ? view.numRows : statistics.numRows, numDevices, reference: "training" },
    text: `${feature.name}${where}: ${statistics.reason ?? statistics.verdict}`,
  };
}

function wholeOutcomes(
  views: readonly ReleasedView[],
  { layout, profile }: MonitoredVersion,
): { readonly view: ReleasedView; readonly outcomes: OutcomeMeasures } | null {
  const view = views.find(({ cohort }) => cohort === WHOLE_FLEET);
  return view === undefined ? null : { view, outcomes: outcomesOf(view.cells, layout, profile.outcomes) };
}

interface LabelledOutcomes {
  readonly view: ReleasedView;
  readonly outcomes: OutcomeMeasures;
  readonly accuracy: number;
}

/** The whole fleet's, with its accuracy; null where too few labels came to say. */
export function labelledOutcomes(
  views: readonly ReleasedView[],
  monitored: MonitoredVersion,
): LabelledOutcomes | null {
  const found = wholeOutcomes(views, monitored);
  const accuracy = found?.outcomes.accuracy ?? null;
  if (found === null || accuracy === null || found.outcomes.numLabelled < LEAST_LABELLED) return null;
  return { ...found, accuracy };
}

/** Accuracy by labels that came, below what it was by more than its band and more than chance. */
function accuracyEvidence(scene: EvidenceScene): Evidence | null {
  const now = labelledOutcomes(scene.whole.views, scene.monitored);
  if (now === null) return null;
  const { accuracy } = now;
  const limit = scene.openLimit("performance") ?? limitBefore(scene, now);
  if (limit === null || accuracy >= limit) return null;
  const margin = now.view.t * (now.view.outcomeErrors["accuracy"] ?? 0);
  const numbers = { score: accuracy, limit, lower: accuracy - margin, upper: accuracy + margin };
  return {
    ...{ kind: "performance", severity: "critical", feature: "", cohort: WHOLE_FLEET, method: "accuracy" },
    ...{ ...numbers, numRows: now.outcomes.numLabelled, numDevices: now.outcomes.numLabellingDevices },
    reference: REFERENCE,
    text: `${(100 * accuracy).toFixed(1)} % of labelled predictions were right; at least ${(100 * limit).toFixed(1)} % are expected`,
  };
}

function limitBefore(scene: EvidenceScene, now: LabelledOutcomes): number | null {
  const before = comparedWith(scene, "performance").flatMap(
    (view) => labelledOutcomes([view], scene.monitored) ?? [],
  );
  return accuracyLimit(windowAccuracy(now), before.map(windowAccuracy));
}

function windowAccuracy({ view, outcomes, accuracy }: LabelledOutcomes): WindowAccuracy {
  const { numLabelled, numLabellingDevices: numDevices } = outcomes;
  const error = view.outcomeErrors["accuracy"] ?? null;
  return { accuracy, error, numGroups: view.numGroups, numLabelled, numDevices };
}

function comparedWith({ recent, acceptedFrom }: EvidenceScene, kind: AlertKind): ReleasedView[] {
  return recent.filter(({ window }) => window >= acceptedFrom(kind));
}

/** Without labels: what the scores promise, where their conditions hold. */
function isEstimateDown({ whole, before, monitored }: EvidenceScene): boolean {
  const [now, then] = [wholeOutcomes(whole.views, monitored), wholeOutcomes(before, monitored)];
  if (now === null || then === null) return false;
  const estimate = ({ outcomes }: { readonly outcomes: OutcomeMeasures }): number | null =>
    estimatedAccuracy(outcomes.calibration, 0).value;
  const [value, earlier] = [estimate(now), estimate(then)];
  return value !== null && earlier !== null && value < earlier - ACCURACY_BAND;
}

function silentEvidence(scene: EvidenceScene): Evidence | null {
  const { release } = scene.whole;
  const open = scene.openLimit("silent-fleet");
  const expected = expectedDevices(scene);
  const limit = open ?? (expected === null ? null : expected * SILENT_SHARE);
  if (limit === null || scene.numDevicesNow + scene.numDevicesElsewhere >= limit) return null;
  const now =
    release.numDevices === null ? "too few devices to say report" : `${release.numDevices} devices report`;
  return {
    ...{ kind: "silent-fleet", severity: "warning", feature: "", cohort: WHOLE_FLEET },
    ...{ method: "reporting-devices", score: release.numDevices, lower: null, upper: null, limit },
    ...{ numRows: release.numRows, numDevices: release.numDevices, reference: REFERENCE },
    text: `${now}; there were ${Math.round(limit / SILENT_SHARE)}`,
  };
}

/** Devices of the window before, or what two of those that are compared with had: of one alone it may have been a crowd. */
function expectedDevices(scene: EvidenceScene): number | null {
  const counts = comparedWith(scene, "silent-fleet").map(({ numDevices }) => numDevices);
  const [, second = 0] = counts.sort((one, other) => other - one);
  const most = Math.max(scene.numDevicesBefore ?? 0, second);
  return most === 0 ? null : most;
}

function staleEvidence({ whole: { release }, monitored, staleAfterMs }: EvidenceScene): Evidence | null {
  const ageMs = release.releasedAtMs - monitored.createdAtMs;
  if (staleAfterMs === null || ageMs <= staleAfterMs) return null;
  const days = (ms: number): string => `${(ms / 86_400_000).toFixed(1)} days`;
  return {
    ...{ kind: "stale", severity: "warning", feature: "", cohort: WHOLE_FLEET, method: "age" },
    ...{ score: ageMs, limit: staleAfterMs, lower: null, upper: null },
    ...{ numRows: null, numDevices: null, reference: "policy" },
    text: `version ${release.version} is ${days(ageMs)} old; the policy allows ${days(staleAfterMs)}`,
  };
}
