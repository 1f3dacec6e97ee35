import * as z from "zod/mini";
import { correlationRoot } from "../drift/joint/gaussian-copula.js";
import { finiteNumber, positiveInt, shortText } from "../schema.js";

/** Features that one joint test looks at together. */
export const MAX_JOINT_FEATURES = 64;
export const MAX_VECTOR_GROUPS = 4;
const MAX_PAIRS = (MAX_JOINT_FEATURES * (MAX_JOINT_FEATURES - 1)) / 2;
/** Least and greatest value of a mean of cosines, in its fixed point. */
const COSINE_LIMIT = 32_767;

const featureNames = z
  .array(z.string().check(z.minLength(1), z.maxLength(128)))
  .check(z.minLength(2), z.maxLength(MAX_JOINT_FEATURES));
const seed = z.string().check(z.maxLength(64));
const above0 = finiteNumber.check(z.gt(0));

/** What rows of the reference are drawn from, with the margins of its features: no row of the training data is in it. */
export const classifierReference = z.object({
  /** Names of numeric and categorical features; those first that matter most. */
  features: featureNames,
  /** Of the normals behind them (Gaussian copula): the lower triangle without its diagonal, row after row. */
  correlations: z.array(finiteNumber.check(z.gte(-1), z.lte(1))).check(z.maxLength(MAX_PAIRS)),
  /** How well the classifier tells training rows that the correlations are not of from drawn ones; 0.5 is not at all. */
  baselineAuc: finiteNumber.check(z.gte(0.5), z.lte(1)),
  seed,
  /** Rows that are drawn anew for each window. */
  numSynthetic: z.int().check(z.gte(100), z.lte(2000)),
});
export type ClassifierReference = z.infer<typeof classifierReference>;

/** What vectors of standardised numbers looked like, as the mean of random Fourier features. */
export const vectorGroup = z.object({
  /** For people. */
  name: shortText.check(z.minLength(1)),
  /** Names of numeric features, in the order of the vector. */
  features: featureNames,
  /** Of the Gaussian kernel, in standard deviations. */
  bandwidth: above0,
  seed,
  /** Of each cosine the mean, in 32767ths. */
  cosines: z
    .array(z.int().check(z.gte(-COSINE_LIMIT), z.lte(COSINE_LIMIT)))
    .check(z.minLength(16), z.maxLength(512)),
  /** Rows that the mean is of. */
  numRows: positiveInt,
  /** Of `n m / (n + m)` times the squared distance between n and m rows of the reference. */
  byChance: z.object({ mean: above0, variance: above0, freedom: above0 }),
});
export type VectorGroup = z.infer<typeof vectorGroup>;

/** What is compared of features together; it decides no cell of a vector. */
export const jointReference = z.object({
  classifier: z.nullable(classifierReference),
  groups: z.array(vectorGroup).check(z.maxLength(MAX_VECTOR_GROUPS)),
});
export type JointReference = z.infer<typeof jointReference>;

/** What of a feature has to fit a joint reference. */
export interface JointFeature {
  readonly kind: "numeric" | "categorical";
  readonly name: string;
  readonly std?: number;
  readonly counts: readonly number[];
}

/** Why a joint reference does not fit the features, in words; null where it does. */
export function jointFault(
  { classifier, groups }: JointReference,
  features: readonly JointFeature[],
): string | null {
  const byName = new Map(features.map((feature) => [feature.name, feature]));
  for (const { name, features: names } of groups) {
    const fault = namesFault(names, byName);
    if (fault !== null) return `"${name}": ${fault}`;
    const odd = names.find((one) => !((byName.get(one)?.std ?? 0) > 0));
    if (odd !== undefined) return `"${name}": "${odd}" is no number that varies`;
  }
  return classifier === null ? null : classifierFault(classifier, byName);
}

function classifierFault(
  { features, correlations }: ClassifierReference,
  byName: ReadonlyMap<string, JointFeature>,
): string | null {
  const fault = namesFault(features, byName);
  if (fault !== null) return `the classifier: ${fault}`;
  const numPairs = (features.length * (features.length - 1)) / 2;
  if (correlations.length !== numPairs)
    return `the classifier has ${correlations.length} correlations; its features have ${numPairs} pairs`;
  return correlationRoot(correlations, features.length) === null
    ? "the classifier's correlations contradict each other"
    : null;
}

function namesFault(names: readonly string[], byName: ReadonlyMap<string, JointFeature>): string | null {
  if (new Set(names).size !== names.length) return "it names a feature twice";
  const stranger = names.find((name) => !byName.get(name)?.counts.some((count) => count > 0));
  return stranger === undefined ? null : `"${stranger}" is no feature with a reference`;
}
