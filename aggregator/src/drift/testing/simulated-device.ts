import { createRandom } from "@fedge/protocol";
import {
  DEVICE_WEIGHT,
  MOMENT_CLIP,
  MOMENT_SCALE,
  SQUARE_SCALE,
  VERDICTS,
  cellsOf,
  missingCellOf,
  type CellOf,
  type FeatureValue,
} from "@fedge/protocol/profile";
import type { MonitoredVersion } from "../references/monitored-version.js";

/** A number of the standard normal distribution. */
export type Normal = () => number;

/** Marsaglia's polar method on a seeded generator. */
export function seededNormal(seed: string): { readonly normal: Normal; readonly uniform: () => number } {
  const random = createRandom(seed);
  const uniform = (): number => random.unit();
  let spare: number | null = null;
  const normal = (): number => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    for (;;) {
      const [x, y] = [2 * uniform() - 1, 2 * uniform() - 1];
      const square = x * x + y * y;
      if (square >= 1 || square === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(square)) / square);
      spare = y * factor;
      return x * factor;
    }
  };
  return { normal, uniform };
}

/** What a device counts of so many rows, feature by feature. */
export type CountRows = (
  numRows: number,
  valueOf: (row: number, feature: number) => FeatureValue,
) => Uint32Array;

/** A device that counts rows as the profile says. */
export function countsOf(monitored: MonitoredVersion): CountRows {
  const cells = monitored.profile.features.map(cellsOf);
  return (numRows, valueOf) => countRows(monitored, cells, { numRows, valueOf });
}

function countRows(
  { layout, profile }: MonitoredVersion,
  cells: readonly CellOf[],
  { numRows, valueOf }: { readonly numRows: number; readonly valueOf: Parameters<CountRows>[1] },
): Uint32Array {
  const vector = new Uint32Array(layout.numCells);
  vector.set([1, numRows, numRows, 0], layout.rows.at);
  vector[layout.verdict.at + VERDICTS.indexOf("ok")] = 1;
  vector[layout.localPsi.at] = 1;
  layout.features.forEach(({ counts, weights, contributors, moments }, at) => {
    const feature = profile.features[at];
    let [sum, squares] = [0, 0];
    for (let row = 0; row < numRows; row += 1) {
      const value = valueOf(row, at);
      const cell = counts.at + (cells[at] as CellOf)(value);
      vector[cell] = (vector[cell] as number) + 1;
      if (feature !== undefined && cell < counts.at + missingCellOf(feature)) vector[contributors.at] = 1;
      if (typeof value !== "number" || !Number.isFinite(value) || feature?.kind !== "numeric") continue;
      const z = Math.min(MOMENT_CLIP, Math.max(-MOMENT_CLIP, (value - feature.mean) / feature.std));
      sum += Math.round(z * MOMENT_SCALE);
      squares += Math.round(z * z * SQUARE_SCALE);
    }
    if (moments.size > 0) vector.set([sum, squares], moments.at);
    spreadWeight(vector, counts, weights);
  });
  return vector;
}

/** The device's weight over its cells, by their counts: what rounding leaves goes to the first that lost most. */
function spreadWeight(
  vector: Uint32Array,
  counts: { readonly at: number; readonly size: number },
  weights: { readonly at: number },
): void {
  let total = 0;
  for (let cell = 0; cell < counts.size; cell += 1) total += vector[counts.at + cell] as number;
  if (total === 0) return;
  let [given, seen] = [0, 0];
  for (let cell = 0; cell < counts.size; cell += 1) {
    seen += vector[counts.at + cell] as number;
    const until = Math.round((DEVICE_WEIGHT * seen) / total);
    vector[weights.at + cell] = until - given;
    given = until;
  }
}
