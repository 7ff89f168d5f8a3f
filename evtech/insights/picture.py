"""All that the page of insights and its reports show of a period, and which sessions stand behind each mark."""

from dataclasses import dataclass

import numpy as np

from evtech.insights.intervals import Interval, Spans
from evtech.insights.overview import Overview, down_by_cause, failed_of, overview
from evtech.insights.records import Port, Records
from evtech.insights.ribbon import ribbon
from evtech.insights.suggestions import Suggestion, in_hours, suggestions
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
    ribbons: dict[str, dict[str, Spans]]
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
    uses, step = found.uses, step_for(period)
    return Picture(
        overview=found,
        zone=zone,
        suggestions=suggestions(found),
        step=step,
        trend=stretches(found.attempts, uses, boundaries(period, zone, step)),
        days=stretches(found.attempts, uses, boundaries(period, zone, DAY)),
        ribbons={name: ribbon(use, period, now) for name, use in uses.items()},
        spread=week_spread(found),
    )


def behind_hour(shown: Picture, hour: int) -> frozenset[str]:
    """Return the sessions during which a vehicle stood at a port in an hour of the week (0 = Monday 0 h)."""
    ids: frozenset[str] = frozenset()
    for use in shown.overview.uses.values():
        hit = in_hours(use.attempts, use.port.timezone, hour // 24, hour % 24, hour % 24 + 1)
        ids |= use.attempts.ids(hit)
    return ids


def behind_stretch(shown: Picture, stretch: Stretch, *, failed: bool) -> frozenset[str]:
    """Return the sessions that began in a stretch, or of these the failed ones."""
    attempts = shown.overview.attempts
    began = attempts.take((attempts.start >= stretch.start) & (attempts.start < stretch.end))
    return (failed_of(began) if failed else began).ids()


def behind_span(shown: Picture, port: str, span: Interval) -> frozenset[str]:
    """Return the sessions of a port that lie in or touch a span; where there are none, the last one before it."""
    return _behind(shown, port, Spans.of([span]))


def behind_failed(shown: Picture, port: str) -> frozenset[str]:
    """Return the failed sessions of a port that began in the period."""
    attempts = shown.overview.attempts
    return failed_of(attempts.take(attempts.port.among({port}))).ids()


def behind_cause(shown: Picture, cause: str) -> frozenset[str]:
    """Return the failed sessions of a cause."""
    return failed_of(shown.overview.attempts, cause).ids()


def behind_downtime(shown: Picture, cause: str) -> frozenset[str]:
    """Return the sessions that met an outage of a cause."""
    found = shown.overview
    spans: dict[str, list[Interval]] = {}
    for outage in down_by_cause(found.records):
        if (outage.cause or "unknown") == cause and not outage.is_exclusion:
            end = found.now if outage.end is None else outage.end
            if outage.start < found.period[1] and end > found.period[0]:
                spans.setdefault(outage.port, []).append((outage.start, end))
    return frozenset().union(*(_behind(shown, port, Spans.of(own)) for port, own in spans.items()))


def _behind(shown: Picture, port: str, spans: Spans) -> frozenset[str]:
    """Return the sessions of a port that meet one of these spans, and the last one before each that nothing meets."""
    use = shown.overview.uses.get(port)
    if use is None or not len(use.attempts):
        return frozenset()
    own = use.attempts.by_start()
    latest = np.concatenate(([-np.inf], np.maximum.accumulate(own.end)))
    is_met = latest[np.searchsorted(own.start, spans.ends, "left")] >= spans.starts
    before = np.searchsorted(own.start, spans.starts[~is_met], "left") - 1
    hit = own.meets(spans)
    hit[before[before >= 0]] = True
    return own.ids(hit)
