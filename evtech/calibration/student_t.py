"""Student's t without a statistics library: distribution and quantile, to 1e-9 relative for any degrees of freedom.

Up to 1000 degrees of freedom the distribution comes from the regularised incomplete beta function (continued fraction,
Abramowitz and Stegun 26.5.8); above, both come from the expansion about the normal distribution in 1/nu (26.7.5), whose
first neglected term is then below 1e-13. Infinite degrees of freedom are the normal distribution.
"""

import math
from statistics import NormalDist

_NORMAL = NormalDist()
_MANY = 1000.0
_TINY = 1e-300


def cdf(t: float, nu: float) -> float:
    """Return the probability of a value up to ``t``; ``nu`` above 0, infinity allowed."""
    upper = _upper_tail(abs(t), nu)
    return upper if t < 0 else 1.0 - upper


def quantile(p: float, nu: float) -> float:
    """Return the value that is not exceeded with probability ``p`` (0 < p < 1)."""
    if not 0.0 < p < 1.0 or not nu > 0.0:
        raise ValueError(f"no quantile for p = {p}, nu = {nu}")
    tail = min(p, 1.0 - p)
    value = _expanded(-_NORMAL.inv_cdf(tail), nu) if nu >= _MANY else _inverted(tail, nu)
    return value if p > 0.5 else -value


def coverage_factor(nu: float, coverage: float = 0.9545) -> float:
    """Return k for a two-sided coverage: t at ``(1 + coverage) / 2`` (GUM, G.3.4)."""
    return quantile((1.0 + coverage) / 2.0, nu)


def _inverted(tail: float, nu: float) -> float:
    """Return the t whose upper tail is ``tail``, by bisection in a bracket; dull, and right for every nu."""
    low, high = 0.0, 1.0
    while _upper_tail(high, nu) > tail:
        low, high = high, high * 2.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (middle, high) if _upper_tail(middle, nu) > tail else (low, middle)
    return 0.5 * (low + high)


def _expanded(x: float, nu: float) -> float:
    """Return t from the normal quantile ``x`` (Abramowitz and Stegun 26.7.5)."""
    if math.isinf(nu):
        return x
    q = x * x
    g1 = x * (q + 1) / 4
    g2 = x * ((5 * q + 16) * q + 3) / 96
    g3 = x * (((3 * q + 19) * q + 17) * q - 15) / 384
    g4 = x * ((((79 * q + 776) * q + 1482) * q - 1920) * q - 945) / 92160
    return x + (g1 + (g2 + (g3 + g4 / nu) / nu) / nu) / nu


def _upper_tail(t: float, nu: float) -> float:
    """Return the probability of a value above ``t`` (0 or more)."""
    if nu >= _MANY:
        return 1.0 - _NORMAL.cdf(_shrunk(t, nu))
    square = t * t
    return 0.5 * _beta(0.5 * nu, 0.5, nu / (nu + square), square / (nu + square))


def _shrunk(t: float, nu: float) -> float:
    """Return the normal deviate of the same probability as ``t``: the expansion solved by fixed-point steps."""
    x = t
    for _ in range(60):
        new = x - (_expanded(x, nu) - t)
        if abs(new - x) <= 1e-15 * max(1.0, abs(x)):
            break
        x = new
    return x


def _beta(a: float, b: float, x: float, y: float) -> float:
    """Return the regularised incomplete beta function at ``x``; ``y`` is ``1 - x``, given so that it is not lost."""
    if x <= 0.0 or y <= 0.0:
        return 0.0 if x <= 0.0 else 1.0
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log(y))
    if x < (a + 1.0) / (a + b + 2.0):
        return front * _fraction(a, b, x) / a
    return 1.0 - front * _fraction(b, a, y) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function by Lentz's method."""
    c, d = 1.0, 1.0 / _away(1.0 - (a + b) * x / (a + 1.0))
    value = d
    for m in range(1, 5000):
        step = 2 * m
        for term in (
            m * (b - m) * x / ((a + step - 1.0) * (a + step)),
            -(a + m) * (a + b + m) * x / ((a + step) * (a + step + 1.0)),
        ):
            d = 1.0 / _away(1.0 + term * d)
            c = _away(1.0 + term / c)
            value *= c * d
        if abs(c * d - 1.0) < 1e-16:
            break
    return value


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
