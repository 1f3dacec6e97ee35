import { LEAST_LOG_P, logBenjaminiHochberg } from "@fedge/protocol/drift";
import type { FeatureRole, ProfileFeature, Verdict } from "@fedge/protocol/profile";
import type { Estimate, FeatureStatistics } from "../releases/release-record.js";
import type { MeasuredFeature } from "../statistics/feature-statistics.js";

/** Level at which tests are more than chance, corrected for all of a window. */
export const ALPHA = 0.05;
/**
 * A profile's floors are of single devices, which see large breaks only. The sum of a fleet sees smaller changes surely: its
 * lower bound has to be above this share of them.
 */
export const FLEET_FLOOR_SHARE = 0.5;
/** The share, every device counting alike, beyond the reference's that may be broken: of a feature that is required, and of one that is not. */
export const BROKEN_FLOORS = { required: 0.05, optional: 0.1 } as const;

/** What such features say is no change of the inputs, nor are they broken inputs: it warns, and never more. */
const SOFT_ROLES: ReadonlySet<FeatureRole> = new Set(["prediction", "score", "latency", "action", "label"]);

export interface MeasuredView {
  readonly cohort: string;
  readonly t: number;
  readonly features: readonly MeasuredFeature[];
}

export interface WindowRuleOptions {
  readonly features: readonly ProfileFeature[];
  readonly minRows: number;
  /** Whether the feature exceeded its floor in the window before. */
  readonly exceededBefore: (cohort: string, feature: string) => boolean;
}

export interface JudgedWindow {
  readonly views: readonly { readonly cohort: string; readonly features: readonly FeatureStatistics[] }[];
  readonly numTests: number;
}

/**
 * The rule of one window, over all features, tests and cohorts that are shown: a feature is exceeded when a test is more
 * than chance after Benjamini and Hochberg's correction AND the lower end of an effect's 95 % interval, what chance gives
 * taken off, is above its floor. Exceeded in two windows running is drift, once a warning. Broken rows of inputs count at once.
 */
export function judgeWindow(views: readonly MeasuredView[], options: WindowRuleOptions): JudgedWindow {
  const tests = views.flatMap(({ features }) =>
    features.flatMap(({ logP, numRows }) =>
      // What is not judged is no test: few labels where other features have their rows.
      numRows < options.minRows
        ? [Number.NaN, Number.NaN]
        : [logP.cells ?? Number.NaN, logP.mean ?? Number.NaN],
    ),
  );
  const corrected = logBenjaminiHochberg(tests);
  const leastOf = (place: number): number => {
    const pair = [corrected[2 * place], corrected[2 * place + 1]].filter(
      (logP): logP is number => logP !== undefined && !Number.isNaN(logP),
    );
    return pair.length === 0 ? 0 : Math.max(LEAST_LOG_P, Math.min(...pair));
  };
  const judged = views.map((view, at) => ({
    cohort: view.cohort,
    features: view.features.map((measured, index) => {
      const feature = options.features[index] as ProfileFeature;
      const scene = { view, feature, options, logP: leastOf(at * view.features.length + index) };
      return judgeFeature(measured, scene);
    }),
  }));
  return { views: judged, numTests: tests.filter((logP) => !Number.isNaN(logP)).length };
}

interface Scene {
  readonly view: MeasuredView;
  readonly feature: ProfileFeature;
  readonly options: WindowRuleOptions;
  readonly logP: number;
}

function judgeFeature(measured: MeasuredFeature, scene: Scene): FeatureStatistics {
  const { view, feature, options, logP } = scene;
  const base = { ...measured, logP: { ...measured.logP, corrected: logP } };
  const none = (verdict: Verdict, reason: string | null): FeatureStatistics => ({
    ...{ ...base, verdict, reason, isExceeded: false },
  });
  if (!feature.counts.some((count) => count > 0)) return none("not_testable", "the reference has no rows");
  const isSoft = SOFT_ROLES.has(feature.role);
  const isThin = measured.numRows < options.minRows;
  const broken = isSoft || isThin ? null : brokenReason(measured, feature, view.t);
  if (broken !== null) return none("broken_data", broken);
  if (measured.isWithheld) return none("not_enough_data", "too few devices counted it");
  if (isThin) return none("not_enough_data", `${measured.numRows} rows; a verdict needs ${options.minRows}`);
  if (measured.logP.cells === null && measured.logP.mean === null)
    return none("not_testable", "constant: there is nothing to test");
  const effect = logP <= Math.log(ALPHA) ? exceededEffect(measured, feature, view.t) : null;
  if (effect === null) return none("ok", null);
  const isSustained = options.exceededBefore(view.cohort, feature.name);
  const verdict = isSustained && !isSoft ? "drift" : "warning";
  return { ...base, verdict, reason: wordsOf(effect), isExceeded: true };
}

function brokenReason({ broken }: MeasuredFeature, feature: ProfileFeature, t: number): string | null {
  const floor = Math.max(BROKEN_FLOORS[feature.required ? "required" : "optional"], 1 - feature.mostly);
  const lower = broken.value - broken.expected - t * broken.error;
  if (!(lower > floor)) return null;
  const share = `${percent(broken.value)} missing or not as the schema says, every device counting alike`;
  return `${share}; the reference has ${percent(broken.expected)}`;
}

/** Ends of the 95 % interval of an estimate, what chance gives taken off. */
export function intervalOf(
  { value, expected, error }: Estimate,
  t: number,
): { readonly lower: number; readonly upper: number } {
  return { lower: value - expected - t * error, upper: value - expected + t * error };
}

/** Of the effects that are above their floors for certain, the one that is so most times over; null for none. */
export function exceededEffect(
  measured: Parameters<typeof effectsOf>[0],
  feature: Pick<ProfileFeature, "floors">,
  t: number,
): FleetEffect | null {
  let most: FleetEffect | null = null;
  for (const effect of effectsOf(measured, feature, t)) {
    if (!(effect.lower > effect.floor)) continue;
    // Multiplied crosswise: a floor may be 0.
    if (most === null || effect.lower * most.floor > most.lower * effect.floor) most = effect;
  }
  return most;
}

function wordsOf({ name, lower, floor }: FleetEffect): string {
  return `${name} is at least ${lower.toPrecision(3)}, above its floor of ${floor}`;
}

export interface FleetEffect {
  readonly method: "psi" | "jensen-shannon" | "mean-shift";
  readonly name: string;
  readonly value: number;
  readonly lower: number;
  readonly upper: number;
  readonly floor: number;
}

/** How large a feature's change is by each measure that a verdict goes by, what chance gives taken off. */
export function effectsOf(
  { psi, jensenShannon, meanShift }: Pick<MeasuredFeature, "psi" | "jensenShannon" | "meanShift">,
  { floors }: Pick<ProfileFeature, "floors">,
  t: number,
): FleetEffect[] {
  const [index, bits] = [intervalOf(psi, t), intervalOf(jensenShannon, t)];
  const root = (value: number): number => Math.sqrt(Math.max(0, value));
  const effects: FleetEffect[] = [
    {
      ...{ method: "psi", name: "PSI", value: psi.value - psi.expected },
      ...{ ...index, floor: floors.psi * FLEET_FLOOR_SHARE },
    },
    {
      ...{ method: "jensen-shannon", name: "the Jensen-Shannon distance" },
      value: root(jensenShannon.value - jensenShannon.expected),
      ...{ lower: root(bits.lower), upper: root(bits.upper) },
      floor: floors.jensenShannon * FLEET_FLOOR_SHARE,
    },
  ];
  if (meanShift === null) return effects;
  const size = Math.abs(meanShift.value);
  const half = t * meanShift.error;
  effects.push({
    ...{ method: "mean-shift", name: "the shift of the mean in standard deviations", value: size },
    ...{ lower: size - half, upper: size + half, floor: floors.meanShift * FLEET_FLOOR_SHARE },
  });
  return effects;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}
