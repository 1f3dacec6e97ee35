import { readFileSync } from "node:fs";
import { sampleCategorical, sampleNumeric } from "../../profile/testing/sample-profile.js";
import type { ProfileFeature } from "../../profile/reference-profile.js";

interface FeatureLine {
  readonly kind: "numeric" | "categorical";
  readonly edges?: readonly number[];
  readonly categories?: readonly string[];
  readonly counts: number[];
}

/** What `fixtures/joint_reference.py` has written. */
export interface JointFixture {
  readonly features: readonly FeatureLine[];
  readonly correlations: readonly number[];
  /** Cell by cell, feature by feature. */
  readonly scores: readonly (readonly number[])[];
  readonly latent: readonly {
    readonly one: number;
    readonly other: number;
    readonly correlation: number;
    readonly meanProduct: number;
  }[];
  readonly copula: { readonly normals: readonly number[]; readonly cells: readonly number[] };
  readonly logistic: {
    readonly values: readonly number[];
    readonly labels: readonly number[];
    readonly ridge: number;
    readonly weights: readonly number[];
  };
  readonly classifier: readonly {
    readonly name: string;
    readonly than: number;
    readonly reference: readonly number[];
    readonly current: readonly number[];
    readonly auc: number;
    readonly logPValue: number;
  }[];
  readonly vectors: {
    readonly width: number;
    readonly weights: readonly number[];
    readonly phases: readonly number[];
    readonly reference: readonly number[];
    readonly current: readonly number[];
    readonly covariance: readonly number[];
    readonly referenceMean: readonly number[];
    readonly currentMean: readonly number[];
    readonly mean: number;
    readonly variance: number;
    readonly freedom: number;
    readonly excess: number;
    readonly logPValue: number;
  };
  readonly weightedTails: readonly {
    readonly sums: readonly [number, number, number];
    readonly x: number;
    readonly tail: number;
  }[];
}

export const JOINT = JSON.parse(
  readFileSync(new URL("../../../fixtures/drift/joint.json", import.meta.url), "utf8"),
) as JointFixture;

/** The fixture's features as those of a profile. */
export function fixtureFeatures(): ProfileFeature[] {
  return JOINT.features.map(({ edges, categories, counts }, at) =>
    edges === undefined
      ? sampleCategorical({ name: `f${at}`, categories: [...(categories ?? [])], counts })
      : sampleNumeric({ name: `f${at}`, edges: [...edges], counts }),
  );
}
