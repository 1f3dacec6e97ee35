"""Writes scipy-fixture.json: samples, powers and tests of two proportions, for two-proportions.test.ts. Needs python3-scipy.

The samples do not come from the formula that the product uses: the power of the pooled z-test at n is solved for n, as R's
power.prop.test does. The power that the rounded sample really has is a sum over both arms' binomial distributions.
"""

import json
from pathlib import Path

import numpy as np
from scipy import optimize, stats

# Rate, effect, alpha, power. The last ones have no room above the rate: the other arm's is below.
PLANS = [
    (0.1, 0.02, 0.05, 0.8),
    (0.5, 0.2, 0.05, 0.8),
    (0.5, 0.05, 0.01, 0.9),
    (0.02, 0.01, 0.05, 0.8),
    (0.3, 0.1, 0.1, 0.95),
    (0.65, 0.2, 0.05, 0.8),
    (0.9, 0.2, 0.05, 0.8),
]
COUNTS = [(48, 80, 56, 70), (200, 1000, 100, 1000), (3, 40, 9, 45), (500, 900, 480, 900)]
# Beyond so many standard deviations a count does not occur.
TAIL = 1e-9


def other_of(rate, effect):
    return rate + effect if rate + effect <= 1 else rate - effect


def power_at(n, rate, effect, alpha):
    """Of the pooled test, whose error under no difference is that of the arms' mean rate."""
    other = other_of(rate, effect)
    mean = (rate + other) / 2
    limit = stats.norm.isf(alpha / 2) * np.sqrt(2 * mean * (1 - mean) / n)
    error = np.sqrt((rate * (1 - rate) + other * (1 - other)) / n)
    return stats.norm.sf((limit - effect) / error)


def exact_power(n, rate, effect, alpha):
    """How often the pooled test finds the difference: over all pairs of counts, by their probability."""
    ranges = [np.arange(*(stats.binom.ppf([TAIL, 1 - TAIL], n, p) + [0, 1])) for p in (rate, other_of(rate, effect))]
    one, other = (hits[:, None] if at == 0 else hits[None, :] for at, hits in enumerate(ranges))
    pooled = (one + other) / (2 * n)
    error = np.sqrt(2 * pooled * (1 - pooled) / n)
    found = np.abs(one - other) / n > stats.norm.isf(alpha / 2) * error
    chances = [stats.binom.pmf(hits, n, p) for hits, p in zip(ranges, (rate, other_of(rate, effect)))]
    return float(chances[0] @ found @ chances[1])


def sample(rate, effect, alpha, power):
    solved = optimize.brentq(lambda n: power_at(n, rate, effect, alpha) - power, 2, 1e7, xtol=1e-9)
    n = int(np.ceil(solved))
    plan = {"rate": rate, "effect": effect, "alpha": alpha, "power": power}
    return {**plan, "sample": n, "exactPower": exact_power(n, rate, effect, alpha)}


def test(hits_one, one, hits_other, other):
    """Pearson's chi-squared without correction is the square of the pooled z; Newcombe's interval from two of Wilson's."""
    table = [[hits_one, one - hits_one], [hits_other, other - hits_other]]
    p_value = stats.chi2_contingency(table, correction=False)[1]
    rates = (hits_one / one, hits_other / other)
    wilson = [stats.binomtest(hits, n).proportion_ci(0.95, method="wilson") for hits, n in ((hits_one, one), (hits_other, other))]
    difference = rates[1] - rates[0]
    low = difference - np.hypot(rates[1] - wilson[1].low, wilson[0].high - rates[0])
    high = difference + np.hypot(wilson[1].high - rates[1], rates[0] - wilson[0].low)
    return {"counts": [hits_one, one, hits_other, other], "expected": [difference, low, high, float(p_value)]}


fixture = {"samples": [sample(*plan) for plan in PLANS], "tests": [test(*counts) for counts in COUNTS]}
Path(__file__).with_suffix(".json").write_text(json.dumps(fixture) + "\n")
