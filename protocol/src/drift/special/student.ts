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

const BISECTIONS = 80;
const MOST = 1e12;

/** The t that Student's t exceeds with probability `tail`, in (0, 0.5]; at most 1e12. */
export function studentTailQuantile(tail: number, degreesOfFreedom: number): number {
  let [low, high] = [0, 1];
  while (studentTail(high, degreesOfFreedom) > tail && high < MOST) high *= 2;
  for (let step = 0; step < BISECTIONS; step += 1) {
    const middle = (low + high) / 2;
    if (studentTail(middle, degreesOfFreedom) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
