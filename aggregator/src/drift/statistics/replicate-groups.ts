import { signedCell, type VectorLayout } from "@fedge/protocol/profile";

/** Sums of a cohort's replicate groups as numbers, and of all of them. */
export interface ReplicateGroups {
  readonly groups: readonly Float64Array[];
  readonly total: Float64Array;
  /** Devices with rows. */
  readonly numDevices: number;
}

/** Numbers of a sum modulo 2^32: sums of standardised values have a sign, all else counts. */
export function numbersOf(vector: Uint32Array, layout: VectorLayout): Float64Array {
  const numbers = Float64Array.from(vector);
  for (const { moments } of layout.features)
    if (moments.size > 0) numbers[moments.at] = signedCell(vector[moments.at] as number);
  return numbers;
}

/**
 * Merges replicate groups, in their order, until each has at least `minDevices`: a group of one device would be that device's
 * counts, and the spread between tiny groups says little. What is left over joins the last.
 */
export function mergeGroups(
  replicates: readonly Float64Array[],
  numDevicesOf: (cells: Float64Array) => number,
  minDevices: number,
): ReplicateGroups {
  const groups: Float64Array[] = [];
  let open: Float64Array | null = null;
  for (const cells of replicates) {
    open = open === null ? cells.slice() : added(open, cells);
    if (numDevicesOf(open) < minDevices) continue;
    groups.push(open);
    open = null;
  }
  if (open !== null) {
    const last = groups.pop();
    groups.push(last === undefined ? open : added(last, open));
  }
  const total = new Float64Array(replicates[0]?.length ?? 0);
  for (const group of groups) added(total, group);
  return { groups, total, numDevices: replicates.length === 0 ? 0 : numDevicesOf(total) };
}

function added(sum: Float64Array, cells: Float64Array): Float64Array {
  for (let cell = 0; cell < sum.length; cell += 1)
    sum[cell] = (sum[cell] as number) + (cells[cell] as number);
  return sum;
}

/** Values of a statistic with each group left out in turn. */
export function leaveOneOut<T>(
  { groups, total }: ReplicateGroups,
  range: { readonly at: number; readonly size: number },
  statistic: (cells: Float64Array) => T,
): T[] {
  const rest = new Float64Array(range.size);
  return groups.map((group) => {
    for (let cell = 0; cell < range.size; cell += 1)
      rest[cell] = (total[range.at + cell] as number) - (group[range.at + cell] as number);
    return statistic(rest);
  });
}

/** Jackknife standard error of values with one group left out each; 0 for fewer than two. */
export function jackknifeError(values: readonly number[]): number {
  const num = values.length;
  if (num < 2) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / num;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(((num - 1) / num) * squares);
}
