"""What a calibration says: per load point error, budget and verdict, and the JSON that commands print."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from evtech.calibration.limits import Limit, LimitProfile
from evtech.calibration.monte_carlo import MonteCarlo
from evtech.calibration.observations import Observations
from evtech.calibration.sale import PriceCheck, TimeCheck
from evtech.calibration.uncertainty import Combined, reported
from evtech.calibration.verdict import Decision
from evtech.calibration.words import sentence, words

SCHEMA = "evtech.calibration/1"


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to know about a result: a code of `resources/i18n/calibration_*.toml`, its values, its load point.

    ``text`` is used as it stands where the remark came in words, from the record.
    """

    code: str
    values: dict[str, str] = field(default_factory=dict)
    point: str | None = None
    text: str | None = None

    def say(self, lang: str = "en") -> str:
        """Return the remark as a sentence, led by the load point it belongs to."""
        said = self.text or sentence(self.code, lang, self.values)
        return f"{self.point}: {said}" if self.point else said


def merged(remarks: Sequence[Remark]) -> tuple[Remark, ...]:
    """Return each remark once, with all the load points it is about."""
    found: dict[tuple[str, str, str | None], Remark] = {}
    for remark in remarks:
        key = (remark.code, repr(remark.values), remark.text)
        before = found.get(key)
        both = [before.point, remark.point] if before else [remark.point]
        found[key] = replace(remark, point=", ".join(filter(None, both)) or None)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class PointResult:
    """The result of one load point, percent unrounded; ``None`` where it cannot be known honestly.

    ``apparent_pct`` is the mean without the correction for the reference's own error, ``errors_pct`` the corrected
    error of every observation, ``spread_pct`` the range of the apparent ones.
    """

    name: str
    observations: Observations
    decision: Decision
    n: int
    errors_pct: tuple[float, ...] = ()
    apparent_errors_pct: tuple[float, ...] = ()
    apparent_pct: float | None = None
    error_pct: float | None = None
    weighted_error_pct: float | None = None
    s_pct: float | None = None
    spread_pct: float | None = None
    combined: Combined | None = None
    limit: Limit | None = None
    guard_band_pct: float | None = None
    tur: float | None = None
    p_c: float | None = None
    reference_error_pct: float | None = None
    lag1: float | None = None
    n_eff: float | None = None
    monte_carlo: MonteCarlo | None = None

    @property
    def acceptance_limit_pct(self) -> float | None:
        """Return the limit less the guard band."""
        if self.limit is None or self.guard_band_pct is None:
            return None
        return self.limit.limit_pct - self.guard_band_pct

    @property
    def reported(self) -> str | None:
        """Return the result rounded, such as ``(+0.51 ± 0.19) %``."""
        if self.error_pct is None or self.combined is None:
            return None
        return reported(self.error_pct, self.combined.u_expanded_pct)

    @property
    def sensitivities(self) -> tuple[float, float, float] | None:
        """Return dE/dW_X and dE/dW_S (% per kWh or kW) and dE/d eps (% per %), at the mean."""
        o = self.observations
        if not o.device or self.reference_error_pct is None:
            return None
        x, s = sum(o.device) / len(o.device), sum(o.transferred) / len(o.transferred)
        factor = 1.0 + self.reference_error_pct / 100.0
        return 100.0 * factor / s, -100.0 * x / s**2 * factor, x / s


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """The result of a whole calibration; ``conditions`` are those not met, ``notes`` is what else must be known."""

    decision: Decision
    points: tuple[PointResult, ...]
    conditions: tuple[Remark, ...]
    notes: tuple[Remark, ...]
    profile: LimitProfile | None
    price: PriceCheck | None = None
    time: TimeCheck | None = None

    def to_json(self) -> dict[str, Any]:
        """Return the result as the commands print it; numbers are unrounded."""
        return {
            "schema": SCHEMA,
            "verdict": self.decision.verdict,
            "reason": self.decision.reason,
            "points": [_point(point) for point in self.points],
            "conditions_not_met": [remark.say() for remark in self.conditions],
            "notes": [remark.say() for remark in self.notes],
            "limits": None if self.profile is None else profile_json(self.profile),
            **({"price": self.price.to_json()} if self.price else {}),
            **({"time": asdict(self.time)} if self.time else {}),
        }


def profile_json(profile: LimitProfile) -> dict[str, Any]:
    """Return the standing of a limit profile as JSON values."""
    return {
        "id": profile.id,
        "title": profile.title,
        "edition": profile.edition,
        "jurisdiction": profile.jurisdiction,
        "confidence": profile.confidence,
        "verified": profile.verified,
        "mark": None if profile.verified else words("en")["not_verified"],
        "doubts": list(profile.doubts),
    }


def _point(point: PointResult) -> dict[str, Any]:
    c = point.combined
    named = words("en")["budget"]
    return {
        "name": point.name,
        "n": point.n,
        "error_pct": point.error_pct,
        "s_pct": point.s_pct,
        "u_c_pct": c.u_c_pct if c else None,
        "nu_eff": c.nu_eff if c else None,
        "k": c.k if c else None,
        "U_pct": c.u_expanded_pct if c else None,
        "limit_pct": point.limit.limit_pct if point.limit else None,
        "acceptance_limit_pct": point.acceptance_limit_pct,
        "verdict": point.decision.verdict,
        "reason": point.decision.reason,
        "n_rejected": len(point.observations.rejected),
        "tur": point.tur,
        "p_c": point.p_c,
        "reported": point.reported,
        "budget": [
            {
                "id": line.id,
                "name": named[line.id],
                "distribution": line.distribution,
                "u_pct": line.u_pct,
                "nu": line.nu,
                "share": line.share,
                **({"left_out": True, "alone_pct": line.alone_pct} if line.left_out else {}),
            }
            for line in (c.budget if c else ())
        ],
        "apparent_error_pct": point.apparent_pct,
        "weighted_error_pct": point.weighted_error_pct,
        "reference_error_pct": point.reference_error_pct,
        "spread_pct": point.spread_pct,
        "errors_pct": list(point.errors_pct),
        "limit_row": point.limit.text if point.limit else None,
        "lag1_autocorrelation": point.lag1,
        "n_eff": point.n_eff,
        "monte_carlo": point.monte_carlo.to_json() if point.monte_carlo else None,
    }
