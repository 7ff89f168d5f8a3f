"""From an error, its uncertainty and a limit to a verdict (ILAC-G8:09/2019, JCGM 106:2012)."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from evtech.calibration import student_t

Verdict = Literal["PASS", "CONDITIONAL_PASS", "INDICATIVE", "CONDITIONAL_FAIL", "FAIL"]
Reason = Literal["not_capable", "informative_profile", "certificate", "single_run", "repeatability", "condition"]
ORDER: tuple[Verdict, ...] = ("PASS", "CONDITIONAL_PASS", "INDICATIVE", "CONDITIONAL_FAIL", "FAIL")
_SLACK = 1e-12
_FEW = 30


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict and, for an indicative one or a failed repeatability, its reason."""

    verdict: Verdict
    reason: Reason | None = None


def guard_band(rule: str, factor: float, u_pct: float) -> float:
    """Return w in percent: ``factor`` times U, 0 under simple acceptance."""
    return 0.0 if rule == "simple" else factor * u_pct


def classify(error_pct: float, limit_pct: float, w: float, rule: str) -> Verdict:
    """Return the class of an error; a value on a border belongs to the better class (slack 1e-12)."""
    a = abs(error_pct)
    if a <= limit_pct - w + _SLACK:
        return "PASS"
    if rule != "ilac_g8":
        return "FAIL"
    if a <= limit_pct + _SLACK:
        return "CONDITIONAL_PASS"
    return "CONDITIONAL_FAIL" if a <= limit_pct + w + _SLACK else "FAIL"


def decide(error_pct: float, u_pct: float, limit_pct: float, rule: str, factor: float) -> Decision:
    """Return the verdict of a measured error by the rule alone.

    A guard band as wide as the limit leaves no place to pass: the test is not capable, and only an error beyond limit
    plus guard band is a verdict. With U above the limit nothing passes under any rule.
    """
    w = guard_band(rule, factor, u_pct)
    verdict = classify(error_pct, limit_pct, w, rule)
    if w >= limit_pct:
        beyond = abs(error_pct) > limit_pct + w + _SLACK
        return Decision("FAIL") if beyond else Decision("INDICATIVE", "not_capable")
    if u_pct > limit_pct and verdict in ("PASS", "CONDITIONAL_PASS"):
        return Decision("INDICATIVE", "not_capable")
    return Decision(verdict)


def conformity(error_pct: float, u_c_pct: float, nu_eff: float | None, limit_pct: float) -> float:
    """Return the probability that the true error is within the limit (JCGM 106, 7.4): normal, t below nu_eff 30."""
    if u_c_pct <= 0.0:
        return 1.0 if abs(error_pct) <= limit_pct + _SLACK else 0.0
    low, high = (-limit_pct - error_pct) / u_c_pct, (limit_pct - error_pct) / u_c_pct
    if nu_eff is not None and nu_eff < _FEW:
        return student_t.cdf(high, nu_eff) - student_t.cdf(low, nu_eff)
    return NormalDist().cdf(high) - NormalDist().cdf(low)


def worst(decisions: Iterable[Decision]) -> Decision:
    """Return the worst decision: a failure counts before an indicative point, that one before a pass."""
    return max(decisions, key=lambda decision: ORDER.index(decision.verdict))


def uncertainty_ratio(limit_pct: float, u_pct: float) -> float | None:
    """Return TUR, limit over U; ``None`` without a U."""
    return limit_pct / u_pct if u_pct > 0.0 and math.isfinite(limit_pct / u_pct) else None
