"""How a period went: the same figures for each of its days, weeks or months, in local time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from evtech.insights.grid import energy_spans, spread
from evtech.insights.intervals import Interval
from evtech.insights.rates import Rate
from evtech.insights.records import Attempt, Port
from evtech.insights.success import success

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


def stretches(
    by_port: Mapping[str, Sequence[Attempt]], ports: dict[str, Port], limits: Sequence[float]
) -> list[Stretch]:
    """Return the figures between each two limits; rates are ``None`` where nothing was tried."""
    grid = np.array(limits, dtype=float)
    kwh, exposure = np.zeros(len(limits) - 1), np.zeros(len(limits) - 1)
    for name, port in ports.items():
        kwh += spread(energy_spans(by_port.get(name, ())), grid)
        exposure += spread(((*span, 1 / 3600) for span in port.exposed((limits[0], limits[-1]))), grid)
    rows: list[list[Attempt]] = [[] for _ in kwh]
    everything = sorted((a for own in by_port.values() for a in own), key=lambda a: a.start)
    starts = np.array([a.start for a in everything], dtype=float)
    for attempt, index in zip(everything, np.searchsorted(grid, starts, "right") - 1, strict=True):
        if 0 <= index < len(rows):
            rows[index].append(attempt)
    found = []
    for index, own in enumerate(rows):
        rates = success(own, ports)
        found.append(
            Stretch(
                limits[index], limits[index + 1], rates.attempts, rates.attempt, rates.first_time, float(kwh[index]),
                float(exposure[index]),
            )
        )  # fmt: skip
    return found
