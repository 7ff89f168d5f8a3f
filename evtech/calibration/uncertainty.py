"""The uncertainty budget of an error (GUM, JCGM 100:2008): contributions in percent of the reading, all with c = 1.

Welch-Satterthwaite gives the effective degrees of freedom (GUM G.4.1), Student's t at 95.45 % the coverage factor. A
result is rounded as GUM 7.2.6 asks: U to two digits, the error to the same decimal.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_CEILING, ROUND_HALF_EVEN, Decimal
from typing import Literal

from evtech.calibration.student_t import coverage_factor

Distribution = Literal["t", "normal", "rectangular", "triangular"]


@dataclass(frozen=True, slots=True)
class Contribution:
    """One line of the budget: standard uncertainty in percent, its degrees of freedom (``None`` is infinite).

    ``share`` is its part of the variance. ``left_out`` says that the other one of repeatability and resolution counts:
    then ``u_pct`` is 0 and ``alone_pct`` what it would have been.
    """

    id: str
    distribution: Distribution
    u_pct: float
    nu: float | None = None
    share: float = 0.0
    left_out: bool = False
    alone_pct: float | None = None


@dataclass(frozen=True, slots=True)
class Combined:
    """The combined result: ``nu_eff`` unrounded (``None`` is infinite), ``k`` from its floor, ``U = k u_c``."""

    u_c_pct: float
    nu_eff: float | None
    k: float
    u_expanded_pct: float
    budget: tuple[Contribution, ...]


def rectangular(half_width: float) -> float:
    """Return the standard uncertainty of a value anywhere within plus or minus ``half_width``."""
    return half_width / math.sqrt(3.0)


def energy_resolution(step: float, dose: float) -> float:
    """Return percent: the difference of two readings with step ``step``, both in the dose's unit (triangular)."""
    return 100.0 * step / (math.sqrt(6.0) * dose)


def power_resolution(step: float, power: float) -> float:
    """Return percent: one reading with step ``step`` (rectangular, half a step each way)."""
    return 100.0 * step / (math.sqrt(12.0) * power)


def synchronisation(tau_s: float, duration_s: float) -> float:
    """Return percent: both ends of a run of constant power off by at most ``tau_s`` (difference: triangular)."""
    return 100.0 * math.sqrt(2.0 / 3.0) * tau_s / duration_s


def skew_on_ramp(ramp_kw_per_s: float, tau_s: float, power_kw: float) -> float:
    """Return percent: two powers read at most ``tau_s`` apart while the power changes (rectangular)."""
    return 100.0 * abs(ramp_kw_per_s) * tau_s / (math.sqrt(3.0) * power_kw)


def combine(contributions: Sequence[Contribution]) -> Combined:
    """Return the combined and the expanded uncertainty at 95.45 % with the shares filled in."""
    variance = math.fsum(c.u_pct**2 for c in contributions)
    weak = math.fsum(c.u_pct**4 / c.nu for c in contributions if c.nu is not None)
    nu_eff = variance**2 / weak if weak > 0.0 else None
    nu_eff = None if nu_eff is None or math.isinf(nu_eff) else nu_eff
    k = coverage_factor(math.inf if nu_eff is None else max(1.0, math.floor(nu_eff)))
    u_c = math.sqrt(variance)
    budget = tuple(replace(c, share=c.u_pct**2 / variance if variance > 0.0 else 0.0) for c in contributions)
    return Combined(u_c, nu_eff, k, k * u_c, budget)


def keep_larger(contributions: Sequence[Contribution]) -> list[Contribution]:
    """Return the budget with the larger one of repeatability (A) and the charger's resolution (B4, B4p).

    The scatter of the runs already holds the charger's quantisation; counting both counts it twice. Without scatter
    the resolution is the larger one and stays.
    """
    repeat = next((c for c in contributions if c.id == "A"), None)
    step = next((c for c in contributions if c.id in ("B4", "B4p")), None)
    if repeat is None or step is None:
        return list(contributions)
    loser = step if repeat.u_pct > step.u_pct else repeat
    return [replace(c, u_pct=0.0, left_out=True, alone_pct=c.u_pct) if c is loser else c for c in contributions]


def rounded(error_pct: float, u_pct: float) -> tuple[Decimal, Decimal] | None:
    """Return error and U rounded to U's second digit, ``None`` without a U; half-even, in decimals.

    U is rounded up instead where rounding would lower it by more than 5 %.
    """
    exact = Decimal(repr(u_pct))
    if exact <= 0:
        return None
    step = Decimal(1).scaleb(exact.adjusted() - 1)
    u = exact.quantize(step, ROUND_HALF_EVEN)
    if u < exact * Decimal("0.95"):
        u = exact.quantize(step, ROUND_CEILING)
    if u.adjusted() > exact.adjusted():  # 0.0996 became 0.100: two digits are 0.10
        step = step.scaleb(1)
        u = u.quantize(step)
    return Decimal(repr(error_pct)).quantize(step, ROUND_HALF_EVEN), u


def reported(error_pct: float, u_pct: float) -> str | None:
    """Return a result as it is written, such as ``(+0.51 ± 0.19) %``, with an ASCII minus."""
    pair = rounded(error_pct, u_pct)
    if pair is None:
        return None
    error, u = pair
    sign = "-" if error < 0 else "+"
    return f"({sign}{abs(error):f} ± {u:f}) %"
