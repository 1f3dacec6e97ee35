/** One observation. `null`, `undefined` and NaN are missing; infinities are values that can be ranked but not averaged. */
export type SampleValue = number | string | boolean | null | undefined;

/** Counts of numeric bins: `edges` ascending, and in `counts` one number between each two of them. */
export interface BinCounts {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  /** Rows below the first edge, and at or above the last. */
  readonly below?: number | undefined;
  readonly above?: number | undefined;
  readonly missing?: number | undefined;
}

/** Counts of categories by name. */
export interface CategoryCounts {
  readonly categories: Readonly<Record<string, number>>;
  readonly missing?: number | undefined;
}

/** Rows of an embedding; `null` for one that is missing. */
export type Vectors = readonly (readonly number[] | null)[];

export type Sample = readonly SampleValue[] | ArrayLike<number> | BinCounts | CategoryCounts | Vectors;

export interface NumberSample {
  /** Without missing ones, in their order; may hold infinities. */
  readonly values: Float64Array;
  readonly numMissing: number;
  /** Texts where numbers are due. */
  readonly numWrongType: number;
}

export interface CategorySample {
  readonly counts: ReadonlyMap<string, number>;
  readonly numMissing: number;
}

export interface BinSample {
  /** Below, the bins, above. */
  readonly counts: Float64Array;
  readonly numMissing: number;
}

/** Two samples that were read in the same way. */
export type SamplePair =
  | { readonly kind: "numbers"; readonly reference: NumberSample; readonly current: NumberSample }
  | { readonly kind: "categories"; readonly reference: CategorySample; readonly current: CategorySample }
  | {
      readonly kind: "bins";
      readonly edges: Float64Array;
      readonly reference: BinSample;
      readonly current: BinSample;
    }
  | {
      readonly kind: "vectors";
      readonly width: number;
      /** Row after row. */
      readonly reference: Float64Array;
      readonly current: Float64Array;
      readonly numMissing: number;
    };
