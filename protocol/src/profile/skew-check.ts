import type { NamedTensor } from "../codec/safetensors.js";
import { isKnownAtOnce, type FeatureSource } from "./feature-source.js";
import { valueOf, type FeatureRows, type FeatureTensor } from "./feature-values.js";
import type { ReferenceProfile } from "./reference-profile.js";

/** Before a feature's name, in the golden tensors of a version. */
export const GOLDEN_FEATURE = "features/";
/** Relative, for values above 1; a sum in another order differs by less. */
const TOLERANCE = 1e-9;

/**
 * What each feature that is known at once is for the golden rows (`inputs/<name>`, `outputs/<name>`): a float64 tensor
 * `features/<feature>` with a value for each row, NaN where there is none. They go into the same file.
 */
export function goldenFeatures(
  profile: Pick<ReferenceProfile, "features">,
  golden: readonly NamedTensor[],
): NamedTensor[] {
  const rows = goldenRows(golden);
  const numRows = numRowsOf(rows);
  return profile.features.filter(isOfTensors).map(({ name, source }) => {
    const data = valuesOf(source, rows, numRows);
    return { name: `${GOLDEN_FEATURE}${name}`, elementType: "float64", shape: [numRows], data };
  });
}

/**
 * Why this feature code is not that which the reference was built with: null when it gives each golden row the value that
 * came with the version. A version without golden tensors cannot be checked so.
 */
export function checkSkew(
  profile: Pick<ReferenceProfile, "features">,
  golden: readonly NamedTensor[],
): string | null {
  const rows = goldenRows(golden);
  const numRows = numRowsOf(rows);
  const expected = new Map(golden.map((tensor) => [tensor.name, tensor]));
  for (const { name, source } of profile.features.filter(isOfTensors)) {
    const values = expected.get(`${GOLDEN_FEATURE}${name}`)?.data;
    if (values?.length !== numRows)
      return `the golden tensors have no value of feature "${name}" for each of their ${numRows} rows`;
    const own = valuesOf(source, rows, numRows);
    const row = own.findIndex((value, at) => !isSame(value, Number(values[at])));
    if (row >= 0)
      return `feature "${name}" is ${own[row]} here for golden row ${row}, where ${Number(values[row])} is expected`;
  }
  return null;
}

/** What only the app knows, or the clock, no golden row has. */
function isOfTensors({ source }: { readonly source: FeatureSource }): boolean {
  return isKnownAtOnce(source) && source.take !== "latency";
}

function valuesOf(source: FeatureSource, rows: FeatureRows, numRows: number): Float64Array {
  const value = valueOf(source);
  return Float64Array.from({ length: numRows }, (_, row) => Number(value(rows, row) ?? Number.NaN));
}

function goldenRows(golden: readonly NamedTensor[]): FeatureRows {
  const under = (prefix: string): Record<string, FeatureTensor> =>
    Object.fromEntries(
      golden
        .filter(({ name }) => name.startsWith(prefix))
        .map((tensor) => [tensor.name.slice(prefix.length), tensor]),
    );
  return {
    inputs: under("inputs/"),
    outputs: under("outputs/"),
    ...{ label: null, fields: {}, latencyUs: null },
  };
}

function numRowsOf({ inputs }: FeatureRows): number {
  return Object.values(inputs)[0]?.shape[0] ?? 0;
}

function isSame(own: number, expected: number): boolean {
  if (Object.is(own, expected) || own === expected) return true;
  return Math.abs(own - expected) <= TOLERANCE * Math.max(1, Math.abs(expected));
}
