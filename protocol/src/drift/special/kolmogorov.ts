import { logOneMinusExp } from "./log-sum.js";

/**
 * log P(K > z) of Kolmogorov's limit distribution, z = sqrt(n) D.
 *
 * 2 sum of (-1)^(k-1) e^(-2 k^2 z^2), and its transform by Jacobi's theta function where that converges faster.
 */
export function logKolmogorovTail(z: number): number {
  if (z <= 0) return 0;
  if (z < 0.82) return logOneMinusExp(logSmall(z));
  let sum = 0;
  for (let k = 20; k >= 2; k -= 1) sum += (k % 2 === 0 ? -1 : 1) * Math.exp(-2 * (k * k - 1) * z * z);
  return Math.min(0, Math.LN2 - 2 * z * z + Math.log1p(sum));
}

/** log P(K <= z): sqrt(2 pi) / z sum of e^(-(2k-1)^2 pi^2 / (8 z^2)). */
function logSmall(z: number): number {
  const exponent = Math.PI ** 2 / (8 * z * z);
  let sum = 0;
  for (let k = 8; k >= 2; k -= 1) sum += Math.exp(-((2 * k - 1) ** 2 - 1) * exponent);
  return Math.min(0, 0.5 * Math.log(2 * Math.PI) - Math.log(z) - exponent + Math.log1p(sum));
}
