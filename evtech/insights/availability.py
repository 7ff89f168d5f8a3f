"""How long were the ports up? NEVI (23 CFR 680.116(b)), California, United Kingdom (SI 2023/1168, regulation 7).

All in minutes of UTC. Overlapping outages count once; an exclusion counts only where a port was down in it.

Where the rules are silent: time after now is unknown unless a row speaks of it; a merged episode is one failure,
without its excluded minutes; an outage that reaches over an end of the period is cut there, is a failure of the period
and, if its row has an end, repaired where it is cut; a blocked port is up for NEVI. Where an outage was reported and
another state was seen, the port was down, unless it was taken out of service.
"""

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from evtech.insights.intervals import (
    NOTHING,
    Interval,
    Spans,
    clip,
    intersect,
    joined,
    measure,
    pieces,
    subtract,
    union,
)
from evtech.insights.rates import mtbf_bounds
from evtech.insights.records import Outage, Port, StateSpan
from evtech.insights.states import States
from evtech.insights.statistics import median
from evtech.store.columns import Floats, Ints, Mask

NEVI_MINUTES = 525_600.0  # fixed by the rule, in a leap year too
SHORTEST_FAILURE_MIN = 5.0
UK_RAPID_KW = 50.0
CEC_VANDALISM_MIN, CEC_MAINTENANCE_MIN = 14_400.0, 4_320.0  # a year: 10 days an incident, 72 h in all
_NOT_CALIFORNIA = ("communication", "provider", "vehicle", "hours")  # accepted by NEVI only
DOWN_STATES = frozenset({"OUTOFORDER", "INOPERATIVE"})
_EXEMPT = frozenset({"UNKNOWN", "BLOCKED"})
_NOT_THERE = frozenset({"PLANNED", "REMOVED"})
_NO = np.zeros(1, dtype=bool)
# which state counts where sources disagree; of our own choice
_PRECEDENCE = (
    "REMOVED", "PLANNED", "OUTOFORDER", "INOPERATIVE", "CHARGING", "RESERVED", "AVAILABLE", "BLOCKED", "UNKNOWN",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Downtime:
    """What is known of one port in a period: unions of intervals inside it, open ends closed at ``now``.

    ``service`` reaches into the future, ``passed`` ends at ``now`` or where the last row ends; ``known`` is what of it
    was watched.
    """

    service: Spans
    passed: Spans
    known: Spans
    outages: Spans
    exclusions: Spans
    exempt: Spans
    open_since: float | None = None


@dataclass(frozen=True, slots=True)
class PortAvailability:
    """One port's figures; a figure is ``None`` where it cannot be known. Repair times are in h."""

    port: str
    nevi_uptime_pct: float
    nevi_actual_pct: float | None
    cec_uptime_pct: float
    outage_min: float
    excluded_min: float
    coverage_pct: float | None
    service_min: float
    failures: int
    mtbf_h: float | None
    mtbf_low_h: float | None
    mtbf_high_h: float | None
    mttr_h: float | None
    mttr_median_h: float | None
    open_since: float | None


def downtime(
    outages: list[Outage] | None, states: Sequence[StateSpan] | None, port: Port, period: Interval, now: float
) -> Downtime | None:
    """Return a port's downtime in the period from its own outages, states or both; ``None`` where there are neither."""
    if states is None:
        return _from_outages(outages, port, period, now) if outages is not None else None
    seen = _from_states(states, port, period, now)
    return _together(seen, _from_outages(outages, port, period, now), now) if outages else seen


def port_availability(name: str, down: Downtime, causes: Iterable[Outage] = ()) -> PortAvailability:
    """Return one port's figures from its downtime; ``causes`` are its exclusions for California's caps."""
    service = measure(down.service)
    excluded = intersect(down.outages, down.exclusions)
    outage_min, excluded_min = measure(down.outages), measure(excluded)
    counted = outage_min - excluded_min
    known = measure(down.known)
    left = _left_minutes(down.outages, excluded)
    failures = [
        (float(minutes), end)
        for minutes, (_, end) in zip(left, down.outages, strict=True)
        if minutes > SHORTEST_FAILURE_MIN
    ]
    repairs = [minutes / 60 for minutes, end in failures if not _is_open(end, down)]
    up_h = (known - outage_min) / 60  # neither the future nor what nobody watched has proved anything
    low, high = mtbf_bounds(up_h, len(failures)) if up_h > 0 else (None, None)
    return PortAvailability(
        port=name,
        nevi_uptime_pct=100 * (NEVI_MINUTES - counted) / NEVI_MINUTES,
        nevi_actual_pct=100 * (known - counted) / known if known > 0 else None,
        cec_uptime_pct=100 * (NEVI_MINUTES - (outage_min - _cec_excluded(down, causes))) / NEVI_MINUTES,
        outage_min=outage_min,
        excluded_min=excluded_min,
        coverage_pct=100 * known / service if service > 0 else None,
        service_min=service,
        failures=len(failures),
        mtbf_h=up_h / len(failures) if failures else None,
        mtbf_low_h=low,
        mtbf_high_h=high,
        mttr_h=sum(repairs) / len(repairs) if repairs else None,
        mttr_median_h=median(repairs) if repairs else None,
        open_since=down.open_since,
    )


def uk_reliability(downs: Iterable[tuple[Port, Downtime]]) -> tuple[float | None, float | None]:
    """Return the text variant and the exempt variant (%) of the rapid ports, minutes pooled; ``None`` without any."""
    measured = down_min = exempt = counted = 0.0
    for port, down in downs:
        if port.rated_kw is None or port.rated_kw < UK_RAPID_KW:
            continue
        measured += measure(down.passed)
        down_min += measure(down.outages)
        exempt += measure(down.exempt)
        counted += measure(subtract(down.outages, down.exempt))
    text = 100 * (measured - down_min) / measured if measured > 0 else None
    rest = measured - exempt
    return text, 100 * (rest - counted) / rest if rest > 0 else None


def downtime_by_cause(outages: Iterable[Outage], period: Interval, now: float) -> dict[str, float]:
    """Return minutes of downtime by cause, longest first; what overlaps with the same cause counts once a port."""
    by: dict[tuple[str, str], list[Interval]] = {}
    for outage in outages:
        if not outage.is_exclusion:
            by.setdefault((outage.cause or "unknown", outage.port), []).append(_span(outage, now))
    minutes: dict[str, float] = {}
    for (cause, _), spans in by.items():
        minutes[cause] = minutes.get(cause, 0.0) + measure(union(clip(spans, period)))
    return dict(sorted(minutes.items(), key=lambda item: -item[1]))


def _from_outages(outages: list[Outage], port: Port, period: Interval, now: float) -> Downtime:
    service = port.in_service(period)
    real = [o for o in outages if not o.is_exclusion]
    down = _inside([_span(o, now) for o in real], service)
    out = _inside([_span(o, now) for o in outages if o.excluded], service)
    watched = union(joined([clip(service, (period[0], now)), down]))
    still = [o.start for o in real if o.end is None and o.start < min(now, period[1])]
    return Downtime(service, watched, watched, down, out, intersect(down, out), min(still, default=None))


def _from_states(states: Sequence[StateSpan], port: Port, period: Interval, now: float) -> Downtime:
    seen = States.of(states)
    time = _cut(seen, port.in_service(period), now)
    gone, down, exempt = (time.of(those) for those in (_NOT_THERE, DOWN_STATES, _EXEMPT))
    taken = time.state < len(_PRECEDENCE)
    service = time.in_service & ~gone
    passed = service & (taken | (time.cuts[:-1] < now))
    silent = passed & ~taken
    known = passed & ~(time.of({"UNKNOWN"}) | silent)
    is_open = np.isnan(seen.end) & seen.state.among(DOWN_STATES) & (seen.start < min(now, period[1]))
    still = seen.start[is_open]
    return Downtime(
        service=time.runs(service),
        passed=time.runs(passed),
        known=time.runs(known),
        outages=time.runs(down),
        exclusions=NOTHING,
        exempt=time.runs(exempt | silent),
        open_since=float(still.min()) if len(still) else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Cut:
    """Time cut wherever a state begins or ends: for each piece the state that counts, as its place in the order."""

    cuts: Floats
    state: Ints  # past the last one where none is known, or out of service
    in_service: Mask

    def of(self, states: Collection[str]) -> Mask:
        """Return the pieces in which one of these states counts."""
        return np.array([*(state in states for state in _PRECEDENCE), False])[self.state]

    def runs(self, pieces: Mask) -> Spans:
        """Return chosen pieces as intervals, those beside each other as one."""
        edges = np.diff(np.concatenate((_NO, pieces, _NO)).view(np.int8))
        return Spans(self.cuts[(edges > 0).nonzero()[0]], self.cuts[(edges < 0).nonzero()[0]])


def _cut(seen: States, service: Spans, now: float) -> _Cut:
    """Return the time of a port cut by its states, by its service and by now."""
    places = {state: place for place, state in enumerate(_PRECEDENCE)}
    ends = np.where(np.isnan(seen.end), now, seen.end)
    place = np.array([*(places.get(word, -1) for word in seen.state.words), -1])[seen.state.codes]
    rows = ((ends > seen.start) & (place >= 0)).nonzero()[0]
    starts, ends, place = seen.start[rows], ends[rows], place[rows]
    cuts = np.unique(np.concatenate((starts, ends, service.starts, service.ends, [now])))
    pieces, kinds = len(cuts), len(_PRECEDENCE)
    # how many stretches of each state cover each piece: those that have begun less those that have ended
    first, after = (place * pieces + cuts.searchsorted(moments) for moments in (starts, ends))
    steps = np.bincount(first, minlength=kinds * pieces) - np.bincount(after, minlength=kinds * pieces)
    covered = steps.reshape(kinds, pieces).cumsum(axis=1)[:, :-1] > 0
    in_service = np.zeros(pieces - 1, dtype=bool)
    for start, end in service:
        in_service[int(cuts.searchsorted(start)) : int(cuts.searchsorted(end))] = True
    is_known = covered.any(axis=0) & in_service
    return _Cut(cuts, np.where(is_known, covered.argmax(axis=0), kinds), in_service)


def _together(seen: Downtime, told: Downtime, now: float) -> Downtime:
    """Return what was seen and what was reported as one; an outage that is only announced is none yet."""
    reported = intersect(told.outages, clip(seen.passed, (-math.inf, now)))
    down = union(joined([seen.outages, reported]))
    still = [moment for moment in (seen.open_since, told.open_since) if moment is not None]
    return Downtime(
        service=seen.service,
        passed=seen.passed,
        known=union(joined([seen.known, reported])),
        outages=down,
        exclusions=told.exclusions,
        exempt=union(joined([subtract(seen.exempt, reported), intersect(down, told.exclusions)])),
        open_since=min(still, default=None),
    )


def _inside(spans: Iterable[Interval], service: Spans) -> Spans:
    return intersect(union(spans), union(service))


def _span(outage: Outage, now: float) -> Interval:
    return outage.start, max(outage.start, now) if outage.end is None else outage.end


def _left_minutes(episodes: Spans, excluded: Spans) -> Floats:
    """Return of each episode the minutes that are not excluded."""
    met, of = pieces(episodes, excluded)
    excused = np.bincount(of, met.ends - met.starts, len(episodes))
    return np.asarray((episodes.ends - episodes.starts) / 60 - excused / 60)


def _is_open(end: float, down: Downtime) -> bool:
    """Return whether an episode lasts still: an outage without an end covers everything after its start."""
    return down.open_since is not None and end > down.open_since


def _cec_excluded(down: Downtime, causes: Iterable[Outage]) -> float:
    """Return excluded minutes under California's caps: vandalism by incident, planned maintenance by year."""
    total = maintenance = 0.0
    seen = NOTHING
    for cause in sorted((c for c in causes if c.excluded), key=lambda c: c.start):
        words = cause.cause.lower()
        if any(word in words for word in _NOT_CALIFORNIA):
            continue
        span = intersect(down.outages, [(cause.start, cause.end if cause.end is not None else math.inf)])
        fresh = subtract(span, seen)
        seen = union(joined([seen, span]))
        minutes = measure(fresh)
        if "vandal" in words:
            total += min(minutes, CEC_VANDALISM_MIN)
        elif "maint" in words:
            maintenance += minutes
        else:
            total += minutes
    return total + min(maintenance, CEC_MAINTENANCE_MIN)
