import {
  classifierOf,
  comparisonOf,
  type Classify,
  type Compare,
  type WindowRows,
} from "@fedge/protocol/drift";
import type { JointMethod } from "./drift-judgement.js";
import type { WatchedProfile } from "./watched-feature.js";

/** What the classifier's entry is called. */
const ALL_INPUTS = "all inputs";
/** The rows are told apart by more than chance and more than the reference's own rows are, by so much. */
const LEAST_AUC = 0.55;
const AUC_ABOVE_BASELINE = 0.05;
/** As the floor of `fedge drift test --method mmd`. */
const LEAST_DISTANCE = 0.1;
const MOST_NAMED = 3;
/** Features that weigh less than this share of the heaviest one are not named. */
const LEAST_WEIGHT = 0.25;

/** What a window's rows say of features together, before it is corrected for other tests and compared with windows before. */
export interface JointMeasured {
  readonly name: string;
  readonly method: JointMethod;
  /** Area under the curve, or the distance of means without what chance gives; null where nothing could be compared. */
  readonly effect: number | null;
  /** The effect has to be above it. */
  readonly floor: number;
  /** Natural logarithm; null without a test. */
  readonly logPValue: number | null;
  /** Those that weigh most in telling rows apart, the heaviest first; empty where that is not known. */
  readonly features: readonly string[];
}

/** Compares the rows of windows with what a profile says of features together. Made once; each window draws its rows anew. */
export class JointWatch {
  readonly #tests: readonly ((rows: WindowRows, window: number) => JointMeasured)[];

  constructor({ profile }: Pick<WatchedProfile, "profile">) {
    const { joint, features } = profile;
    const classifier = joint?.classifier ?? null;
    this.#tests = [
      ...(classifier === null ? [] : [ofClassifier(classifier, classifierOf(classifier, features))]),
      ...(joint?.groups ?? []).map(({ name, ...group }) =>
        ofVectors(name, comparisonOf({ name, ...group }, features)),
      ),
    ];
  }

  measure(rows: WindowRows, window: number): JointMeasured[] {
    return this.#tests.map((test) => test(rows, window));
  }
}

function ofClassifier(
  { features, baselineAuc }: { readonly features: readonly string[]; readonly baselineAuc: number },
  classify: Classify,
): (rows: WindowRows, window: number) => JointMeasured {
  const floor = Math.max(LEAST_AUC, baselineAuc + AUC_ABOVE_BASELINE);
  return (rows, window) => {
    const found = classify(rows, String(window));
    return {
      ...{ name: ALL_INPUTS, method: "domain-classifier", floor },
      ...{ effect: found?.auc ?? null, logPValue: found?.logPValue ?? null },
      features: found === null ? [] : heaviest(features, found.weights),
    };
  };
}

function ofVectors(name: string, compare: Compare): (rows: WindowRows) => JointMeasured {
  return (rows) => {
    const found = compare(rows);
    return {
      ...{ name, method: "mmd", floor: LEAST_DISTANCE, features: [] },
      ...{ effect: found?.distance.excess ?? null, logPValue: found?.distance.logPValue ?? null },
    };
  };
}

function heaviest(features: readonly string[], weights: Float64Array): string[] {
  const order = [...features.keys()].sort((a, b) => (weights[b] as number) - (weights[a] as number));
  const least = LEAST_WEIGHT * (weights[order[0] as number] as number);
  return order
    .filter((at) => (weights[at] as number) > 0 && (weights[at] as number) >= least)
    .slice(0, MOST_NAMED)
    .map((at) => features[at] as string);
}
