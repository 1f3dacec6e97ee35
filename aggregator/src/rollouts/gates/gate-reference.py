"""Writes gate-reference.json: what scipy says of the statistics behind metric gates. Run beside it: python3 gate-reference.py"""

import json
import math
from pathlib import Path

from scipy import stats
from scipy.stats import binomtest


def wilson(hits, trials, z):
    interval = binomtest(hits, trials).proportion_ci(confidence_level=1 - 2 * stats.norm.sf(z), method="wilson")
    return interval.low, interval.high


def wilson_of_rate(rate, trials, z):
    """The score interval as the roots of (p - rate)^2 = z^2 p (1 - p) / trials, for trials that are no whole number."""
    a, b, c = 1 + z * z / trials, -(2 * rate + z * z / trials), rate * rate
    root = math.sqrt(b * b - 4 * a * c)
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def cohort(devices):
    """Ratio estimator with Taylor's variance over devices (Cochran 1977, 6.4)."""
    n = len(devices)
    trials = sum(d["trials"] for d in devices)
    rate = sum(d["hits"] for d in devices) / trials
    residuals = [d["hits"] - rate * d["trials"] for d in devices]
    variance = n / (n - 1) * sum(r * r for r in residuals) / trials**2
    return rate, trials, max(1.0, variance / (rate * (1 - rate) / trials))


def difference(name, one, other, tail):
    (rate, trials, effect), (control, control_trials, control_effect) = cohort(one), cohort(other)
    freedom = min(len(one), len(other)) - 1
    z = stats.t.isf(tail, freedom)
    low_one, high_one = wilson_of_rate(rate, trials / effect, z)
    low_other, high_other = wilson_of_rate(control, control_trials / control_effect, z)
    low = rate - control - math.hypot(rate - low_one, high_other - control)
    high = rate - control + math.hypot(high_one - rate, control - low_other)
    return {"name": name, "one": one, "other": other, "quantile": z, "rate": rate, "designEffect": effect, "low": low, "high": high}


def devices(hits, trials):
    return [{"hits": h, "trials": t} for h, t in zip(hits, trials)]


student = [
    {"tail": tail, "freedom": freedom, "quantile": stats.t.isf(tail, freedom)}
    for tail in (0.0304, 0.00338, 0.025)
    for freedom in (1, 2, 3, 9, 30, 99)
]
intervals = []
for hits, trials, z in [(0, 50, 1.88), (15, 148, 1.96), (3, 400, 2.71), (400, 400, 2.0)]:
    low, high = wilson(hits, trials, z)
    intervals.append({"hits": hits, "trials": trials, "z": z, "low": low, "high": high})
cohorts = [
    difference("unlike devices", devices([2, 9, 0, 4], [50, 60, 20, 70]), devices([3, 1, 2, 5, 1], [80, 40, 90, 60, 30]), 0.0304),
    difference("alike devices", devices([10] * 12, [100] * 12), devices([9, 11] * 10, [100] * 20), 0.00338),
    difference("two devices", devices([30, 10], [100, 100]), devices([5] * 6, [100] * 6), 0.025),
]
text = json.dumps({"student": student, "wilson": intervals, "cohorts": cohorts}, indent=2)
Path(__file__).with_name("gate-reference.json").write_text(text + "\n")
