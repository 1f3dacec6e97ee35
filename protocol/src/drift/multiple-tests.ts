/**
 * Benjamini and Hochberg's adjusted p-values, in the order given: rejecting those at or below a level keeps the expected share of false
 * alarms among alarms below it, for tests that are independent or positively dependent. NaN (not testable) stays NaN and does not count
 * as a test.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  return adjusted(pValues, (order, numTests) => {
    let least = 1;
    for (let rank = order.length; rank >= 1; rank -= 1) {
      const entry = order[rank - 1] as Entry;
      least = Math.min(least, (entry.pValue * numTests) / rank);
      entry.adjusted = least;
    }
  });
}

/** Holm's adjusted p-values, in the order given: they bound the probability of any false alarm. NaN as above. */
export function holm(pValues: readonly number[]): number[] {
  return adjusted(pValues, (order, numTests) => {
    let most = 0;
    order.forEach((entry, index) => {
      most = Math.max(most, Math.min(1, entry.pValue * (numTests - index)));
      entry.adjusted = most;
    });
  });
}

interface Entry {
  readonly at: number;
  readonly pValue: number;
  adjusted: number;
}

function adjusted(
  pValues: readonly number[],
  adjust: (order: readonly Entry[], numTests: number) => void,
): number[] {
  const order = pValues
    .map((pValue, at): Entry => ({ at, pValue, adjusted: pValue }))
    .filter(({ pValue }) => !Number.isNaN(pValue))
    .sort((one, other) => one.pValue - other.pValue);
  adjust(order, order.length);
  const result = [...pValues];
  for (const entry of order) result[entry.at] = entry.adjusted;
  return result;
}
