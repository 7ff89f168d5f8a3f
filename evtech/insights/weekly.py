"""How sure is a share of the hour-of-week map? Its spread over the single weeks, all ports together.

The median and the 90th percentile of a bin are given from four weeks on; before that the mean is all that can be said.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evtech.insights.demand import HOURS
from evtech.insights.grid import hours_of, local_hours
from evtech.insights.intervals import intersect
from evtech.insights.overview import Overview
from evtech.store.columns import Floats

LEAST_WEEKS = 4
_LEAST_H = 0.5  # port-hours of an hour of one week: less of it says nothing


@dataclass(frozen=True, slots=True)
class WeekSpread:
    """Of each hour of the week: in how many weeks it was watched, and shares (0..1) of the single weeks.

    Shapes ``(168,)``; shares are NaN where no week was watched, median and 90th percentile under four weeks.
    """

    weeks: NDArray[np.int64]
    low: Floats
    median: Floats
    p90: Floats
    high: Floats


def week_spread(found: Overview) -> WeekSpread:
    """Return the spread of occupation over the weeks of a period, by each port's local time."""
    used, open_ = by_week(found)
    return spread_of(used, open_)


def spread_of(used: Floats, open_: Floats) -> WeekSpread:
    """Return the spread from occupied and watched port-hours, shapes ``(weeks, 168)``."""
    share = np.full(open_.shape, np.nan)
    np.divide(np.minimum(used, open_), open_, out=share, where=open_ > _LEAST_H)
    weeks = np.isfinite(share).sum(axis=0)
    low, median, p90, high = (np.full(HOURS, np.nan) for _ in range(4))
    some, many = weeks > 0, weeks >= LEAST_WEEKS
    low[some], high[some] = np.nanmin(share[:, some], axis=0), np.nanmax(share[:, some], axis=0)
    if many.any():
        median[many], p90[many] = np.nanquantile(share[:, many], (0.5, 0.9), axis=0)
    return WeekSpread(weeks, low, median, p90, high)


def by_week(found: Overview) -> tuple[Floats, Floats]:
    """Return occupied and watched port-hours by local week and hour of the week, shapes ``(weeks, 168)``."""
    uses = found.uses.values()
    zones = {use.port.timezone: local_hours(found.period, use.port.timezone) for use in uses}
    weeks = {zone: (hours.day + 3) // 7 for zone, hours in zones.items()}  # 1970-01-01 was a Thursday
    first = min((int(each[0]) for each in weeks.values()), default=0)
    size = (max((int(each[-1]) for each in weeks.values()), default=0) - first + 1) * HOURS
    used, open_ = np.zeros(size), np.zeros(size)
    for use in uses:
        hours = zones[use.port.timezone]
        cells = (weeks[use.port.timezone] - first) * HOURS + hours.of_week
        used += np.bincount(cells, hours_of(intersect(use.occupied, use.open)).over(hours.grid), size)
        open_ += np.bincount(cells, hours_of(use.open).over(hours.grid), size)
    return used.reshape(-1, HOURS), open_.reshape(-1, HOURS)
