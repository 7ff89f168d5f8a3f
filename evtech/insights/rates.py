"""Uncertainty of what was counted: Wilson's interval for rates, chi-square bounds for times between failures."""

import math
from dataclasses import dataclass

import numpy as np

Z_95 = 1.959963985  # two-sided 95 % of the normal distribution


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of ``n`` trials in % with its 95 % interval."""

    k: int
    n: int
    value: float
    low: float
    high: float


def rate(k: int, n: int) -> Rate | None:
    """Return ``k`` of ``n`` with Wilson's 95 % interval (E. B. Wilson 1927); ``None`` where nothing was tried."""
    if n == 0:
        return None
    p, zz = k / n, Z_95 * Z_95
    scale = 1 + zz / n
    centre = (p + zz / (2 * n)) / scale
    half = Z_95 * math.sqrt(p * (1 - p) / n + zz / (4 * n * n)) / scale
    low = 0.0 if k == 0 else centre - half
    high = 1.0 if k == n else centre + half
    return Rate(k, n, 100 * p, 100 * low, 100 * high)


def chi_square_quantile(p: float, dof: int) -> float:
    """Return the quantile of the chi-square distribution for an even number of degrees of freedom.

    For ``dof = 2k`` the survival function is the probability that a Poisson count of mean x/2 is below k, a sum of k
    terms; its root is found by bisection, to the last bit.
    """
    if dof <= 0 or dof % 2 or not 0 < p < 1:
        raise ValueError(f"no quantile for p = {p}, {dof} degrees of freedom")
    counts = np.arange(dof // 2)
    log_factorials = np.cumsum(np.log(np.maximum(counts, 1)))

    def survival(x: float) -> float:
        return float(np.exp(counts * math.log(x / 2) - x / 2 - log_factorials).sum())

    low, high = 0.0, 2.0 * dof + 100.0
    while survival(high) > 1 - p:
        high *= 2
    while low < (middle := (low + high) / 2) < high:
        if survival(middle) > 1 - p:
            low = middle
        else:
            high = middle
    return middle


def mtbf_bounds(hours: float, failures: int) -> tuple[float, float | None]:
    """Return bounds of the mean time between failures (h), time-truncated test.

    With failures: two-sided 90 %. Without: the one-sided 95 % lower bound, and no upper one.
    """
    low = 2 * hours / chi_square_quantile(0.95, 2 * failures + 2)
    return low, (2 * hours / chi_square_quantile(0.05, 2 * failures) if failures else None)
