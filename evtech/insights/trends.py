"""How a period went: the same figures for each of its days, weeks or months, in local time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from evtech.insights.attempts import Attempts
from evtech.insights.grid import hours_of
from evtech.insights.intervals import Interval
from evtech.insights.port_use import PortUse
from evtech.insights.rates import Rate
from evtech.insights.success import chained, rates_by

DAY, WEEK, MONTH = "day", "week", "month"


@dataclass(frozen=True, slots=True)
class Stretch:
    """One day, week or month: attempts that began in it, energy that flowed in it, port-hours it was watched."""

    start: float
    end: float
    attempts: int
    success: Rate | None
    first_time: Rate | None
    kwh: float
    exposure_h: float


def boundaries(period: Interval, zone: str, step: str) -> list[float]:
    """Return the period's ends and every local midnight between at which a day, a week or a month begins (s)."""
    info = ZoneInfo(zone)
    day = datetime.fromtimestamp(period[0], info).replace(hour=0, minute=0, second=0, microsecond=0)
    found = [period[0]]
    while day.timestamp() < period[1]:
        begins = step == DAY or (step == WEEK and day.weekday() == 0) or (step == MONTH and day.day == 1)
        if begins and day.timestamp() > period[0]:
            found.append(day.timestamp())
        day = (day.replace(tzinfo=None) + timedelta(days=1)).replace(tzinfo=info)
    return [*found, period[1]]


def step_for(period: Interval) -> str:
    """Return the step that gives a trend enough attempts a point: weeks up to a quarter, months beyond."""
    return WEEK if period[1] - period[0] < 100 * 86400 else MONTH


def stretches(attempts: Attempts, uses: Mapping[str, PortUse], limits: Sequence[float]) -> list[Stretch]:
    """Return the figures between each two limits; rates are ``None`` where nothing was tried.

    Energy and exposure are the ports' own, attempts all that began between the first and the last limit.
    """
    grid = np.array(limits, dtype=float)
    count = len(grid) - 1
    kwh, exposure = np.zeros(count), np.zeros(count)
    for use in uses.values():
        kwh += use.energy.over(grid)
        exposure += hours_of(use.exposed).over(grid)
    tries, index = chained(attempts, np.searchsorted(grid, attempts.start, "right") - 1)
    rates = rates_by(tries, index, count, {name: use.port for name, use in uses.items()})
    return [
        Stretch(start, end, found.attempts, found.attempt, found.first_time, float(energy), float(hours))
        for start, end, found, energy, hours in zip(limits[:-1], limits[1:], rates, kwh, exposure, strict=True)
    ]
