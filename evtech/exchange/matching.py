"""Finds sessions that two sources tell: a CDR of what the laptop recorded is one session, not two.

On one port sessions are the same when they overlap for half of the shorter one. On ports with different names they are
the same when times and energy agree, nothing else fits, and most of what both names tell of the same time agrees: that
also shows which names mean one port. The fullest
account counts; of equally full ones the laptop's, then the charger's own log, then lists, then bills. The others are
left out of sums and shown as such; somebody may decide otherwise, and that stays.
"""

import bisect
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from evtech.exchange.placing import Contents
from evtech.store import imports, twins
from evtech.store.archive import Archive
from evtech.store.session_list import RECORDED
from evtech.store.spool import Spool
from evtech.store.twins import BY_RULE, Told

DAY_S = 86400.0
CLOCK_S = 300.0  # two clocks and two ideas of when a session begins
EQUAL_SHARE, EQUAL_WH, LEAST_WH = 0.01, 50.0, 500.0
OVERLAP = 0.5
SAME_SHARE = 0.5
FULL_TIME, FULL_ENERGY = 0.9, 0.98
_RANKS = {RECORDED: 0, "evtech": 1, "ocpp": 3, "csv": 4, "list": 5, "cdr": 6}
_VISIT_RANK = 2
_INSTANT_S = 60.0
_MOST_AT_ONCE = 50  # sessions of one source at one port at once: more is no port


@dataclass(frozen=True, slots=True)
class SamePort:
    """A port of a file that seems to be one that was recorded: ``fits`` of its ``of`` sessions agree."""

    port: str
    shown: str
    fits: int
    of: int


def link(connection: Any, first: float | None, last: float | None, new: int = -1) -> int:
    """Note which sessions of a time are told twice; return how many are left out now that were not before.

    ``new`` is how many of them came just now, no two of them alike: where there are no others and one source, nothing
    is told twice.
    """
    if first is None or last is None:
        return 0
    low, high = first - DAY_S, last + DAY_S
    found = twins.tellers(connection, low, high)
    if len(found) < 2 and "ocpp" not in found and twins.count(connection, low, high) == new:
        return 0
    told = twins.told_between(connection, low, high)
    wanted = _wanted(told)
    by_hand = twins.decided(connection)
    known = dict(twins.pairs(connection))
    inside = {each.id for each in told if first - DAY_S / 2 <= each.start <= last + DAY_S / 2}
    left_out = 0
    for id_, of in wanted.items():
        if id_ not in by_hand and known.get(id_) != of:
            twins.note(connection, id_, of, BY_RULE)
            left_out += id_ not in known
    for id_ in known.keys() & inside - wanted.keys() - by_hand.keys():
        twins.note(connection, id_, None, BY_RULE)
    return left_out


def propose(archive: Archive, spool: Spool, contents: Contents) -> list[SamePort]:
    """Return which names of a file seem to mean ports that were recorded under other names."""
    if contents.first is None or contents.last is None:
        return []
    with archive.reading() as connection:
        watched = [t for t in twins.told_between(connection, contents.first - DAY_S, contents.last + DAY_S)
                   if t.is_watched]  # fmt: skip
        names = imports.port_names(connection)
    if not watched:
        return []
    own_ports = {each.port for each in watched}
    new = [t for t in _of_spool(spool) if names.of(t.port) not in own_ports]
    by_port: dict[str, list[Told]] = defaultdict(list)
    for each in sorted((*watched, *new), key=lambda t: t.start):
        by_port[each.port].append(each)
    fits_found = _unique_fits(new, watched)
    same = _same_ports(fits_found, by_port)
    hits: dict[str, Counter[str]] = defaultdict(Counter)
    for one, other in fits_found:
        if (one.port, other.port) in same:
            hits[one.port][other.port] += 1
    found = []
    for port, counts in hits.items():
        (shown, fits), *others = counts.most_common(2)
        if not others and not any(shown in c for p, c in hits.items() if p != port):
            found.append(SamePort(port, shown, fits, contents.ports[port]))
    return sorted(found, key=lambda each: (-each.fits, each.port))


def _wanted(told: Sequence[Told]) -> dict[str, str]:
    """Return which session is told by which other one."""
    by_port: dict[str, list[Told]] = defaultdict(list)
    for each in told:
        by_port[each.port].append(each)
    wanted: dict[str, str] = {}
    for own in by_port.values():
        for cluster in _clusters(own):
            wanted |= _judge(cluster)
    own_ports = {each.port for each in told if each.is_watched}
    free = [each for each in told if each.id not in wanted]
    new = [t for t in free if not t.is_watched and t.port not in own_ports]
    fits = _unique_fits(new, [t for t in free if t.is_watched])
    one_port = _same_ports(fits, by_port)
    return wanted | {one.id: other.id for one, other in fits if (one.port, other.port) in one_port}


def _same_ports(fits: Sequence[tuple[Told, Told]], by_port: Mapping[str, Sequence[Told]]) -> set[tuple[str, str]]:
    """Return the pairs of names of which most sessions agree that could.

    In a large fleet one session in some hundred agrees with one of another place by chance.
    """
    found = set()
    for (name, shown), agreed in Counter((one.port, other.port) for one, other in fits).items():
        watched = [each for each in by_port[shown] if each.is_watched]
        could = min(_within(by_port[name], watched), _within(watched, by_port[name]))
        if agreed >= SAME_SHARE * could:
            found.add((name, shown))
    return found


def _within(these: Sequence[Told], of: Sequence[Told]) -> int:
    """Return how many sessions (by start) that took enough to be told apart began in the time that others span."""
    low, high = of[0].start - CLOCK_S, of[-1].start + CLOCK_S
    return sum(low <= each.start <= high and (each.energy_wh or 0.0) >= LEAST_WH for each in these)


def _clusters(own: Sequence[Told]) -> Iterable[list[Told]]:
    """Yield the groups of one port's sessions (by start) that are the same session."""
    group = list(range(len(own)))

    def root(i: int) -> int:
        while group[i] != i:
            group[i] = group[group[i]]
            i = group[i]
        return i

    for i, j in (*_equal(own), *_meeting(own)):
        group[root(i)] = root(j)
    members: dict[int, list[Told]] = defaultdict(list)
    for i, one in enumerate(own):
        members[root(i)].append(one)
    yield from (each for each in members.values() if len(each) > 1)


def _equal(own: Sequence[Told]) -> Iterable[tuple[int, int]]:
    """Yield the places of sessions that one source tells twice in the same words."""
    seen: dict[tuple[object, ...], int] = {}
    for place, one in enumerate(own):
        key = (one.teller, round(one.start), round(one.end), one.energy_wh)
        if key in seen:
            yield place, seen[key]
        seen[key] = place


def _meeting(own: Sequence[Told]) -> Iterable[tuple[int, int]]:
    """Yield the places of sessions of different sources that overlap enough.

    Of one source only the charger's own log is compared with itself: a connector has one transaction at a time, while
    a list may call a station with many connectors one port.
    """
    if len({t.teller for t in own}) < 2 and own[0].teller != "ocpp":
        return
    active: dict[str, list[int]] = defaultdict(list)  # that have not ended yet, by teller
    for place, one in enumerate(own):
        for teller, places in active.items():
            places[:] = [j for j in places if own[j].end + _INSTANT_S >= one.start][-_MOST_AT_ONCE:]
            if teller != one.teller or teller == "ocpp":
                yield from ((place, j) for j in places if _same(own[j], one))
        active[one.teller].append(place)


def _same(one: Told, other: Told) -> bool:
    shorter = min(_length(one), _length(other))
    if one.teller == other.teller:
        return _overlap(one, other) >= OVERLAP * shorter > 0
    if shorter == 0:  # an attempt that came to nothing
        return abs(one.start - other.start) <= _INSTANT_S and not (one.energy_wh or other.energy_wh)
    return _overlap(one, other) >= OVERLAP * shorter


def _judge(cluster: list[Told]) -> dict[str, str]:
    """Return which sessions of a cluster are left out for which."""
    by_teller: dict[str, list[Told]] = defaultdict(list)
    for each in cluster:
        by_teller[each.teller].append(each)
    kept = {teller: _without_repeats(own) for teller, own in by_teller.items()}
    lengths = {teller: sum(map(_length, own)) for teller, own in kept.items()}
    energies = {teller: sum(t.energy_wh or 0.0 for t in own) for teller, own in kept.items()}
    longest, most = max(lengths.values()), max(energies.values())

    def is_full(teller: str) -> bool:
        return lengths[teller] >= FULL_TIME * longest or energies[teller] >= FULL_ENERGY * most > 0

    chosen = min(kept, key=lambda teller: (not is_full(teller), _rank(teller)))
    standing = kept[chosen]
    return {
        each.id: max(standing, key=lambda t: (_overlap(t, each), _length(t))).id
        for each in cluster
        if each not in standing
    }


def _without_repeats(own: list[Told]) -> list[Told]:
    """Return what one source tells of a session, the fullest of each where it tells it several times."""
    kept: list[Told] = []
    for each in sorted(own, key=lambda t: (-_length(t), -(t.energy_wh or 0.0), t.id)):
        if not any(_overlap(each, other) >= OVERLAP * _length(each) for other in kept):
            kept.append(each)
    return kept


def _rank(teller: str) -> tuple[int, str]:
    return _RANKS.get(teller, _VISIT_RANK), teller


def _unique_fits(new: Sequence[Told], watched: Sequence[Told]) -> list[tuple[Told, Told]]:
    """Return pairs on ports of different names that agree in times and energy, where nothing else does."""
    ordered = sorted(watched, key=lambda t: t.start)
    starts = [t.start for t in ordered]
    fits: list[tuple[Told, Told]] = []
    for one in new:
        if (one.energy_wh or 0.0) < LEAST_WH:
            continue
        low = bisect.bisect_left(starts, one.start - DAY_S)
        high = bisect.bisect_right(starts, one.start + CLOCK_S)
        fits += [(one, other) for other in ordered[low:high] if other.port != one.port and _agree(one, other)]
    left, right = Counter(a.id for a, _ in fits), Counter(b.id for _, b in fits)
    return [(a, b) for a, b in fits if left[a.id] == 1 and right[b.id] == 1]


def _agree(one: Told, other: Told) -> bool:
    energy = other.energy_wh
    if energy is None or one.energy_wh is None or abs(energy - one.energy_wh) > max(EQUAL_WH, EQUAL_SHARE * energy):
        return False
    starts = [t for t in (other.start, other.flow[0]) if t is not None]
    ends = [t for t in (other.end, other.flow[1]) if t is not None]
    return (
        min(abs(t - one.start) for t in starts) <= CLOCK_S and min(abs(t - one.end) for t in ends) <= CLOCK_S
    )  # fmt: skip


def _of_spool(spool: Spool) -> Iterable[Told]:
    columns = ("id", "port", "source", "started", "ended", "energy_wh", "energy_started", "energy_ended")
    for batch in spool.rows("charging_session", "WHERE ended IS NOT NULL", columns):
        for row in batch:
            yield Told(row[0], row[1], row[2], row[3], row[4], row[5], (row[6], row[7]))


def _length(one: Told) -> float:
    return max(one.end - one.start, 0.0)


def _overlap(one: Told, other: Told) -> float:
    return min(one.end, other.end) - max(one.start, other.start)
