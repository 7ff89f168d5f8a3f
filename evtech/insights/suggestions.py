"""What stands out in a period, from what was measured only: each with its exposure and its uncertainty.

A suggestion is a kind with figures; ``insights/words.py`` makes the sentence. Nothing is said of what was watched for
too short a time: fewer than four weeks of an hour, or fewer than twenty attempts.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from evtech.insights.attempts import Attempts
from evtech.insights.grid import hours_of, local_hours, wall_hours, weekday
from evtech.insights.intervals import Interval, measure
from evtech.insights.overview import NEVI_TARGET_PCT, Overview, failed_of
from evtech.insights.port_use import PortUse
from evtech.insights.rates import rate
from evtech.insights.success import succeeded, visits
from evtech.store.columns import Floats, Mask

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


def suggestions(found: Overview) -> list[Suggestion]:
    """Return what stands out, the gravest of each kind first, at most five of a kind."""
    said: list[Suggestion] = []
    busy = [(use, hours) for use in found.uses.values() for hours in busy_hours(use, found.period)[:2]]
    busy.sort(key=lambda each: -each[1].share)
    said += [_busy_said(use, hours) for use, hours in busy[:MOST_OF_A_KIND]]  # to look for sessions takes the longest
    for use in found.uses.values():
        said += _down(found, use) + _idle(use)
    order = ("port_fails", "port_down", "first_attempts", "one_cause", "busy", "idle")
    said += _failing(found.tries) + _first_attempts(found) + _one_cause(found)
    said.sort(key=lambda s: -float(s.figures["pct"]))
    ranks: dict[str, int] = {}
    ranked = []
    for remark in said:
        ranks[remark.kind] = rank = ranks.get(remark.kind, 0) + 1
        ranked.append((rank, order.index(remark.kind), remark))
    # the worst of each kind first, then the second of each: a reader of three lines hears three things
    return [remark for rank, _, remark in sorted(ranked, key=lambda each: each[:2]) if rank <= MOST_OF_A_KIND]


def busy_hours(use: PortUse, period: Interval) -> list[BusyHours]:
    """Return the stretches of at least two hours of a weekday that were full on the whole, the fullest first."""
    hours = local_hours(period, use.port.timezone)
    first, last = int(hours.day.min()), int(hours.day.max())
    cells = (hours.day - first) * 24 + hours.hour
    taken, open_ = (
        np.bincount(cells, hours_of(spans).over(hours.grid), (last - first + 1) * 24).reshape(-1, 24)
        for spans in (use.occupied, use.open)
    )
    taken = np.minimum(taken, open_)
    weekdays = weekday(np.arange(first, last + 1))
    blocks = [b for day in range(7) for b in _blocks(day, taken[weekdays == day], open_[weekdays == day])]
    return sorted(blocks, key=lambda b: -b.share * (b.after - b.first))


def in_hours(attempts: Attempts, zone: str, day: int, first: int, after: int) -> Mask:
    """Return for each whether a vehicle stood at the port in these local hours of a weekday."""
    monday = 4 * 24  # 1970-01-01 was a Thursday
    into = (wall_hours(attempts.start, zone) - monday - (day * 24 + first)) % 168
    spans = (attempts.end - attempts.start) / 3600
    return np.asarray((into < after - first) | (into + spans > 168))


def _blocks(weekday: int, taken: np.ndarray, open_: np.ndarray) -> list[BusyHours]:
    watched = open_ > 0.5
    total = open_.sum(axis=0)
    share = np.divide(taken.sum(axis=0), total, out=np.zeros(24), where=total > 0)
    full = ((share >= FULL_SHARE) & (watched.sum(axis=0) >= LEAST_WEEKS)).tolist()
    found, hour = [], 0
    while hour < 24:
        after = hour
        while after < 24 and full[after]:
            after += 1
        if after - hour >= 2:
            by_week = zip(taken[:, hour:after].sum(axis=1), open_[:, hour:after].sum(axis=1), strict=True)
            weeks = [float(t / o) for t, o in by_week if o > 0.5 * (after - hour)]
            if len(weeks) >= LEAST_WEEKS:
                pooled = float(taken[:, hour:after].sum() / open_[:, hour:after].sum())
                hours = float(open_[:, hour:after].sum())
                found.append(BusyHours(weekday, hour, after, pooled, min(weeks), max(weeks), len(weeks), hours))
        hour = after + 1
    return found


def _busy_said(use: PortUse, busy: BusyHours) -> Suggestion:
    behind = in_hours(use.attempts, use.port.timezone, busy.weekday, busy.first, busy.after)
    figures: dict[str, Figure] = {
        "port": use.port.name, "weekday": busy.weekday, "first": busy.first, "after": busy.after,
        "pct": 100 * busy.share, "low": 100 * busy.lowest, "high": 100 * busy.highest,
        "weeks": busy.weeks, "hours": busy.watched_h,
    }  # fmt: skip
    return Suggestion("busy", use.port.name, figures, use.attempts.ids(behind))


def _failing(tries: Mapping[str, Attempts]) -> list[Suggestion]:
    """Compare each port's failures with those of all others: only where the 95 % intervals do not meet."""
    failed = {name: np.flatnonzero(~succeeded(own)) for name, own in tries.items()}
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
        said.append(Suggestion("port_fails", name, figures, own.ids(failed[name])))
    return said


def _down(found: Overview, use: PortUse) -> list[Suggestion]:
    name, down = use.port.name, use.down
    up = found.availability.get(name)
    if up is None or down is None or up.nevi_actual_pct is None or up.nevi_actual_pct > NEVI_TARGET_PCT:
        return []
    passed, known = measure(down.passed), measure(down.known)
    counted = up.outage_min - up.excluded_min
    figures: dict[str, Figure] = {
        "port": name, "pct": up.nevi_actual_pct, "hours": known / 60, "coverage": 100 * known / passed,
        "low": 100 * (known - counted) / passed, "high": 100 * (passed - counted) / passed,
        "outages": len(down.outages), "longest": max(end - start for start, end in down.outages) / 3600,
    }  # fmt: skip
    return [Suggestion("port_down", name, figures, use.attempts.ids(use.attempts.meets(down.outages)))]


def _first_attempts(found: Overview) -> list[Suggestion]:
    firsts = visits(found.judged, found.records.ports)[1]
    failed = firsts[~succeeded(found.judged)[firsts]]
    share = rate(len(failed), len(firsts))
    if share is None or share.n < LEAST_ATTEMPTS or share.low < 5.0:
        return []
    figures: dict[str, Figure] = {
        "k": share.k, "n": share.n, "pct": share.value, "low": share.low, "high": share.high
    }  # fmt: skip
    return [Suggestion("first_attempts", "", figures, found.judged.ids(failed))]


def _one_cause(found: Overview) -> list[Suggestion]:
    total = sum(found.failures.values())
    cause = next(iter(found.failures), None)
    share = rate(found.failures[cause], total) if cause is not None else None
    if cause is None or share is None or total < 8 or share.low < 30.0:
        return []
    behind = failed_of(found.attempts, cause)
    figures: dict[str, Figure] = {
        "cause": cause, "k": share.k, "n": total, "pct": share.value, "low": share.low, "high": share.high
    }  # fmt: skip
    return [Suggestion("one_cause", "", figures, behind.ids())]


def _idle(use: PortUse) -> list[Suggestion]:
    own, name = use.attempts, use.port.name
    after = own.unplugged_at - own.energy_span.ends  # s from the last energy to unplugging
    rows = np.flatnonzero(~np.isnan(after))
    stood: Floats = np.maximum(0.0, after[rows]) / 3600
    hours, total = float(stood.sum()), float(((own.end - own.start)[rows] / 3600).sum())
    if len(rows) < LEAST_ATTEMPTS or total < LEAST_HOURS or hours / total < IDLE_SHARE:
        return []
    low, high = np.quantile(stood, (0.25, 0.75))
    figures: dict[str, Figure] = {
        "port": name, "n": len(rows), "pct": 100 * hours / total, "hours": total, "median": float(np.median(stood)),
        "low": float(low), "high": float(high),
    }  # fmt: skip
    longest = rows[np.argsort(-stood, kind="stable")[:50]]
    return [Suggestion("idle", name, figures, own.ids(longest))]
