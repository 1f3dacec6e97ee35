const ROOT_TWO_PI = Math.sqrt(2 * Math.PI);
const PI2 = Math.PI ** 2;
const PI4 = PI2 ** 2;
const PI6 = PI2 ** 3;

/**
 * P(D_n < d) by four terms of its expansion in powers of 1 / sqrt(n), each as a theta series; 0 < d < 1, n above 140.
 *
 * Source: W. Pelz and I. J. Good, Journal of the Royal Statistical Society B 38(2), 1976, as given by Simard and L'Ecuyer 2011.
 */
export function pelzGoodCdf(n: number, d: number): number {
  const z = Math.sqrt(n) * d;
  const exponent = PI2 / (8 * z * z);
  if (exponent > 708) return 0;
  const [k0, k1, k2, k3] = oddSums(z, exponent);
  const [even2, even3] = evenSums(z, 4 * exponent);
  const root = Math.sqrt(n);
  return k0 + k1 / root + (k2 + even2) / n + (k3 + even3) / (n * root);
}

/** Sums over odd whole numbers m of polynomials in m^2 times e^(-m^2 exponent). */
function oddSums(z: number, exponent: number): [number, number, number, number] {
  const z2 = z * z;
  const z4 = z2 * z2;
  const z6 = z4 * z2;
  const sums: [number, number, number, number] = [0, 0, 0, 0];
  for (let m = 2 * numTerms(z) - 1; m >= 1; m -= 2) {
    const m2 = m * m;
    const weight = Math.exp(-m2 * exponent);
    const first = -z2 + (PI2 / 4) * m2;
    const second = 6 * z6 + 2 * z4 + ((2 * z4 - 5 * z2) * PI2 * m2) / 4 + (PI4 * (1 - 2 * z2) * m2 * m2) / 16;
    const third =
      -30 * z6 -
      90 * z4 * z4 +
      (PI2 * (135 * z4 - 96 * z6) * m2) / 4 +
      (PI4 * (-60 * z2 + 212 * z4) * m2 * m2) / 16 +
      (PI6 * (5 - 30 * z2) * m2 * m2 * m2) / 64;
    sums[0] += weight;
    sums[1] += weight * first;
    sums[2] += weight * second;
    sums[3] += weight * third;
  }
  return [
    (ROOT_TWO_PI * sums[0]) / z,
    (ROOT_TWO_PI * sums[1]) / (6 * z4),
    (ROOT_TWO_PI * sums[2]) / (72 * z6 * z),
    (ROOT_TWO_PI * sums[3]) / (6480 * z4 * z6),
  ];
}

/** Sums over all whole numbers k above 0. */
function evenSums(z: number, exponent: number): [number, number] {
  let second = 0;
  let third = 0;
  for (let k = numTerms(z); k >= 1; k -= 1) {
    const k2 = k * k;
    const weight = k2 * Math.exp(-k2 * exponent);
    second += weight;
    third += weight * (3 * z * z - PI2 * k2);
  }
  const factor = PI2 * ROOT_TWO_PI;
  return [(-factor * second) / (36 * z ** 3), (factor * third) / (216 * z ** 6)];
}

function numTerms(z: number): number {
  return Math.ceil((16 * z) / Math.PI) + 1;
}
