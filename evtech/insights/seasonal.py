"""Hours whose energy is unlike the same hour of the week in the eight weeks before: of a site, or of a lone port.

Energy is counted an exposed hour, so that a port that nobody watched is no quiet port. An hour has two scores, and the
smaller one counts: against the median deviation of the same and the neighbouring hours, and against the scatter that
the place shows on the whole at such a level of use. Where vehicles come at random, one of them in a quiet hour is
nothing unusual; where a depot charges by plan, its absence is.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evtech.insights.anomalies import Anomaly
from evtech.insights.attempts import Attempts
from evtech.insights.finding_words import finding_text, finding_todo
from evtech.insights.grid import energy_of, hours_of, local_time
from evtech.insights.intervals import Interval
from evtech.insights.records import Port, Records
from evtech.insights.rule_limits import SampleLimits
from evtech.insights.statistics import MAD_SCALE

HOUR_S, WEEK_H = 3600.0, 168
LEAST_WEEKS = 4
WATCHED = 0.75  # of the ports: less of them says little about the place
RARE = 3.0  # what was not seen in n hours may still come in 3 of n (95 %)
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Place:
    """A site with its ports, or a port alone."""

    name: str
    about: str  # site or port
    ports: tuple[Port, ...]


@dataclass(frozen=True, slots=True)
class _Weeks:
    """Energy an hour (kWh) by week and hour of the week, NaN where it was not watched; beginning of each cell (s)."""

    kwh: Array
    begins: Array


def seasonal_anomalies(records: Records, period: Interval, limits: SampleLimits) -> list[Anomaly]:
    """Return the unusual hours of a period, those in a row as one; needs four weeks before them."""
    every = Attempts.of(records.attempts)
    found: list[Anomaly] = []
    for place in _places(records.ports):
        attempts = every.take(every.port.among({port.name for port in place.ports}))
        if len(attempts):
            found += _unusual(place, attempts, period, limits)
    return found


def _places(ports: dict[str, Port]) -> list[Place]:
    sites: dict[str, list[Port]] = {}
    for port in ports.values():
        sites.setdefault(port.site, []).append(port)
    found = []
    for site, own in sites.items():
        if site and len(own) > 1:
            found.append(Place(site, "site", tuple(own)))
        else:
            found += [Place(port.name, "port", (port,)) for port in own]
    return found


def _unusual(place: Place, attempts: Attempts, period: Interval, limits: SampleLimits) -> Iterator[Anomaly]:
    reach = int(limits.seasonal_weeks)
    first = max(period[0] - reach * WEEK_H * HOUR_S, float(attempts.start.min()))
    if period[1] - first < (LEAST_WEEKS * WEEK_H + 1) * HOUR_S:
        return
    weeks = _weeks(place, attempts, (first, period[1]))
    count = len(weeks.kwh)
    scores, usual, compared = (np.full((count, WEEK_H), np.nan) for _ in range(3))
    for week in range(LEAST_WEEKS, count):
        before = weeks.kwh[max(0, week - reach) : week]
        scores[week], usual[week], compared[week] = _scored(weeks.kwh[week], before, limits.seasonal_least_pct / 100)
    inside = (weeks.begins >= period[0]) & (weeks.begins + HOUR_S <= period[1])
    flat = np.where(inside, scores, np.nan).ravel()
    for a, b in _rows(flat, limits.seasonal_z):
        worst = a + int(np.nanargmax(np.abs(flat[a : b + 1])))
        yield _made(place, limits, float(weeks.begins.ravel()[a]), float(weeks.begins.ravel()[b]) + HOUR_S,
                    float(weeks.kwh.ravel()[worst]), float(usual.ravel()[worst]), float(flat[worst]),
                    float(compared.ravel()[worst]))  # fmt: skip


def _weeks(place: Place, attempts: Attempts, span: Interval) -> _Weeks:
    """Return the energy of each local hour; one that a change of the clock doubles has two hours' exposure."""
    grid = np.arange(np.floor(span[0] / HOUR_S), np.floor(span[1] / HOUR_S) + 1) * HOUR_S
    days, hours = local_time(grid[:-1], place.ports[0].timezone)
    monday = int(days[0]) - (int(days[0]) + 3) % 7  # 1970-01-01 was a Thursday
    cells = (days - monday) * 24 + hours
    size = (int(cells.max()) // WEEK_H + 1) * WEEK_H
    kwh = np.bincount(cells, energy_of(attempts).over(grid), size)
    whole = float(grid[0]), float(grid[-1])
    watched = sum((hours_of(port.exposed(whole)).over(grid) for port in place.ports), np.zeros(len(cells)))
    exposed = np.bincount(cells, watched, size)
    begins = np.full(size, np.nan)
    begins[cells[::-1]] = grid[:-1][::-1]  # the first of two
    enough = exposed >= WATCHED * len(place.ports)
    rate = np.divide(kwh, exposed, out=np.full(size, np.nan), where=enough) * len(place.ports)
    return _Weeks(rate.reshape(-1, WEEK_H), begins.reshape(-1, WEEK_H))


def _scored(now: Array, before: Array, least: float) -> tuple[Array, Array, Array]:
    """Return a week's scores by hour, what is usual in each, and over how many weeks.

    A difference of less than ``least`` of a usual hour with charging has no score, however even the hours are.
    """
    weeks = np.isfinite(before).sum(axis=0).astype(float)
    middle = _median(before)
    around = np.concatenate([np.roll(before - middle, shift, axis=1) for shift in (-1, 0, 1)])
    known = np.isfinite(around)
    pooled = known.sum(axis=0)
    spread_ = _median(np.abs(around)) / MAD_SCALE
    levels = np.concatenate([np.roll(before, shift, axis=1) for shift in (-1, 0, 1)])
    level = np.divide(np.nansum(levels, axis=0), pooled, out=np.zeros(WEEK_H), where=pooled > 0)
    mean = np.divide(np.nansum(before, axis=0), weeks, out=np.zeros(WEEK_H), where=weeks > 0)
    total = float(np.nansum(before))
    some = before[before > 0]
    if not len(some) or total <= 0:
        return np.full(WEEK_H, np.nan), middle, weeks
    # kWh² a kWh: of vehicles at random about their energy an hour; roots make such counts even (Anscombe)
    scatter = max(float(np.nansum((before - mean) ** 2)) / total, 1e-9)
    rare = np.divide(RARE, pooled, out=np.ones(WEEK_H), where=pooled > 0) * float(some.mean())
    at_random = 2 * (np.sqrt(now + 0.375 * scatter) - np.sqrt(level + rare + 0.375 * scatter)) / np.sqrt(scatter)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_bin = np.where(spread_ > 0, (now - middle) / spread_, np.inf)
    score = np.copysign(np.minimum(np.abs(by_bin), np.abs(at_random)), now - middle)
    agree = ((at_random > 0) == (now > middle)) & (np.abs(now - middle) >= least * float(some.mean()))
    return np.where((weeks >= LEAST_WEEKS) & agree, score, np.nan), middle, weeks


def _median(table: Array) -> Array:
    """Return the median of each column without its missing values; NaN where all are missing."""
    ordered = np.sort(table, axis=0)  # NaN comes last
    count = np.isfinite(table).sum(axis=0)
    low, high = np.maximum((count - 1) // 2, 0), np.minimum(count // 2, len(table) - 1)
    across = np.arange(table.shape[1])
    middle = (ordered[low, across] + ordered[high, across]) / 2
    return np.where(count > 0, middle, np.nan)


def _rows(scores: Array, limit: float) -> Iterator[tuple[int, int]]:
    """Yield first and last of hours in a row above the limit, or below its negative."""
    with np.errstate(invalid="ignore"):
        side = np.where(scores > limit, 1, np.where(scores < -limit, -1, 0))
    edges = np.flatnonzero(np.diff(np.concatenate(([0], side, [0]))))
    for first, after in pairwise(edges):
        if side[first]:
            yield int(first), int(after) - 1


def _made(
    place: Place, limits: SampleLimits, start: float, end: float, kwh: float, usual: float, score: float, weeks: float
) -> Anomaly:
    said = "seasonal_high" if score > 0 else "seasonal_low"
    figures: dict[str, float | str] = {
        "value": kwh, "limit": limits.seasonal_z, "usual": usual, "score": score, "weeks": weeks,
        "hours": round((end - start) / HOUR_S),
    }  # fmt: skip
    return Anomaly(
        "seasonal", "info", place.name, start, end, kwh, limits.seasonal_z, finding_text(said, figures),
        finding_todo(said), None, place.about, (), said, figures,
    )  # fmt: skip
