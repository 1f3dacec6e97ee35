"""Writes scipy-fixture.json: what SciPy says of comparisons, for compare.test.ts. Run with python3-scipy installed."""

import json
from pathlib import Path

import numpy as np
from scipy import stats

CASES = [(3, 11, 500), (0, 6, 200), (7, 7, 90), (24, 25, 1000), (20, 30, 1000), (60, 95, 2000), (500, 410, 10000)]


def mcnemar(only_a, only_b, n):
    discordant = only_a + only_b
    difference = (only_b - only_a) / n
    if discordant < 50:
        test = stats.binomtest(only_b, discordant)
        interval = test.proportion_ci(0.95, method="exact")
        share = discordant / n
        return [difference, (2 * interval.low - 1) * share, (2 * interval.high - 1) * share, test.pvalue]
    z = (only_b - only_a) / np.sqrt(discordant)
    error = np.sqrt(discordant - (only_b - only_a) ** 2 / n) / n
    low, high = stats.norm.interval(0.95, difference, error)
    return [difference, low, high, 2 * stats.norm.sf(abs(z))]


def losses(seed, n, shift):
    random = np.random.default_rng(seed)
    a = random.exponential(1.0, n).astype(np.float32)
    b = (a + random.normal(shift, 0.4, n)).astype(np.float32)
    differences = b.astype(np.float64) - a.astype(np.float64)
    error = stats.sem(differences)
    low, high = stats.norm.interval(0.95, differences.mean(), error)
    p = 2 * stats.norm.sf(abs(differences.mean() / error))
    return {"a": a.tolist(), "b": b.tolist(), "expected": [differences.mean(), low, high, p]}


def proportions(k_a, n_a, k_b, n_b):
    p_a, p_b = k_a / n_a, k_b / n_b
    error = np.sqrt(p_a * (1 - p_a) / n_a + p_b * (1 - p_b) / n_b)
    low, high = stats.norm.interval(0.95, p_b - p_a, error)
    # Pearson's chi-squared of the 2 x 2 table without correction is the square of the pooled two-proportion z.
    table = [[k_a, n_a - k_a], [k_b, n_b - k_b]]
    p = stats.chi2_contingency(table, correction=False)[1]
    return {"counts": [k_a, n_a, k_b, n_b], "expected": [p_b - p_a, low, high, p]}


fixture = {
    "mcnemar": [{"onlyA": a, "onlyB": b, "numExamples": n, "expected": mcnemar(a, b, n)} for a, b, n in CASES],
    "losses": [losses(1, 40, 0.0), losses(2, 60, 0.2), losses(3, 50, -1.5)],
    "proportions": [proportions(400, 500, 430, 500), proportions(900, 1000, 870, 1000), proportions(70, 90, 30, 40)],
    "normal": [[z, 2 * stats.norm.sf(z)] for z in (0.0, 0.3, 1.0, 1.96, 2.8, 2.9, 5.0, 12.0)],
}
plain = json.loads(json.dumps(fixture, default=float))
Path(__file__).with_suffix(".json").write_text(json.dumps(plain) + "\n")
