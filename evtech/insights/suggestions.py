"""What stands out in a period, from what was measured only: each with its exposure and its uncertainty.

A suggestion is a kind with figures; ``insights/words.py`` makes the sentence. Nothing is said of what was watched for
too short a time: fewer than four weeks of an hour, or fewer than twenty attempts.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evtech.insights.collecting import uncollected
from evtech.insights.demand import exposure, occupied
from evtech.insights.grid import local_hours, quarters, spread
from evtech.insights.intervals import measure
from evtech.insights.overview import NEVI_TARGET_PCT, Overview, failure_cause
from evtech.insights.rates import rate
from evtech.insights.records import Attempt, Port
from evtech.insights.success import is_success, visits

FULL_SHARE = 0.7  # of an hour: from here on a customer more often finds the port taken than free
LEAST_WEEKS, LEAST_ATTEMPTS, LEAST_HOURS = 4, 20, 20.0
IDLE_SHARE = 0.5
MOST_OF_A_KIND = 5
Figure = str | float | int


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One remark: its kind, the port (empty = all of them), its figures, and the sessions behind it."""

    kind: str
    port: str
    figures: dict[str, Figure]
    sessions: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class BusyHours:
    """Hours of a weekday (0 = Monday) that are full: shares of the time watched, over all weeks and by week."""

    weekday: int
    first: int
    after: int
    share: float
    lowest: float
    highest: float
    weeks: int
    watched_h: float


@uncollected
def suggestions(found: Overview) -> list[Suggestion]:
    """Return what stands out, the gravest of each kind first, at most five of a kind."""
    said: list[Suggestion] = []
    for name, port in found.records.ports.items():
        own = found.touching.get(name, [])
        said += _down(found, name)
        said += [_busy_said(name, busy, own, port) for busy in busy_hours(found, port)[:2]]
        said += _idle(found, name)
    order = ("port_fails", "port_down", "first_attempts", "one_cause", "busy", "idle")
    tries = [attempt for own in found.tries.values() for attempt in own]
    said += _failing(found.tries) + _first_attempts(tries, found) + _one_cause(found)
    said.sort(key=lambda s: -float(s.figures["pct"]))
    ranks: dict[str, int] = {}
    ranked = []
    for remark in said:
        ranks[remark.kind] = rank = ranks.get(remark.kind, 0) + 1
        ranked.append((rank, order.index(remark.kind), remark))
    # the worst of each kind first, then the second of each: a reader of three lines hears three things
    return [remark for rank, _, remark in sorted(ranked, key=lambda each: each[:2]) if rank <= MOST_OF_A_KIND]


def busy_hours(found: Overview, port: Port) -> list[BusyHours]:
    """Return the stretches of at least two hours of a weekday that were full on the whole, the fullest first."""
    grid = quarters(found.period)
    days, hours = local_hours(grid, port.timezone)
    first = int(days.min())
    cells = (days - first) * 24 + hours
    size = (int(days.max()) - first + 1) * 24
    up = exposure(port, found.period, found.downs.get(port.name))
    used = occupied(found.touching.get(port.name, []))
    taken, open_ = (
        np.bincount(cells, spread(((*span, 1 / 3600) for span in spans), grid), size).reshape(-1, 24)
        for spans in (used, up)
    )
    taken = np.minimum(taken, open_)
    weekdays = (np.arange(len(taken)) + first + 3) % 7  # 1970-01-01 was a Thursday
    blocks = [b for day in range(7) for b in _blocks(day, taken[weekdays == day], open_[weekdays == day])]
    return sorted(blocks, key=lambda b: -b.share * (b.after - b.first))


def sessions_in_hours(attempts: Sequence[Attempt], zone: str, weekday: int, first: int, after: int) -> list[Attempt]:
    """Return attempts during which a vehicle stood at the port in these local hours of the week."""
    if not attempts:
        return []
    times = np.array([a.start for a in attempts])
    days, hours = local_hours(np.append(times, times[-1] + 1), zone)
    start = ((days + 3) % 7) * 24 + hours
    spans = np.array([(a.end - a.start) / 3600 for a in attempts])
    into = (start - (weekday * 24 + first)) % 168
    touches = (into < after - first) | (into + spans + (times % 3600) / 3600 > 168)
    return [attempt for attempt, hit in zip(attempts, touches, strict=True) if hit]


def _blocks(weekday: int, taken: np.ndarray, open_: np.ndarray) -> list[BusyHours]:
    watched = open_ > 0.5
    total = open_.sum(axis=0)
    share = np.divide(taken.sum(axis=0), total, out=np.zeros(24), where=total > 0)
    full = (share >= FULL_SHARE) & (watched.sum(axis=0) >= LEAST_WEEKS)
    found, hour = [], 0
    while hour < 24:
        after = hour
        while after < 24 and full[after]:
            after += 1
        if after - hour >= 2:
            by_week = [(t.sum(), o.sum()) for t, o in zip(taken[:, hour:after], open_[:, hour:after], strict=True)]
            weeks = [float(t / o) for t, o in by_week if o > 0.5 * (after - hour)]
            if len(weeks) >= LEAST_WEEKS:
                pooled = float(taken[:, hour:after].sum() / open_[:, hour:after].sum())
                hours = float(open_[:, hour:after].sum())
                found.append(BusyHours(weekday, hour, after, pooled, min(weeks), max(weeks), len(weeks), hours))
        hour = after + 1
    return found


def _busy_said(name: str, busy: BusyHours, attempts: Sequence[Attempt], port: Port) -> Suggestion:
    behind = sessions_in_hours(attempts, port.timezone, busy.weekday, busy.first, busy.after)
    figures: dict[str, Figure] = {
        "port": name, "weekday": busy.weekday, "first": busy.first, "after": busy.after, "pct": 100 * busy.share,
        "low": 100 * busy.lowest, "high": 100 * busy.highest, "weeks": busy.weeks, "hours": busy.watched_h,
    }  # fmt: skip
    return Suggestion("busy", name, figures, _ids(behind))


def _failing(tries: dict[str, list[Attempt]]) -> list[Suggestion]:
    """Compare each port's failures with those of all others: only where the 95 % intervals do not meet."""
    failed = {name: [a for a in own if not is_success(a)] for name, own in tries.items()}
    all_failed, everything = sum(map(len, failed.values())), sum(map(len, tries.values()))
    said = []
    for name, own in tries.items():
        mine = rate(len(failed[name]), len(own))
        theirs = rate(all_failed - len(failed[name]), everything - len(own))
        if mine is None or theirs is None or min(mine.n, theirs.n) < LEAST_ATTEMPTS or mine.low <= theirs.high:
            continue
        figures: dict[str, Figure] = {
            "port": name, "k": mine.k, "n": mine.n, "pct": mine.value, "low": mine.low, "high": mine.high,
            "others": theirs.value, "others_low": theirs.low, "others_high": theirs.high, "others_n": theirs.n,
        }  # fmt: skip
        said.append(Suggestion("port_fails", name, figures, _ids(failed[name])))
    return said


def _down(found: Overview, name: str) -> list[Suggestion]:
    up, down = found.availability.get(name), found.downs.get(name)
    if up is None or down is None or up.nevi_actual_pct is None or up.nevi_actual_pct > NEVI_TARGET_PCT:
        return []
    passed, known = measure(down.passed), measure(down.known)
    counted = up.outage_min - up.excluded_min
    figures: dict[str, Figure] = {
        "port": name, "pct": up.nevi_actual_pct, "hours": known / 60, "coverage": 100 * known / passed,
        "low": 100 * (known - counted) / passed, "high": 100 * (passed - counted) / passed,
        "outages": len(down.outages), "longest": max(end - start for start, end in down.outages) / 3600,
    }  # fmt: skip
    near = [a for a in found.touching.get(name, []) if any(a.start < e and a.end >= s for s, e in down.outages)]
    return [Suggestion("port_down", name, figures, _ids(near))]


def _first_attempts(tries: list[Attempt], found: Overview) -> list[Suggestion]:
    firsts = [group[0] for group in visits(tries, found.records.ports)]
    failed = [a for a in firsts if not is_success(a)]
    share = rate(len(failed), len(firsts))
    if share is None or share.n < LEAST_ATTEMPTS or share.low < 5.0:
        return []
    figures: dict[str, Figure] = {
        "k": share.k, "n": share.n, "pct": share.value, "low": share.low, "high": share.high
    }  # fmt: skip
    return [Suggestion("first_attempts", "", figures, _ids(failed))]


def _one_cause(found: Overview) -> list[Suggestion]:
    total = sum(found.failures.values())
    cause = next(iter(found.failures), None)
    share = rate(found.failures[cause], total) if cause is not None else None
    if cause is None or share is None or total < 8 or share.low < 30.0:
        return []
    behind = [a for a in found.attempts if not is_success(a) and failure_cause(a) == cause]
    figures: dict[str, Figure] = {
        "cause": cause, "k": share.k, "n": total, "pct": share.value, "low": share.low, "high": share.high
    }  # fmt: skip
    return [Suggestion("one_cause", "", figures, _ids(behind))]


def _idle(found: Overview, name: str) -> list[Suggestion]:
    own = [a for a in found.touching.get(name, []) if a.energy_span is not None and a.unplugged_at is not None]
    stood = [max(0.0, (a.unplugged_at or 0.0) - (a.energy_span or (0, 0))[1]) / 3600 for a in own]
    hours, total = sum(stood), sum((a.end - a.start) / 3600 for a in own)
    if len(own) < LEAST_ATTEMPTS or total < LEAST_HOURS or hours / total < IDLE_SHARE:
        return []
    low, high = np.quantile(stood, (0.25, 0.75))
    figures: dict[str, Figure] = {
        "port": name, "n": len(own), "pct": 100 * hours / total, "hours": total, "median": float(np.median(stood)),
        "low": float(low), "high": float(high),
    }  # fmt: skip
    longest = sorted(zip(stood, own, strict=True), key=lambda pair: -pair[0])[:50]
    return [Suggestion("idle", name, figures, _ids([a for _, a in longest]))]


def _ids(attempts: Sequence[Attempt]) -> frozenset[str]:
    return frozenset(a.session_id for a in attempts if a.session_id is not None)
