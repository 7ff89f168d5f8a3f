"""Uncertainty of what was counted: Wilson's interval for rates, chi-square bounds for times between failures."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

Z_95 = 1.959963985  # two-sided 95 % of the normal distribution
_STEPS, _CLOSE = 6, 1e-11  # of Newton, and how close they mostly come; survival itself is rounded at 1e-15


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


@lru_cache(maxsize=1000)  # many ports failed as often as others
def chi_square_quantile(p: float, dof: int) -> float:
    """Return the quantile of the chi-square distribution for an even number of degrees of freedom.

    For ``dof = 2k`` the survival function is the probability that a Poisson count of mean x/2 is below k, a sum of k
    terms; its root is found by bisection, to the last bit. Newton's steps tell first about where it lies, so that most
    halves are chosen without counting.
    """
    if dof <= 0 or dof % 2 or not 0 < p < 1:
        raise ValueError(f"no quantile for p = {p}, {dof} degrees of freedom")
    counts = np.arange(dof // 2)
    log_factorials = np.cumsum(np.log(np.maximum(counts, 1)))

    def survival(x: float) -> float:
        return float(np.exp(counts * math.log(x / 2) - x / 2 - log_factorials).sum())

    near = float(dof)
    for _ in range(_STEPS):
        slope = math.exp(counts[-1] * math.log(near / 2) - near / 2 - log_factorials[-1]) / 2  # the density
        if slope <= 0:
            break
        near = max(near + (survival(near) - (1 - p)) / slope, near / 4)
    below, above = near * (1 - _CLOSE), near * (1 + _CLOSE)
    while survival(below) <= 1 - p:
        below /= 2
    while survival(above) > 1 - p:
        above *= 2
    low, high = 0.0, 2.0 * dof + 100.0
    while high < above:
        high *= 2
    while low < (middle := (low + high) / 2) < high:
        if middle < below or (middle < above and survival(middle) > 1 - p):
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
