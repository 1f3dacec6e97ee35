import {
  MOST_JOINT_ROWS,
  classifierOf,
  correlationRoot,
  hermiteCoefficients,
  latentCorrelation,
  scoredCells,
  type CellRows,
} from "@fedge/protocol/drift";
import { MAX_JOINT_FEATURES, type ClassifierReference, type ProfileFeature } from "@fedge/protocol/profile";

/** Rows that a device draws for each window. */
const NUM_SYNTHETIC = 500;
/** Windows of rows that the correlations are not of. */
const MOST_HELD_WINDOWS = 20;
const ROUNDING = 1e4;
/** Correlations that are estimated in pairs may contradict each other by a little; they are shrunk until they do not. */
const SHRINKAGES = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

/** The features that the classifier looks at: inputs that vary, the most important first. */
export function classified(features: readonly ProfileFeature[]): ProfileFeature[] {
  return features
    .filter(({ role, counts }) => {
      return (role === "input" || role === "text") && counts.filter((count) => count > 0).length > 1;
    })
    .sort((one, other) => other.importance - one.importance)
    .slice(0, MAX_JOINT_FEATURES);
}

/**
 * What rows like these are drawn from: correlations of three quarters of them, and how well the classifier tells the last
 * quarter, window by window, from drawn ones, for what a copula cannot say. Null with fewer than two features.
 */
export function classifierReference(
  features: readonly ProfileFeature[],
  rows: CellRows,
  { seed, maxRows }: { readonly seed: string; readonly maxRows: number },
): ClassifierReference | null {
  const chosen = classified(features);
  if (chosen.length < 2) return null;
  const numFitted = Math.floor(rows.numRows * 0.75);
  const places = chosen.map((feature) => features.indexOf(feature));
  const reference: ClassifierReference = {
    features: chosen.map(({ name }) => name),
    correlations: soundCorrelations(correlationsOf(chosen, places, rows, numFitted), chosen.length),
    ...{ baselineAuc: 0.5, seed, numSynthetic: NUM_SYNTHETIC },
  };
  const windowRows = Math.min(maxRows, MOST_JOINT_ROWS, rows.numRows - numFitted);
  const held = heldWindows(rows, numFitted, windowRows);
  const classify = classifierOf(reference, features);
  const aucs = held.flatMap((window, at) => classify(window, `held/${at}`)?.auc ?? []);
  const mean = aucs.reduce((sum, auc) => sum + auc, 0) / aucs.length;
  const baselineAuc = aucs.length === 0 ? 0.5 : Math.max(0.5, Math.round(mean * ROUNDING) / ROUNDING);
  return { ...reference, baselineAuc };
}

/** Of each pair, the lower triangle row after row. */
function correlationsOf(
  chosen: readonly ProfileFeature[],
  places: readonly number[],
  { numFeatures, cells }: CellRows,
  numRows: number,
): number[] {
  const scored = chosen.map(scoredCells);
  const columns = scored.map(({ scores }, at) => {
    const place = places[at] as number;
    return Float64Array.from({ length: numRows }, (_, row) => {
      return scores[cells[row * numFeatures + place] as number] as number;
    });
  });
  const series = scored.map(hermiteCoefficients);
  return columns.flatMap((column, row) =>
    columns.slice(0, row).map((other, at) => {
      let sum = 0;
      for (let place = 0; place < numRows; place += 1)
        sum += (column[place] as number) * (other[place] as number);
      return latentCorrelation(series[row] as Float64Array, series[at] as Float64Array, sum / numRows);
    }),
  );
}

function soundCorrelations(correlations: readonly number[], size: number): number[] {
  const shrunk = SHRINKAGES.map((shrinkage) =>
    correlations.map((one) => Math.round((1 - shrinkage) * one * ROUNDING) / ROUNDING),
  );
  return shrunk.find((some) => correlationRoot(some, size) !== null) ?? [];
}

function heldWindows(rows: CellRows, from: number, windowRows: number): CellRows[] {
  const numWindows = Math.min(MOST_HELD_WINDOWS, Math.floor((rows.numRows - from) / windowRows));
  return Array.from({ length: numWindows }, (_, at) => {
    const first = (from + at * windowRows) * rows.numFeatures;
    const cells = rows.cells.subarray(first, first + windowRows * rows.numFeatures);
    return { numRows: windowRows, numFeatures: rows.numFeatures, cells };
  });
}
