/**
 * P(T > t) of Student's t with a whole number of degrees of freedom, at least 1: the finite sums of Abramowitz and Stegun,
 * 26.7.3 and 26.7.4. Absolute error about 1e-15.
 */
export function studentTail(t: number, degreesOfFreedom: number): number {
  if (t < 0) return 1 - studentTail(-t, degreesOfFreedom);
  if (t === Infinity) return 0;
  const angle = Math.atan2(t, Math.sqrt(degreesOfFreedom));
  const within =
    degreesOfFreedom % 2 === 1 ? oddWithin(angle, degreesOfFreedom) : evenWithin(angle, degreesOfFreedom);
  return Math.max(0, (1 - within) / 2);
}

/** The t that is exceeded with this probability, in (0, 0.5]. */
export function studentQuantileOf(tail: number, degreesOfFreedom: number): number {
  let [low, high] = [0, 1];
  while (studentTail(high, degreesOfFreedom) > tail) high *= 2;
  for (let step = 0; step < 80; step += 1) {
    const middle = (low + high) / 2;
    if (studentTail(middle, degreesOfFreedom) > tail) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/** P(|T| <= t) for odd degrees of freedom: 2/pi (angle + sin (cos + 2/3 cos^3 + ...)). */
function oddWithin(angle: number, degreesOfFreedom: number): number {
  let term = Math.cos(angle);
  let sum = degreesOfFreedom > 1 ? term : 0;
  for (let i = 3; i <= degreesOfFreedom - 2; i += 2) {
    term *= ((i - 1) / i) * Math.cos(angle) ** 2;
    sum += term;
  }
  return (2 / Math.PI) * (angle + Math.sin(angle) * sum);
}

/** P(|T| <= t) for even degrees of freedom: sin (1 + 1/2 cos^2 + 3/8 cos^4 + ...). */
function evenWithin(angle: number, degreesOfFreedom: number): number {
  let term = 1;
  let sum = 1;
  for (let i = 2; i <= degreesOfFreedom - 2; i += 2) {
    term *= ((i - 1) / i) * Math.cos(angle) ** 2;
    sum += term;
  }
  return Math.sin(angle) * sum;
}
