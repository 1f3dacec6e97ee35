/** P(X <= k) of a binomial with n trials and success probability p; n up to some thousands. */
export function binomialAtMost(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  if (k >= n || p <= 0) return 1;
  if (p >= 1) return 0;
  let logTerm = n * Math.log1p(-p);
  let sum = Math.exp(logTerm);
  for (let i = 1; i <= k; i += 1) {
    logTerm += Math.log((n - i + 1) / i) + Math.log(p) - Math.log1p(-p);
    sum += Math.exp(logTerm);
  }
  return Math.min(1, sum);
}

/** Two-sided p-value of `k` successes in `n` fair coin tosses: the smaller tail, doubled. */
export function fairCoinPValue(k: number, n: number): number {
  return Math.min(1, 2 * binomialAtMost(Math.min(k, n - k), n, 0.5));
}

/**
 * Exact confidence interval of a success probability (Clopper and Pearson 1934) with `alpha` outside of it, half on
 * each side. By bisection: the tails are monotone in p.
 */
export function clopperPearson(k: number, n: number, alpha: number): readonly [low: number, high: number] {
  const low = k === 0 ? 0 : bisect((p) => 1 - binomialAtMost(k - 1, n, p) < alpha / 2);
  const high = k === n ? 1 : bisect((p) => binomialAtMost(k, n, p) > alpha / 2);
  return [low, high];
}

/** Where a predicate that holds for small p stops holding. */
function bisect(isBelow: (p: number) => boolean): number {
  let low = 0;
  let high = 1;
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2;
    if (isBelow(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}
