"""Sessions that cannot be right or stand out: deterministic rules, each finding with value, limit and a suggestion.

From rows of sessions only what a row can show; rules over samples are in ``sample_rules.py``.
"""

import hashlib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from evtech.insights.anomaly_screens import MEAN_ABOVE_PEAK, PLAUSIBLE, overlapping, suspicious
from evtech.insights.attempts import Attempts
from evtech.insights.records import Attempt, Port
from evtech.insights.statistics import OUTLIER, trailing_z

WINDOW, LEAST = 30, 8
_SLIP_TOLERANCE = 0.1


@dataclass(frozen=True, slots=True)
class Evidence:
    """What one point showed at one moment (s since 1970 UTC), in its base unit."""

    at: float
    point: str
    value: float


@dataclass(frozen=True, slots=True)
class Anomaly:
    """One finding. ``severity``: critical, warning or info; times in s since 1970 UTC.

    ``about`` is the phase, point or quantity where a rule can find more than one thing at once. ``said`` and
    ``figures`` make the sentence again in another language (``finding_words.py``); ``text`` is the English one.
    """

    rule: str
    severity: str
    port: str
    start: float
    end: float
    value: float | None
    limit: float | None
    text: str
    suggestion: str
    session_id: str | None = None
    about: str = ""
    evidence: tuple[Evidence, ...] = ()
    said: str = ""
    figures: Mapping[str, float | str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """Return what names this finding for ever: rule, subject, port, session and beginning, not its wording."""
        return finding_id(self.rule, self.about, self.port, self.session_id, self.start)


def finding_id(rule: str, about: str, port: str, session_id: str | None, start: float) -> str:
    """Return the lasting id of a finding; ``start`` in s since 1970."""
    parts = (rule, about, port, session_id or "", f"{start:.3f}")
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def session_anomalies(by_port: Mapping[str, Iterable[Attempt]], ports: Mapping[str, Port]) -> list[Anomaly]:
    """Return what stands out in sessions, by time; each port is judged by its own."""
    found: list[Anomaly] = []
    for name, own in by_port.items():
        port, attempts = ports.get(name, Port(name)), Attempts.of(own)
        for attempt in attempts.take(suspicious(attempts, port)):
            found += [a for a in (_clock(attempt), _negative(attempt), _too_much(attempt, port)) if a]
            found += [a for a in (_peak(attempt, port), _mismatch(attempt)) if a]
        found += _overlaps(attempts)
        found += _outliers(attempts)
    return sorted(found, key=lambda a: (a.start, a.rule))


def _made(attempt: Attempt, rule: str, severity: str, text: str, suggestion: str, *figures: float | None) -> Anomaly:
    value, limit = figures or (None, None)
    end = attempt.end
    return Anomaly(rule, severity, attempt.port, attempt.start, end, value, limit, text, suggestion, attempt.session_id)


def _clock(attempt: Attempt) -> Anomaly | None:
    """Find times that run backwards: energy or unplugging before what must come first."""
    pairs = (
        (attempt.plugged_at, attempt.energy_started_at, "energy began before the plug was in"),
        (attempt.energy_started_at, attempt.energy_ended_at, "energy ended before it began"),
        (attempt.plugged_at, attempt.unplugged_at, "unplugged before plugged in"),
        (attempt.energy_started_at, attempt.unplugged_at, "unplugged before energy began"),
    )
    for before, after, words in pairs:
        if before is not None and after is not None and after < before:
            text = f"{words.capitalize()}, by {before - after:.0f} s."
            return _made(attempt, "clock", "warning", text, "Compare the charger's clock.", after - before, 0.0)
    return None


def _negative(attempt: Attempt) -> Anomaly | None:
    if attempt.energy_kwh is None or attempt.energy_kwh >= 0:
        return None
    text = f"The session's energy is {attempt.energy_kwh:.3f} kWh: the register ran backwards."
    return _made(attempt, "rollback", "critical", text, "Read the meter's register.", attempt.energy_kwh, 0.0)


def _too_much(attempt: Attempt, port: Port) -> Anomaly | None:
    """Find more energy than the port can deliver in the time; near a power of ten it is a scale slip."""
    span = attempt.energy_span
    if not attempt.energy_kwh or not port.rated_kw or span is None or span[1] <= span[0]:
        return None
    hours = (span[1] - span[0]) / 3600
    limit = PLAUSIBLE * port.rated_kw * hours
    if attempt.energy_kwh <= limit:
        return None
    ratio = attempt.energy_kwh / hours / port.rated_kw
    words = (
        f"{attempt.energy_kwh:.1f} kWh in {hours:.2f} h are {ratio:.1f} times what {port.rated_kw:g} kW can deliver."
    )
    if _is_slip(attempt, ratio):
        return _made(
            attempt, "scale_slip", "critical", words, "Check the register's scale and word order.",
            attempt.energy_kwh, limit,
        )  # fmt: skip
    return _made(attempt, "jump", "critical", words, "Compare the register at both ends.", attempt.energy_kwh, limit)


def _is_slip(attempt: Attempt, ratio: float) -> bool:
    """Return whether the excess over the peak (else over the rating) is close to 10, 100, … or 65536."""
    span = attempt.energy_span
    if attempt.peak_kw and span is not None and attempt.energy_kwh:
        ratio = attempt.energy_kwh * 3600 / (span[1] - span[0]) / attempt.peak_kw
    if not 5 <= ratio < 1e300:  # a peak of nearly nothing has no power of ten
        return False
    power = round(math.log10(ratio))
    return any(abs(ratio / known - 1) <= _SLIP_TOLERANCE for known in (10.0**power, 65536.0))


def _peak(attempt: Attempt, port: Port) -> Anomaly | None:
    if attempt.peak_kw is None or not port.rated_kw or attempt.peak_kw <= PLAUSIBLE * port.rated_kw:
        return None
    limit = PLAUSIBLE * port.rated_kw
    text = f"The peak of {attempt.peak_kw:.1f} kW is above what a port of {port.rated_kw:g} kW can deliver."
    return _made(attempt, "peak", "warning", text, "Check the power's scale and the rating.", attempt.peak_kw, limit)


def _mismatch(attempt: Attempt) -> Anomaly | None:
    """Find a mean power above the peak: energy and power cannot both be right."""
    span = attempt.energy_span
    if not attempt.energy_kwh or not attempt.peak_kw or span is None or span[1] <= span[0]:
        return None
    mean = attempt.energy_kwh * 3600 / (span[1] - span[0])
    if mean <= MEAN_ABOVE_PEAK * attempt.peak_kw:
        return None
    text = f"The mean power of {mean:.2f} kW is above the peak of {attempt.peak_kw:.2f} kW."
    return _made(attempt, "energy_mismatch", "warning", text, "Compare register and power.", mean, attempt.peak_kw)


def _overlaps(attempts: Attempts) -> list[Anomaly]:
    """Find a vehicle plugged in before the one before was unplugged: one port serves one vehicle."""
    found = []
    for row, overlap in overlapping(attempts):
        text = f"It begins {overlap:.0f} s before the session before it ended: recorded twice, or a clock is wrong."
        found.append(_made(attempts[row], "duplicate_time", "warning", text, "Compare both sessions.", overlap, 0.0))
    return found


def _outliers(attempts: Attempts) -> list[Anomaly]:
    """Find mean powers far from those of the port's last 30 sessions (modified z-score over 3.5)."""
    spans = attempts.energy_span
    lengths = spans.ends - spans.starts
    rows = np.flatnonzero((lengths >= 300) & (attempts.energy_kwh > 0))
    rows = rows[np.argsort(attempts.start[rows], kind="stable")]
    means = attempts.energy_kwh[rows] * 3600 / lengths[rows]
    found = []
    scores, counts = trailing_z(means.tolist(), WINDOW)
    for at in np.flatnonzero((np.abs(scores) > OUTLIER) & (np.array(counts) >= LEAST)).tolist():
        text = f"The mean power of {means[at]:.2f} kW is unlike the port's last {counts[at]} sessions."
        found.append(_made(attempts[rows[at]], "outlier", "info", text, "Open the session.", scores[at], OUTLIER))
    return found
