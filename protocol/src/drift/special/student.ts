import { logBetaLower } from "./beta-tail.js";

/** log P(|T| > |t|) of Student's t with so many degrees of freedom (real, above 0). */
export function logTwoSidedStudent(t: number, degreesOfFreedom: number): number {
  const square = t * t;
  if (square === Number.POSITIVE_INFINITY) return Number.NEGATIVE_INFINITY;
  const total = degreesOfFreedom + square;
  return logBetaLower(degreesOfFreedom / total, square / total, degreesOfFreedom / 2, 0.5);
}

/** P(T > t) of Student's t. */
export function studentTail(t: number, degreesOfFreedom: number): number {
  const half = Math.exp(logTwoSidedStudent(t, degreesOfFreedom)) / 2;
  return t >= 0 ? half : 1 - half;
}
