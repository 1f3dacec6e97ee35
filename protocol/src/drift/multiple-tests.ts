/** The least logarithm of a p-value that is kept or sent: JSON has no infinity. */
export const LEAST_LOG_P = -1e9;

/**
 * Benjamini and Hochberg's adjusted p-values, in the order given: rejecting those at or below a level keeps the expected share of false
 * alarms among alarms below it, for tests that are independent or positively dependent. NaN (not testable) stays NaN and does not count
 * as a test.
 */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  return steppedUp(pValues, 1, (pValue, ratio) => pValue * ratio);
}

/** The same of logarithms of p-values, whose adjusted ones it gives: p-values far below the least number keep their digits and order. */
export function logBenjaminiHochberg(logPValues: readonly number[]): number[] {
  return steppedUp(logPValues, 0, (logPValue, ratio) => logPValue + Math.log(ratio));
}

function steppedUp(
  pValues: readonly number[],
  most: number,
  times: (pValue: number, ratio: number) => number,
): number[] {
  return adjusted(pValues, (order, numTests) => {
    let least = most;
    for (let rank = order.length; rank >= 1; rank -= 1) {
      const entry = order[rank - 1] as Entry;
      least = Math.min(least, times(entry.pValue, numTests / rank));
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
    // Not by their difference: of two that are -Infinity it is no number.
    .sort((one, other) => Number(one.pValue > other.pValue) - Number(one.pValue < other.pValue));
  adjust(order, order.length);
  const result = [...pValues];
  for (const entry of order) result[entry.at] = entry.adjusted;
  return result;
}
