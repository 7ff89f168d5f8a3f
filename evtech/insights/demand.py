"""When is it full? Peak demand in 15-minute means, load and coincidence factors, energy by hour of the week."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evtech.insights.availability import Downtime
from evtech.insights.grid import energy_spans, hour_of_week, quarters, spread
from evtech.insights.intervals import Interval, intersect, subtract, union
from evtech.insights.records import Attempt, Port

INTERVAL_MIN = 15
HOURS = 168


@dataclass(frozen=True, slots=True)
class Demand:
    """The highest 15-minute mean power (kW) of all ports together; ``at`` is the start of that interval (s)."""

    peak_kw: float | None
    at: float | None
    ports_active: tuple[str, ...]
    mean_kw: float | None
    load_factor: float | None
    coincidence_factor: float | None


@dataclass(frozen=True, slots=True)
class WeekHours:
    """168 bins from Monday 0 h local time: energy (kWh), occupied hours, exposure (port-hours in service and up)."""

    kwh: NDArray[np.float64]
    occupied_h: NDArray[np.float64]
    exposure_h: NDArray[np.float64]


def demand(by_port: Mapping[str, Sequence[Attempt]], ports: Sequence[Port], period: Interval) -> Demand:
    """Return the peak over the ports' common load; intervals cut by the period's ends keep their own length."""
    grid = quarters(period)
    lengths = np.diff(grid) / 3600
    total = np.zeros(len(lengths))
    peaks = {}
    active: dict[str, NDArray[np.float64]] = {}
    for port in ports:
        kw = spread(energy_spans(by_port.get(port.name, ())), grid) / lengths
        active[port.name] = kw
        peaks[port.name] = float(kw.max())
        total += kw
    if not len(total) or total.max() <= 0:
        return Demand(None, None, (), None, None, None)
    at = int(total.argmax())
    peak, mean = float(total[at]), float((total * lengths).sum() / lengths.sum())
    return Demand(
        peak_kw=peak,
        at=float(grid[at]),
        ports_active=tuple(name for name, kw in active.items() if kw[at] > 0),
        mean_kw=mean,
        load_factor=mean / peak,
        coincidence_factor=peak / sum(peaks.values()),
    )


def week_hours(
    by_port: Mapping[str, Sequence[Attempt]],
    ports: Sequence[Port],
    period: Interval,
    downs: Mapping[str, Downtime | None],
) -> WeekHours:
    """Return energy, occupation and exposure by local hour of the week, split at every local hour."""
    grid = quarters(period)
    kwh, occupied, exposure = np.zeros(HOURS), np.zeros(HOURS), np.zeros(HOURS)
    labels: dict[str, NDArray[np.int64]] = {}
    for port in ports:
        if port.timezone not in labels:
            labels[port.timezone] = hour_of_week(grid, port.timezone)
        bins = labels[port.timezone]
        own = by_port.get(port.name, ())
        down = downs.get(port.name)
        exposed = port.exposed(period)
        up = subtract(intersect(exposed, down.service), down.outages) if down is not None else exposed
        plugged = union((a.start, a.end) for a in own)
        kwh += np.bincount(bins, spread(energy_spans(own), grid), HOURS)
        occupied += np.bincount(bins, spread(((*i, 1 / 3600) for i in plugged), grid), HOURS)
        exposure += np.bincount(bins, spread(((*i, 1 / 3600) for i in up), grid), HOURS)
    return WeekHours(kwh, occupied, exposure)
