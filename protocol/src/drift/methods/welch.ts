import type { Outcome } from "../result.js";
import type { Moments } from "../samples/moments.js";
import { logTwoSidedStudent } from "../special/student.js";

/**
 * Welch's t of two means whose variances may differ, reference minus current, with Satterthwaite's degrees of freedom. From moments alone,
 * so that sums of a fleet serve as well as rows. Two-sided. `unit`: how many units of the values one of the moments is.
 */
export function welch(reference: Moments, current: Moments, unit = 1): Outcome {
  const { n } = reference;
  const m = current.n;
  if (n < 2 || m < 2) return { reason: "it takes at least two values a side" };
  if (![reference.mean, current.mean, reference.variance, current.variance].every(Number.isFinite)) {
    return { reason: "infinite values have no mean" };
  }
  const [first, second] = [reference.variance / n, current.variance / m];
  const error = Math.sqrt(first + second);
  if (!(error > 0)) return { reason: "constant: neither sample varies" };
  const degreesOfFreedom = (first + second) ** 2 / (first ** 2 / (n - 1) + second ** 2 / (m - 1));
  const difference = reference.mean - current.mean;
  const statistic = difference / error;
  const deviation = Math.sqrt(reference.variance);
  const effect =
    deviation > 0
      ? {
          effect: {
            name: "shift of the mean in standard deviations of the reference",
            value: -difference / deviation,
          },
        }
      : {};
  return {
    statistic,
    n,
    m,
    logPValue: logTwoSidedStudent(statistic, degreesOfFreedom),
    ...effect,
    details: { degreesOfFreedom, meanDifference: -difference * unit },
  };
}
