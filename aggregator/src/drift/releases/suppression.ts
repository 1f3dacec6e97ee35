import type { Overlap } from "../drift-store.js";
import { attributeOf, WHOLE_FLEET } from "../sums/window-key.js";
import type { Suppression } from "./release-record.js";

export interface CohortSize {
  readonly cohort: string;
  /** Devices whose rows are counted. */
  readonly numDevices: number;
}

/**
 * Which cohorts are not shown, and why; the others are.
 *
 * - `below-minimum`: it has too few devices.
 * - `complement`: the cohorts of one attribute divide the fleet, so that the whole less those that are shown is what is left:
 *   the smallest shown one is taken back until that is nobody, or enough devices.
 * - `overlap`: two cohorts that differ by too few devices would show these by subtraction; the smaller is taken back.
 */
export function suppressedCohorts(
  sizes: readonly CohortSize[],
  overlaps: readonly Overlap[],
  minDevices: number,
): Map<string, Suppression> {
  const suppressed = new Map<string, Suppression>();
  for (const { cohort, numDevices } of sizes)
    if (numDevices < minDevices) suppressed.set(cohort, "below-minimum");
  const isWholeShown = sizes.some(({ cohort }) => cohort === WHOLE_FLEET) && !suppressed.has(WHOLE_FLEET);
  // Taking one cohort back may leave another pair or remainder too small: until nothing changes.
  for (let before = -1; before !== suppressed.size;) {
    before = suppressed.size;
    suppressOverlaps(sizes, overlaps, { minDevices, suppressed });
    if (isWholeShown) suppressComplements(sizes, minDevices, suppressed);
  }
  return suppressed;
}

function suppressComplements(
  sizes: readonly CohortSize[],
  minDevices: number,
  suppressed: Map<string, Suppression>,
): void {
  const attributes = new Set(sizes.flatMap(({ cohort }) => attributeOf(cohort) ?? []));
  for (const attribute of attributes) {
    const cohorts = sizes.filter(({ cohort }) => attributeOf(cohort) === attribute);
    const shown = cohorts
      .filter(({ cohort }) => !suppressed.has(cohort))
      .sort((one, other) => one.numDevices - other.numDevices);
    let rest = cohorts
      .filter(({ cohort }) => suppressed.has(cohort))
      .reduce((sum, { numDevices }) => sum + numDevices, 0);
    while (rest > 0 && rest < minDevices) {
      const smallest = shown.shift();
      if (smallest === undefined) break;
      suppressed.set(smallest.cohort, "complement");
      rest += smallest.numDevices;
    }
  }
}

function suppressOverlaps(
  sizes: readonly CohortSize[],
  overlaps: readonly Overlap[],
  parts: { readonly minDevices: number; readonly suppressed: Map<string, Suppression> },
): void {
  const { minDevices, suppressed } = parts;
  const sizeOf = new Map(sizes.map(({ cohort, numDevices }) => [cohort, numDevices]));
  for (const { first, second, numDevices: common } of overlaps) {
    if (suppressed.has(first) || suppressed.has(second)) continue;
    const [one, other] = [(sizeOf.get(first) ?? 0) - common, (sizeOf.get(second) ?? 0) - common];
    if (one + other === 0) continue;
    // Two cohorts that share few devices tell nothing by their difference that each does not tell alone.
    const isClose = common > 0 && one + other < minDevices;
    if (isClose) suppressed.set(one <= other ? first : second, "overlap");
  }
}
