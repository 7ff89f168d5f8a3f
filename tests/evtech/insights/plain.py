"""Insights counted slowly, one session and one stretch after the other: what the columns are held against.

Nothing here is shared with the code under test but its values (``Attempt``, ``Port``, …) and the rates of counts.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from statistics import median
from zoneinfo import ZoneInfo

from evtech.insights.records import NORMAL_ENDS, Attempt, Outage, Port, Records, StateSpan

Interval = tuple[float, float]
PRECEDENCE = (
    "REMOVED", "PLANNED", "OUTOFORDER", "INOPERATIVE", "CHARGING", "RESERVED", "AVAILABLE", "BLOCKED", "UNKNOWN",
)  # fmt: skip


# ---- time ----


def union(intervals: Iterable[Interval]) -> list[Interval]:
    merged: list[Interval] = []
    for start, end in sorted(i for i in intervals if i[1] > i[0]):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def clip(intervals: Iterable[Interval], period: Interval) -> list[Interval]:
    cut = [(max(start, period[0]), min(end, period[1])) for start, end in intervals]
    return [(start, end) for start, end in cut if end > start]


def intersect(first: Sequence[Interval], second: Sequence[Interval]) -> list[Interval]:
    cut = [(max(a, c), min(b, d)) for a, b in first for c, d in second]
    return sorted((start, end) for start, end in cut if end > start)


def subtract(first: Sequence[Interval], second: Sequence[Interval]) -> list[Interval]:
    left = list(first)
    for low, high in second:
        left = [part for a, b in left for part in ((a, min(b, low)), (max(a, high), b)) if part[1] > part[0]]
    return sorted(left)


def minutes(intervals: Iterable[Interval]) -> float:
    return sum(end - start for start, end in intervals) / 60


def service(port: Port, period: Interval) -> list[Interval]:
    low = port.in_service_from if port.in_service_from is not None else period[0]
    high = port.in_service_to if port.in_service_to is not None else period[1]
    return clip([(low, high)], period)


def exposed(port: Port, period: Interval) -> list[Interval]:
    own = service(port, period)
    return own if port.watched is None else intersect(own, list(port.watched))


def down_from_states(
    states: Sequence[StateSpan], port: Port, period: Interval, now: float
) -> dict[str, list[Interval]]:
    """Return service, passed, known, outages, exclusions and exempt."""
    whole, taken = service(port, period), []
    spans: dict[str, list[Interval]] = {}
    for state in PRECEDENCE:
        own = [(s.start, now if s.end is None else s.end) for s in states if s.state == state]
        spans[state] = subtract(intersect(union(own), whole), taken)
        taken = union([*taken, *spans[state]])
    left = subtract(whole, union(spans["REMOVED"] + spans["PLANNED"]))
    passed = union([*clip(left, (period[0], now)), *intersect(taken, left)])
    silent = subtract(passed, taken)
    return {
        "service": left, "passed": passed, "known": subtract(passed, union([*spans["UNKNOWN"], *silent])),
        "outages": union(spans["OUTOFORDER"] + spans["INOPERATIVE"]), "exclusions": [],
        "exempt": union([*spans["UNKNOWN"], *spans["BLOCKED"], *silent]),
    }  # fmt: skip


def down_from_outages(outages: Sequence[Outage], port: Port, period: Interval, now: float) -> dict[str, list[Interval]]:
    def span(outage: Outage) -> Interval:
        return outage.start, max(outage.start, now) if outage.end is None else outage.end

    whole = service(port, period)
    down = intersect(union(span(o) for o in outages if not o.is_exclusion), whole)
    out = intersect(union(span(o) for o in outages if o.excluded), whole)
    passed = union([*clip(whole, (period[0], now)), *down])
    return {
        "service": whole, "passed": passed, "known": passed, "outages": down, "exclusions": out,
        "exempt": intersect(down, out),
    }  # fmt: skip


def downtime(records: Records, port: Port, period: Interval, now: float) -> dict[str, list[Interval]] | None:
    if records.states is not None:
        return down_from_states([s for s in records.states if s.port == port.name], port, period, now)
    if records.outages is not None:
        return down_from_outages([o for o in records.outages if o.port == port.name], port, period, now)
    return None


def opened(port: Port, period: Interval, down: dict[str, list[Interval]] | None) -> list[Interval]:
    seen = exposed(port, period)
    return subtract(intersect(seen, down["service"]), down["outages"]) if down is not None else seen


def ribbon(
    port: Port, own: Sequence[Attempt], down: dict[str, list[Interval]] | None, period: Interval, now: float
) -> list[list[Interval]]:
    """Return the time in use, free, down, excused, unknown."""
    passed = clip(service(port, period), (period[0], min(period[1], max(now, period[0]))))
    used = intersect(union((a.start, a.end) for a in own), passed)
    if down is None:
        known = union([*intersect(exposed(port, period), passed), *used])
        return [used, subtract(known, used), [], [], subtract(passed, known)]
    excused = intersect(down["outages"], down["exclusions"])
    working = subtract(union([*down["known"], *used]), down["outages"])
    busy = intersect(used, working)
    unknown = subtract(passed, union([*working, *down["outages"]]))
    return [busy, subtract(working, busy), subtract(down["outages"], excused), excused, unknown]


# ---- customers ----


def is_success(a: Attempt) -> bool:
    return a.energy_started_at is not None and a.end_reason in NORMAL_ENDS and (a.energy_kwh or 0.0) >= 0.1


def failure_cause(a: Attempt) -> str:
    return a.error_code or (a.end_reason if a.energy_started_at is not None else "no energy")


def chained(attempts: Iterable[Attempt]) -> list[Attempt]:
    last: dict[tuple[str, str], int] = {}
    joined: list[Attempt] = []
    for attempt in sorted((a for a in attempts if a.is_judged), key=lambda a: a.start):
        key = (attempt.port, attempt.token or "")
        before = joined[last[key]] if attempt.token and key in last else None
        if before is not None and attempt.start - before.end <= 60:
            joined[last[key]] = join(before, attempt)
            continue
        last[key] = len(joined)
        joined.append(attempt)
    return joined


def join(first: Attempt, second: Attempt) -> Attempt:
    best = max((first, second), key=lambda a: (is_success(a), a.energy_started_at is not None, a is second))
    return replace(
        best,
        plugged_at=first.plugged_at if best.plugged_at is None else best.plugged_at,
        authorised_at=first.authorised_at if best.authorised_at is None else best.authorised_at,
        auth_ok=first.auth_ok if best.auth_ok is None else best.auth_ok,
        error_code=best.error_code or first.error_code,
    ).lasting(first.start, max(first.end, second.end))


def visits(tries: Sequence[Attempt], ports: dict[str, Port]) -> list[list[Attempt]]:
    groups: list[list[Attempt]] = []
    last: dict[tuple[str, str], list[Attempt]] = {}
    for attempt in sorted(tries, key=lambda a: a.start):
        key = (ports[attempt.port].site, attempt.token or "")
        group = last.get(key, [])
        if not attempt.token or not group or attempt.start - max(a.end for a in group) > 30 * 60:
            group = []
            groups.append(group)
        group.append(attempt)
        last[key] = group
    return groups


def counts(tries: Sequence[Attempt], ports: dict[str, Port]) -> dict[str, tuple[int, int]]:
    """Return k and n of each rate."""
    good, started = [a for a in tries if is_success(a)], [a for a in tries if a.energy_started_at is not None]
    asked, groups = [a for a in tries if a.auth_ok is not None], visits(tries, ports)
    return {
        "authorisation": (sum(bool(a.auth_ok) for a in asked), len(asked)),
        "charge_start": (len(started), len(tries)),
        "session": (len(good), len(started)),
        "attempt": (len(good), len(tries)),
        "visit": (sum(any(map(is_success, group)) for group in groups), len(groups)),
        "first_time": (sum(is_success(group[0]) for group in groups), len(groups)),
        "interrupted": (sum(a.end_reason in ("fault", "comm_loss") for a in started), len(started)),
        "without_vehicle": (
            len(good), sum(a.energy_started_at is not None or a.end_reason != "vehicle" for a in tries)
        ),
    }  # fmt: skip


def waits(tries: Sequence[Attempt]) -> tuple[list[float], int]:
    """Return the times until energy flowed, sorted, and how many were less than nothing."""
    found = []
    for a in tries:
        if a.energy_started_at is not None:
            known = [t for t in (a.plugged_at, a.authorised_at) if t is not None]
            found.append(a.energy_started_at - (max(known) if known else a.start))
    return sorted(w for w in found if w >= 0), sum(w < 0 for w in found)


def middle(values: Sequence[float]) -> float | None:
    return median(values) if values else None


# ---- energy ----


def energy_spans(attempts: Iterable[Attempt]) -> list[tuple[float, float, float]]:
    spans = [(a.energy_span, a.energy_kwh) for a in attempts]
    return [(s[0], s[1], kwh / (s[1] - s[0])) for s, kwh in spans if s is not None and kwh and kwh > 0 and s[1] > s[0]]


def spread(spans: Iterable[tuple[float, float, float]], grid: Sequence[float]) -> list[float]:
    sums = [0.0] * (len(grid) - 1)
    for start, end, height in spans:
        for i in range(len(sums)):
            sums[i] += height * max(0.0, min(end, grid[i + 1]) - max(start, grid[i]))
    return [max(0.0, part) for part in sums]  # what flowed backwards is none


def quarters(period: Interval) -> list[float]:
    inner = range(int(period[0] // 900 + 1) * 900, int(-(-period[1] // 900)) * 900, 900)
    return sorted({period[0], *(float(t) for t in inner if period[0] < t < period[1]), period[1]})


def week_sums(spans: Iterable[tuple[float, float, float]], period: Interval, zone: str) -> list[float]:
    grid, bins = quarters(period), [0.0] * 168
    for start, value in zip(grid[:-1], spread(spans, grid), strict=True):
        local = datetime.fromtimestamp(start, UTC).astimezone(ZoneInfo(zone))
        bins[local.weekday() * 24 + local.hour] += value
    return bins


def hours(spans: Iterable[Interval]) -> list[tuple[float, float, float]]:
    return [(start, end, 1 / 3600) for start, end in spans]


def kwh_inside(a: Attempt, period: Interval) -> float:
    span = a.energy_span
    if not a.energy_kwh or a.energy_kwh < 0:
        return 0.0
    if span is None or span[1] <= span[0]:
        return a.energy_kwh if period[0] <= a.start < period[1] else 0.0
    return a.energy_kwh * minutes(clip([span], period)) / minutes([span])


def plugged(a: Attempt) -> Interval:
    start = a.plugged_at if a.plugged_at is not None else a.energy_started_at
    return (a.start, a.start) if start is None else (start, a.end)


# ---- sessions behind marks ----


def in_hour(a: Attempt, zone: str, hour: int) -> bool:
    """Tell whether an attempt lasted into an hour of the week: by the clock at its start."""
    local = datetime.fromtimestamp(a.start, UTC).astimezone(ZoneInfo(zone))
    into = (local.weekday() * 24 + local.hour - hour) % 168
    return into < 1 or into + (a.end - a.start) / 3600 + (a.start % 3600) / 3600 > 168


def behind_spans(own: Sequence[Attempt], spans: Iterable[Interval]) -> set[str | None]:
    found: set[str | None] = set()
    for start, end in spans:
        inside = [a for a in own if a.start < end and a.end >= start]
        found |= {a.session_id for a in inside or [a for a in own if a.start < start][-1:]}
    return found
