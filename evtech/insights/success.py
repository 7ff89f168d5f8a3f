"""How did customers fare? Attempts, sessions and visits, each rate with its Wilson interval.

The definitions are ChargeX-style: its published formulas were not at hand. Chaining: retries on the same port with the
same token within 60 s are one attempt. A visit is the same token at the same site with gaps of at most 30 minutes.

Where the definitions are silent: gaps run from the last instant known of one to the start of the next; an attempt
succeeds if any of its sessions does by itself; ports without a site are taken for one site, as a driver whose port
fails tries its neighbour; only what begins in the period is looked at.

Groups (ports, days) are counted side by side: nothing of one is chained with another.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from evtech.insights.attempts import Attempts
from evtech.insights.rates import Rate, rate
from evtech.insights.records import NORMAL_ENDS, Attempt, Port
from evtech.store.columns import Floats, Ints, Mask, Texts

CHAIN_S = 60.0
VISIT_GAP_S = 30 * 60.0
LEAST_KWH = 0.1
_INTERRUPTED = frozenset({"fault", "comm_loss"})


@dataclass(frozen=True, slots=True)
class Success:
    """The rates of a period; a rate is ``None`` where nothing was tried. Start times in s."""

    attempts: int
    authorisation: Rate | None
    charge_start: Rate | None
    session: Rate | None
    attempt: Rate | None
    visit: Rate | None
    first_time: Rate | None
    interrupted: Rate | None
    without_vehicle: Rate | None
    start_time_median_s: float | None
    start_time_p95_s: float | None
    data_errors: int


def succeeded(attempts: Attempts) -> Mask:
    """Return for each whether energy flowed, at least 0.1 kWh, and the session ended as somebody wanted."""
    return attempts.has_started & attempts.end_reason.among(NORMAL_ENDS) & (attempts.energy_kwh >= LEAST_KWH)


def failure_causes(attempts: Attempts) -> list[str]:
    """Return what stopped each of failed attempts: its error code, else how it ended."""
    rows = zip(attempts.error_code.values(), attempts.has_started, attempts.end_reason.values(), strict=True)
    return [code or (end or "" if has_started else "no energy") for code, has_started, end in rows]


def chained(attempts: Attempts, group: Ints | None = None) -> tuple[Attempts, Ints]:
    """Return attempts whose end is known, quick retries joined into one that began with the first; and their groups."""
    group = _one(attempts) if group is None else group
    tries, group = attempts.take(attempts.is_judged), group[attempts.is_judged]
    if (tries.start[1:] < tries.start[:-1]).any():
        rows = np.argsort(tries.start, kind="stable")
        tries, group = tries.take(rows), group[rows]
    number, first = _runs(tries, group, tries.port.codes, CHAIN_S)
    return (tries, group) if len(first) == len(tries) else (_joined(tries, number), group[np.sort(first)])


def visits(tries: Attempts, ports: Mapping[str, Port], group: Ints | None = None) -> tuple[Ints, Ints]:
    """Return the number of each attempt's visit, and which attempt is the first of each visit.

    An attempt without a token is a visit of its own.
    """
    return _runs(tries, _one(tries) if group is None else group, _places(tries, ports), VISIT_GAP_S)


def _runs(tries: Attempts, group: Ints, place: Ints, gap_s: float) -> tuple[Ints, Ints]:
    """Return the number of each attempt's run, and which attempt is the first of each run.

    A run is one token at one place; each begins at most a gap after the latest end of all that went before it.
    """
    order = np.argsort(tries.start, kind="stable")
    is_named = tries.token.known()[order]
    alone, named = order[~is_named], order[is_named]
    key = _key(group, place, tries.token.codes)[named]
    named, key = named[np.argsort(key, kind="stable")], np.sort(key, kind="stable")
    is_new = np.ones(len(named), dtype=bool)
    latest = _latest(tries.end[named], key)
    is_new[1:] = (key[1:] != key[:-1]) | (tries.start[named[1:]] - latest[:-1] > gap_s)
    number = np.empty(len(tries), dtype=np.int64)
    number[named] = np.cumsum(is_new) - 1
    number[alone] = is_new.sum() + np.arange(len(alone))
    return number, np.concatenate((named[is_new], alone))


def _joined(tries: Attempts, number: Ints) -> Attempts:
    """Return each run as one attempt: the session that succeeded, else the last that started, with the times of all.

    What the session that decides does not say, those say that would have decided before it.
    """
    order = np.argsort(number, kind="stable")  # runs one after the other, each by its beginning
    own = tries.take(order)
    opens = np.concatenate(([True], number[order][1:] != number[order][:-1]))
    begin = np.flatnonzero(opens)
    run, rows = np.cumsum(opens) - 1, np.arange(len(own))
    rank = 2 * succeeded(own) + own.has_started
    decided = rank >= _so_far(rank, run)

    def last(which: Mask) -> Ints:
        """Return the last of each run's rows that are such, -1 where none is."""
        return np.maximum.reduceat(np.where(which & decided, rows, -1), begin)

    def said(values: Floats) -> Floats:
        at = last(~np.isnan(values))
        return np.where(at >= 0, values[at], np.nan)

    codes = own.error_code.codes
    at = last(own.error_code.known())
    joined = replace(
        own.take(last(np.ones(len(own), dtype=bool))),
        plugged_at=said(own.plugged_at),
        authorised_at=said(own.authorised_at),
        auth_ok=said(own.auth_ok),
        error_code=Texts(np.where(at >= 0, codes[at], -1), own.error_code.words),
        start=own.start[begin],  # the times of one row would hide how long the others lasted
        end=np.maximum.reduceat(own.end, begin),
    )
    return joined.take(np.argsort(order[begin]))


def success(attempts: Iterable[Attempt], ports: Mapping[str, Port]) -> Success:
    """Return the rates of attempts; quick retries are joined first."""
    return rates_of(chained(Attempts.of(attempts))[0], ports)


def rates_of(tries: Attempts, ports: Mapping[str, Port]) -> Success:
    """Return the rates of attempts in which quick retries are joined already."""
    return rates_by(tries, _one(tries), 1, ports)[0]


def rates_by(tries: Attempts, group: Ints, count: int, ports: Mapping[str, Port]) -> list[Success]:
    """Return the rates of each group, 0 … ``count - 1``, of attempts in which quick retries are joined already."""
    good, started = succeeded(tries), tries.has_started
    number, first = visits(tries, ports, group)
    any_good = np.bincount(number[good], minlength=len(first)) > 0

    def counted(which: Mask) -> list[int]:
        return [int(n) for n in np.bincount(group[which], minlength=count)]

    def visited(which: Mask) -> list[int]:
        return [int(n) for n in np.bincount(group[first[which]], minlength=count)]

    every, begun, well = counted(np.ones(len(tries), bool)), counted(started), counted(good)
    asked, allowed = counted(~np.isnan(tries.auth_ok)), counted(tries.auth_ok == 1)
    went, well_visits, well_at_once = visited(np.ones(len(first), bool)), visited(any_good), visited(good[first])
    broken = counted(started & tries.end_reason.among(_INTERRUPTED))
    not_vehicle = counted(started | ~tries.end_reason.among({"vehicle"}))
    waits = _waits(tries, group, count)
    return [
        Success(
            attempts=every[i],
            authorisation=rate(allowed[i], asked[i]),
            charge_start=rate(begun[i], every[i]),
            session=rate(well[i], begun[i]),
            attempt=rate(well[i], every[i]),
            visit=rate(well_visits[i], went[i]),
            first_time=rate(well_at_once[i], went[i]),
            interrupted=rate(broken[i], begun[i]),
            without_vehicle=rate(well[i], not_vehicle[i]),
            start_time_median_s=_quantile(waits[i], 0.5),
            start_time_p95_s=_quantile(waits[i], 0.95),
            data_errors=begun[i] - len(waits[i]),
        )
        for i in range(count)
    ]


def _one(attempts: Attempts) -> Ints:
    return np.zeros(len(attempts), dtype=np.int64)


def _key(group: Ints, place: Ints, token: Ints) -> Ints:
    """Return one number for each group, place and token."""
    places, tokens = int(place.max(initial=0)) + 1, int(token.max(initial=0)) + 1
    return (group * places + place) * tokens + token


def _places(tries: Attempts, ports: Mapping[str, Port]) -> Ints:
    """Return a number for each attempt's site."""
    sites = [ports[name].site if name in ports else "" for name in tries.port.words]
    return np.unique(np.array(sites, dtype=object), return_inverse=True)[1][tries.port.codes] if sites else _one(tries)


def _latest(ends: Floats, key: Ints) -> Floats:
    """Return the latest end so far among the rows of the same key; equal keys stand together."""
    by_end = np.argsort(ends, kind="stable")
    ranks = np.empty(len(ends), dtype=np.int64)
    ranks[by_end] = np.arange(len(ends))
    return ends[by_end[_so_far(ranks, key)]]


def _so_far(ranks: Ints, key: Ints) -> Ints:
    """Return the highest rank so far among the rows of the same key; equal keys stand together."""
    if not len(ranks):
        return ranks
    block = np.concatenate(([0], np.cumsum(key[1:] != key[:-1]))) * (int(ranks.max()) + 1)
    return np.asarray(np.maximum.accumulate(ranks + block) - block)


def _waits(tries: Attempts, group: Ints, count: int) -> list[Floats]:
    """Return per group how long it took until energy flowed (s), ascending; what took less than nothing is left out."""
    ready = np.fmax(tries.plugged_at, tries.authorised_at)
    waits = tries.energy_started_at - np.where(np.isnan(ready), tries.start, ready)
    fine = np.flatnonzero(waits >= 0)
    fine = fine[np.lexsort((waits[fine], group[fine]))]
    return np.split(waits[fine], np.cumsum(np.bincount(group[fine], minlength=count))[:-1])


def _quantile(ordered: Floats, share: float) -> float | None:
    """Return the quantile of sorted values, linear between neighbours; ``None`` of none."""
    if not len(ordered):
        return None
    place = share * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (ordered[high] - ordered[low]) * (place - low))
