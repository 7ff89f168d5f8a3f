"""Rules over a port's sessions and calibrations in a row: drift, wear, standby power, efficiency, clock, a whole week.

All of them speak once for each stretch between two adjustments, at the session that gave the alarm, and say the same
when more is recorded later: what a technician accepted or dismissed stays that finding.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, islice, pairwise

import numpy as np

from evtech.insights.anomalies import Anomaly, Evidence
from evtech.insights.charts import BOTH, HIGHER, RECENT, SURE, Alarm, alarm
from evtech.insights.figures import Figures
from evtech.insights.finding_words import finding_text, finding_todo
from evtech.insights.rule_limits import SampleLimits
from evtech.insights.statistics import MAD_SCALE, median

WEEK_S = 7 * 86400.0
MONDAY_S = 4 * 86400.0  # 1970-01-05, 0 h UTC
LEAST_MEANS = 144  # a day of ten-minute means: less is no week
IN_A_ROW = 3
CLOCK_ROW, CLOCK_LEAST_S, CLOCK_WITHIN_S = 10, 86_400.0, 2.0


@dataclass(frozen=True, slots=True)
class Dated:
    """One value of a series: when it was measured (s since 1970), in which session if any."""

    at: float
    end: float
    value: float
    session_id: str | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A session of a port with its figures."""

    session_id: str
    start: float
    end: float
    figures: Figures


@dataclass(frozen=True, slots=True)
class PortHistory:
    """Everything known of a port over time. ``errors`` are calibration errors (%) by load point."""

    port: str
    sessions: Sequence[Seen] = ()
    errors: Mapping[str, Sequence[Dated]] = field(default_factory=dict)
    adjusted: Sequence[float] = ()  # when the meter or the port was adjusted (s since 1970)


def trend_anomalies(history: PortHistory, limits: SampleLimits) -> list[Anomaly]:
    """Return what a port's history shows, by time."""
    found: list[Anomaly] = []
    for name, errors in sorted(history.errors.items()):
        found += _drift(history, errors, limits, f"calibration {name}", "drift_calibration", point=name)
    found += _drift(history, _column(history, "mismatch_pct"), limits, "energy", "drift_energy")
    for phase in ("l1", "l2", "l3"):
        found += _wear(history, phase, limits)
    found += _standby(history, limits)
    found += _efficiency(history, limits)
    found += _clock(history, limits)
    found += _weeks(history, limits, "volts", "voltage_week", "voltage")
    found += _weeks(history, limits, "unbalances", "unbalance_week", "unbalance")
    return sorted(found, key=lambda a: (a.start, a.rule, a.about))


def _made(
    history: PortHistory, said: str, severity: str, at: Dated, value: float, limit: float, *, rule: str = "",
    about: str = "", evidence: Sequence[Evidence] = (), **figures: float | str,
) -> Anomaly:  # fmt: skip
    figures = {"value": value, "limit": limit, **figures}
    return Anomaly(
        rule or said, severity, history.port, at.at, at.end, value, limit, finding_text(said, figures),
        finding_todo(said), at.session_id, about, tuple(evidence), said, figures,
    )  # fmt: skip


def _column(history: PortHistory, name: str) -> list[Dated]:
    return [
        Dated(s.start, s.end, float(value), s.session_id)
        for s in history.sessions
        if (value := getattr(s.figures, name)) is not None
    ]


def _stretches(history: PortHistory, values: Sequence[Dated]) -> Iterator[list[Dated]]:
    """Yield values between adjustments; a register that fell between two sessions is another meter."""
    cuts = sorted([*history.adjusted, *_replaced(history)])
    for _, part in groupby(values, key=lambda v: int(np.searchsorted(cuts, v.at, "right"))):
        yield list(part)


def _replaced(history: PortHistory) -> list[float]:
    known = [s for s in history.sessions if s.figures.first_wh is not None and s.figures.last_wh is not None]
    return [b.start for a, b in pairwise(known) if (b.figures.first_wh or 0.0) < (a.figures.last_wh or 0.0) - 1000.0]


def _first(
    history: PortHistory, values: Sequence[Dated], judge: Callable[[list[float]], Alarm | None]
) -> Iterator[tuple[list[Dated], Alarm]]:
    for part in _stretches(history, values):
        found = judge([v.value for v in part])
        if found is not None:
            yield part, found


def _shown(part: Sequence[Dated], place: int, name: str) -> list[Evidence]:
    """Return the last values up to an alarm as evidence."""
    return [Evidence(v.at, name, round(v.value, 6)) for v in part[max(0, place + 1 - RECENT) : place + 1]]


def _drift(
    history: PortHistory, values: Sequence[Dated], limits: SampleLimits, about: str, said: str, point: str = ""
) -> Iterator[Anomaly]:
    judge: Callable[[list[float]], Alarm | None] = lambda v: alarm(v, limits, limits.drift_least_pct, BOTH)  # noqa: E731
    for part, a in _first(history, values, judge):
        yield _made(history, said, "warning", part[a.place], a.now, a.limit, rule="drift", about=about, mean=a.mean,
                    sigma=a.sigma, n=float(a.n), chart=a.chart, point=point,
                    evidence=_shown(part, a.place, "error_pct"))  # fmt: skip


def _wear(history: PortHistory, phase: str, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a loop resistance that rises: a proxy for worn contacts and loose terminals before the meter."""
    judge: Callable[[list[float]], Alarm | None] = lambda v: alarm(v, limits, limits.wear_least_ohm, HIGHER)  # noqa: E731
    for part, a in _first(history, _column(history, f"loop_{phase}"), judge):
        yield _made(history, "contact_wear", "warning", part[a.place], a.now, a.limit, about=phase.upper(),
                    mean=a.mean, n=float(a.n), chart=a.chart, phase=phase.upper(),
                    evidence=_shown(part, a.place, f"loop_ohm_{phase}"))  # fmt: skip


def _baselines(values: Sequence[Dated], limits: SampleLimits) -> Iterator[tuple[list[float], range]]:
    """Yield a baseline and the places it judges: the first eight those up to twenty, the first twenty all others."""
    least, most = int(limits.baseline_least), max(int(limits.baseline_most), int(limits.baseline_least))
    for size, after in ((least, min(most, len(values))), (most, len(values))):
        if size < after:
            yield [v.value for v in values[:size]], range(size, after)


def _standby(history: PortHistory, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find an idle power above the baseline's median + 3 MAD, three sessions in a row."""
    for part in _stretches(history, _column(history, "idle_w")):
        yield from islice(_above_idle(history, part, limits), 1)


def _above_idle(history: PortHistory, part: list[Dated], limits: SampleLimits) -> Iterator[Anomaly]:
    for base, places in _baselines(part, limits):
        middle = median(base)
        limit = middle + max(limits.standby_mads * median(abs(x - middle) for x in base), limits.standby_w)
        row = 0
        for place in places:
            row = row + 1 if part[place].value > limit else 0
            if row == IN_A_ROW:
                yield _made(history, "standby", "warning", part[place], part[place].value, limit, about="idle power",
                            mean=middle, n=float(len(base)), evidence=_shown(part, place, "power_total"))  # fmt: skip


def _efficiency(history: PortHistory, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a DC efficiency more than a point below the baseline, in the median of five sessions."""
    for part in _stretches(history, _column(history, "efficiency_pct")):
        yield from islice(_below_efficiency(history, part, limits), 1)


def _below_efficiency(history: PortHistory, part: list[Dated], limits: SampleLimits) -> Iterator[Anomaly]:
    for base, places in _baselines(part, limits):
        middle = median(base)
        noise = median(abs(x - middle) for x in base) / MAD_SCALE
        limit = middle - max(limits.efficiency_drop, SURE * noise * (1 / RECENT + 1 / len(base)) ** 0.5)
        for place in places[RECENT - 1 :]:
            now = median(v.value for v in part[place + 1 - RECENT : place + 1])
            if now < limit:
                yield _made(history, "efficiency_drop", "warning", part[place], now, limit, rule="efficiency",
                            about="trend", mean=middle, n=float(len(base)),
                            evidence=_shown(part, place, "efficiency_pct"))  # fmt: skip


def _clock(history: PortHistory, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a clock that moves away steadily from session to session; one that is set again and again does not."""
    values = _column(history, "clock_s")
    is_told = False
    for after in range(4, len(values) + 1):
        part = values[max(0, after - CLOCK_ROW) : after]
        drift = _straight(part)
        if drift is None or abs(drift) <= limits.clock_ppm:
            is_told = False
        elif not is_told:
            is_told = True
            days = (part[-1].at - part[0].at) / 86400
            yield _made(history, "clock_drift_days", "warning", part[-1], drift, limits.clock_ppm, rule="clock",
                        about="drift over days", days=days, n=float(len(part)),
                        evidence=_shown(part, len(part) - 1, "clock_offset"))  # fmt: skip


def _straight(part: Sequence[Dated]) -> float | None:
    """Return the slope (ppm) of offsets that lie on a line over a day or more; else ``None``."""
    if part[-1].at - part[0].at < CLOCK_LEAST_S or abs(part[-1].value - part[0].value) <= CLOCK_WITHIN_S:
        return None
    at, off = np.array([v.at for v in part]), np.array([v.value for v in part])
    slope, base = np.polyfit(at - at[0], off, 1)
    rest = np.abs(off - base - slope * (at - at[0])).max()
    moved = abs(slope) * (at[-1] - at[0])
    return float(1e6 * slope) if rest < CLOCK_WITHIN_S < moved else None


def _weeks(history: PortHistory, limits: SampleLimits, name: str, said: str, rule: str) -> Iterator[Anomaly]:
    """Find whole weeks in which more than 5 % of the ten-minute means that were watched lay outside (EN 50160)."""
    by_week = [(w, list(part)) for w, part in groupby(history.sessions, lambda s: int((s.start - MONDAY_S) // WEEK_S))]
    for week, part in by_week[:-1]:  # the last one may still go on
        own = [s for s in part if getattr(s.figures, name)]
        watched = sum(getattr(s.figures, name) for s in own)
        outside = sum(getattr(s.figures, f"{name}_out") or 0 for s in own)
        if watched >= LEAST_MEANS and 100 * outside / watched > limits.week_share_pct:
            begin = MONDAY_S + week * WEEK_S
            yield _made(history, said, "warning", Dated(begin, begin + WEEK_S, 0.0), 100 * outside / watched,
                        limits.week_share_pct, rule=rule, about="week", n=float(watched),
                        outside=float(outside))  # fmt: skip
