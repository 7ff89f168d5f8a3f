"""All that the page of insights and its reports show of a period, and which sessions stand behind each mark."""

from collections.abc import Iterable
from dataclasses import dataclass

from evtech.insights.intervals import Interval
from evtech.insights.overview import Overview, down_by_cause, failure_cause, overview
from evtech.insights.records import Attempt, Port, Records
from evtech.insights.ribbon import ribbon
from evtech.insights.success import is_success
from evtech.insights.suggestions import Suggestion, sessions_in_hours, suggestions
from evtech.insights.trends import DAY, Stretch, boundaries, step_for, stretches
from evtech.insights.weekly import WeekSpread, week_spread


@dataclass(frozen=True, slots=True)
class Picture:
    """A period, counted: figures, remarks, a trend, days, and each port's time by what is known of it."""

    overview: Overview
    zone: str
    suggestions: list[Suggestion]
    step: str  # of the trend: week or month
    trend: list[Stretch]
    days: list[Stretch]
    ribbons: dict[str, dict[str, list[Interval]]]
    spread: WeekSpread

    @property
    def worst_first(self) -> list[Port]:
        """Return the ports, those first that were down longest, then those that failed most often."""
        found = self.overview

        def key(port: Port) -> tuple[float, float, str]:
            available, rates = found.availability.get(port.name), found.success_by_port[port.name]
            down = available.outage_min - available.excluded_min if available is not None else 0.0
            failed = 100.0 - rates.attempt.value if rates.attempt is not None else 0.0
            return -down, -failed, port.name

        return sorted(found.records.ports.values(), key=key)


def picture(records: Records, period: Interval, now: float, zone: str) -> Picture:
    """Count a period up to now; raise ``InputError`` for one that is empty."""
    period = (period[0], max(period[0] + 1.0, min(period[1], now)))
    found = overview(records, period, now)
    ports, step = records.ports, step_for(period)
    return Picture(
        overview=found,
        zone=zone,
        suggestions=suggestions(found),
        step=step,
        trend=stretches(found.touching, ports, boundaries(period, zone, step)),
        days=stretches(found.touching, ports, boundaries(period, zone, DAY)),
        ribbons={
            name: ribbon(port, found.downs[name], found.touching.get(name, ()), period, now)
            for name, port in ports.items()
        },
        spread=week_spread(found),
    )


def behind_hour(shown: Picture, hour: int) -> frozenset[str]:
    """Return the sessions during which a vehicle stood at a port in an hour of the week (0 = Monday 0 h)."""
    ids: frozenset[str] = frozenset()
    for name, port in shown.overview.records.ports.items():
        own = shown.overview.touching.get(name, [])
        ids |= _ids(sessions_in_hours(own, port.timezone, hour // 24, hour % 24, hour % 24 + 1))
    return ids


def behind_stretch(shown: Picture, stretch: Stretch, *, failed: bool) -> frozenset[str]:
    """Return the sessions that began in a stretch, or of these the failed ones."""
    return _ids(
        a
        for a in shown.overview.attempts
        if stretch.start <= a.start < stretch.end and not (failed and (is_success(a) or not a.is_judged))
    )


def behind_span(shown: Picture, port: str, span: Interval) -> frozenset[str]:
    """Return the sessions of a port that lie in or touch a span; where there are none, the last one before it."""
    own = shown.overview.touching.get(port, [])
    inside = [a for a in own if a.start < span[1] and a.end >= span[0]]
    return _ids(inside or [a for a in own if a.start < span[0]][-1:])


def behind_failed(shown: Picture, port: str) -> frozenset[str]:
    """Return the failed sessions of a port that began in the period."""
    low, high = shown.overview.period
    own = shown.overview.touching.get(port, [])
    return _ids(a for a in own if low <= a.start < high and a.is_judged and not is_success(a))


def behind_cause(shown: Picture, cause: str) -> frozenset[str]:
    """Return the failed sessions of a cause."""
    return _ids(a for a in shown.overview.attempts if a.is_judged and not is_success(a) and failure_cause(a) == cause)


def behind_downtime(shown: Picture, cause: str) -> frozenset[str]:
    """Return the sessions that met an outage of a cause."""
    found = shown.overview
    ids: frozenset[str] = frozenset()
    for outage in down_by_cause(found.records):
        if (outage.cause or "unknown") == cause and not outage.is_exclusion:
            end = found.now if outage.end is None else outage.end
            if outage.start < found.period[1] and end > found.period[0]:
                ids |= behind_span(shown, outage.port, (outage.start, end))
    return ids


def _ids(attempts: Iterable[Attempt]) -> frozenset[str]:
    return frozenset(a.session_id for a in attempts if a.session_id is not None)
