import { studentTail } from "@fedge/protocol/drift";

const STEPS = 80;

/** The t that Student's t with so many degrees of freedom exceeds with probability `tail`, in (0, 0.5]. By bisection. */
export function studentQuantile(tail: number, degreesOfFreedom: number): number {
  let [low, high] = [0, 1];
  while (studentTail(high, degreesOfFreedom) > tail && high < 1e12) high *= 2;
  for (let step = 0; step < STEPS; step += 1) {
    const middle = (low + high) / 2;
    if (studentTail(middle, degreesOfFreedom) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
