import {
  COSINE_SCALE,
  chanceOf,
  cosinesOfGroup,
  meanCosines,
  medianDistance,
  vectorsOf,
  writeCosines,
  type RandomCosines,
  type WindowRows,
} from "@fedge/protocol/drift";
import {
  MAX_JOINT_FEATURES,
  MAX_VECTOR_GROUPS,
  type ProfileFeature,
  type VectorGroup,
} from "@fedge/protocol/profile";

const NUM_COSINES = 256;
/** Rows that the covariance of the cosines is of. */
const MOST_COVARIANCE_ROWS = 4000;

interface Group {
  readonly name: string;
  readonly features: readonly string[];
}

/** Numbers of one tensor that make a vector: the projections of a wide one, or the numbers of a narrow one. */
export function vectorGroups(features: readonly ProfileFeature[]): Group[] {
  const groups = new Map<string, string[]>();
  for (const feature of features) {
    const { source } = feature;
    if (feature.kind !== "numeric" || feature.std === 0) continue;
    const isEmbedded = feature.role === "embedding" && source.take === "projection";
    const isNumber = feature.role === "input" && source.take === "value";
    if (!isEmbedded && !isNumber) continue;
    const name = `${source.name.slice(0, 200)} ${isEmbedded ? "projections" : "numbers"}`;
    groups.set(name, [...(groups.get(name) ?? []), feature.name]);
  }
  return [...groups]
    .filter(([, names]) => names.length >= 2)
    .slice(0, MAX_VECTOR_GROUPS)
    .map(([name, names]) => ({ name, features: names.slice(0, MAX_JOINT_FEATURES) }));
}

/** What the vectors of these rows look like; null where most of them are the same, or too few are whole. */
export function vectorReference(
  { name, features: names }: Group,
  features: readonly ProfileFeature[],
  rows: WindowRows,
  { seed, leastRows }: { readonly seed: string; readonly leastRows: number },
): VectorGroup | null {
  const width = names.length;
  const values = vectorsOf(names, features)(rows, rows.numRows);
  const numRows = values.length / width;
  const bandwidth = medianDistance(values, width);
  if (numRows < leastRows || bandwidth === 0) return null;
  const group = {
    ...{ name, features: [...names], bandwidth, seed: `${seed}/${name}`.slice(0, 64) },
    cosines: Array<number>(NUM_COSINES).fill(0),
  };
  const cosines = cosinesOfGroup(group);
  const mean = meanCosines(cosines, values, width);
  const scale = COSINE_SCALE / Math.sqrt(2 / NUM_COSINES);
  const chosen = values.subarray(0, Math.min(numRows, MOST_COVARIANCE_ROWS) * width);
  return {
    ...{ ...group, numRows },
    cosines: Array.from(mean, (value) => Math.round(value * scale)),
    byChance: chanceOf(covarianceOf(cosines, chosen, width), NUM_COSINES),
  };
}

/** Of the cosines, by n - 1. */
function covarianceOf(cosines: RandomCosines, values: Float64Array, width: number): Float64Array {
  const size = cosines.phases.length;
  const numRows = values.length / width;
  const mean = meanCosines(cosines, values, width);
  const [covariance, one] = [new Float64Array(size * size), new Float64Array(size)];
  for (let row = 0; row < numRows; row += 1) {
    writeCosines(cosines, values.subarray(row * width, (row + 1) * width), one, 0);
    for (let i = 0; i < size; i += 1) {
      const off = (one[i] = (one[i] as number) - (mean[i] as number));
      for (let j = 0; j <= i; j += 1)
        covariance[i * size + j] =
          (covariance[i * size + j] as number) + (off * (one[j] as number)) / (numRows - 1);
    }
  }
  for (let i = 0; i < size; i += 1)
    for (let j = 0; j < i; j += 1) covariance[j * size + i] = covariance[i * size + j] as number;
  return covariance;
}
