import {
  PROFILE_FORMAT,
  type CategoricalFeature,
  type NumericFeature,
  type ProfileFeature,
  type ReferenceProfile,
} from "../reference-profile.js";

const floors = { jensenShannon: 0.1, psi: 0.1, meanShift: 0.25 };
const rule = { required: false, mostly: 0.99, role: "input", privacy: "personal", importance: 1 } as const;

type Given<F> = Partial<F> & { readonly name: string };

/** A numeric field; its counts are zeros unless they are given. */
export function sampleNumeric(
  given: Given<NumericFeature> & { readonly edges: readonly number[] },
): NumericFeature {
  const { edges, name } = given;
  return {
    ...{ kind: "numeric", ...rule, source: { take: "field", name }, range: { min: null, max: null } },
    ...{ mean: 0, std: 1, counts: Array<number>(edges.length + 4).fill(0), floors },
    ...given,
  } as NumericFeature;
}

export function sampleCategorical(
  given: Given<CategoricalFeature> & Pick<CategoricalFeature, "categories">,
): CategoricalFeature {
  const { categories, name } = given;
  return {
    ...{ kind: "categorical", ...rule, source: { take: "field", name }, isClosed: false },
    ...{ counts: Array<number>(categories.length + 3).fill(0), floors },
    ...given,
  } as CategoricalFeature;
}

export function sampleProfile(features: readonly ProfileFeature[]): ReferenceProfile {
  return {
    ...{ format: PROFILE_FORMAT, model: "digits" as ReferenceProfile["model"], numRows: 0, origin: "a test" },
    ...{ reviewedBy: null, features: [...features] },
    window: { lengthMs: 3_600_000, numKept: 28, maxRows: 200, minRows: 100 },
    outcomes: { numClasses: 0, output: null, topK: 1, errorUnit: 1, labelHorizonMs: 86_400_000 },
    layoutSha256: "0".repeat(64),
  };
}
