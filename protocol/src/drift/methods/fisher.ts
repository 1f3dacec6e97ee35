import type { Outcome } from "../result.js";
import type { Cells } from "../samples/cells.js";
import { logHypergeometric } from "../special/binomial.js";
import { emptyReason } from "./kolmogorov-smirnov.js";

/** Tables as likely as the observed one up to rounding count as as likely. */
const RELATIVE_TIE = 1e-10;

/**
 * Fisher's exact test of a 2 x 2 table with rows reference and current: the probability of all tables with the same margins
 * that are at most as likely. The statistic is the odds ratio, which may be infinite; the effect is Yule's Q of it, in [-1, 1].
 */
export function fisher(cells: Cells): Outcome {
  const { n, m, labels } = cells;
  if (n === 0 || m === 0) return { reason: emptyReason(n, m) };
  if (labels.length > 2) return { reason: `it takes two categories; there are ${labels.length}` };
  if (labels.length < 2) return { reason: "constant: both samples have the same single category" };
  const [a, b] = [cells.reference[0] as number, cells.reference[1] as number];
  const [c, d] = [cells.current[0] as number, cells.current[1] as number];
  const statistic = b > 0 && c > 0 ? (a * d) / (b * c) : Number.POSITIVE_INFINITY;
  const effect = { name: "Yule's Q", value: (a * d - b * c) / (a * d + b * c) };
  const logPValue = Math.min(0, logTwoSided(a, a + c, b + d, n));
  return { statistic, n, m, logPValue, effect, details: { categories: labels, table: [a, b, c, d] } };
}

/** log P of all x at most as likely as `observed`; probabilities fall from the mode to either side. */
function logTwoSided(observed: number, marked: number, plain: number, drawn: number): number {
  const least = Math.max(0, drawn - plain);
  const most = Math.min(marked, drawn);
  const logAt = (x: number): number => logHypergeometric(x, marked, plain, drawn);
  const limit = logAt(observed) + RELATIVE_TIE;
  const mode = Math.floor(((marked + 1) * (drawn + 1)) / (marked + plain + 2));
  // The nearest x to the mode on either side that is at most as likely.
  const lower = lastWhere(least - 1, mode, (x) => x < least || logAt(x) <= limit);
  const upper =
    most + 1 - lastWhere(0, most - mode + 1, (back) => back === 0 || logAt(most + 1 - back) <= limit);
  if (lower >= upper - 1) return 0;
  const logObserved = limit - RELATIVE_TIE;
  const downwards =
    lower < least ? 0 : tailSum(lower, -1, least, marked, plain, drawn, logAt(lower) - logObserved);
  const upwards =
    upper > most ? 0 : tailSum(upper, 1, most, marked, plain, drawn, logAt(upper) - logObserved);
  return logObserved + Math.log(downwards + upwards);
}

/** The last whole number in [from, to] where a condition that holds at `from` and stops once still holds. */
function lastWhere(from: number, to: number, holds: (x: number) => boolean): number {
  let [low, high] = [from, to + 1];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** Sum of the probabilities from `start` outwards, by their ratios, as multiples of e^logScale at the start. */
function tailSum(
  start: number,
  step: 1 | -1,
  end: number,
  marked: number,
  plain: number,
  drawn: number,
  logScale: number,
): number {
  let term = Math.exp(logScale);
  let sum = term;
  for (let x = start; x !== end; x += step) {
    const up = ((marked - x) * (drawn - x)) / ((x + 1) * (plain - drawn + x + 1));
    const down = (x * (plain - drawn + x)) / ((marked - x + 1) * (drawn - x + 1));
    term *= step === 1 ? up : down;
    sum += term;
    if (term < sum * 1e-18) break;
  }
  return sum;
}
