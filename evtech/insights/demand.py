"""When is it full? Peak demand in 15-minute means, load and coincidence factors, energy by hour of the week."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evtech.insights.grid import QUARTER_S, hours_of, local_hours, quarters
from evtech.insights.intervals import Interval, intersect
from evtech.insights.port_use import PortUse

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


def demand(uses: Iterable[PortUse], period: Interval) -> Demand:
    """Return the peak over the ports' common load, the first of equal ones.

    A quarter that an end of the period cuts counts with the energy inside it, over the whole quarter: no short
    stretch at full power passes for a demand that nobody bills. Mean and load factor are over the same quarters.
    """
    grid = quarters(period)
    total = np.zeros(len(grid) - 1)
    peaks = 0.0
    loads = {use.port.name: use.energy for use in uses}
    for load in loads.values():
        kw = load.over(grid) / (INTERVAL_MIN / 60)
        peaks += float(kw.max())
        total += kw
    if not len(total) or total.max() <= 0:
        return Demand(None, None, (), None, None, None)
    at = int(np.argmax(total >= total.max() * (1 - 1e-9)))  # rounding must not choose among equals
    peak, mean = float(total[at]), float(total.mean())
    return Demand(
        peak_kw=peak,
        at=float(grid[at] // QUARTER_S * QUARTER_S),
        ports_active=tuple(name for name, load in loads.items() if load.over(grid[at : at + 2])[0] > 0),
        mean_kw=mean,
        load_factor=mean / peak,
        coincidence_factor=peak / peaks,
    )


def week_hours(use: PortUse, period: Interval) -> WeekHours:
    """Return one port's energy, occupation and exposure by local hour of the week, split at every local hour."""
    hours = local_hours(period, use.port.timezone)
    steps = (
        use.energy.over(hours.grid),
        hours_of(intersect(use.occupied, use.open)).over(hours.grid),
        hours_of(use.open).over(hours.grid),
    )
    return WeekHours(*(np.bincount(hours.of_week, step, HOURS).astype(np.float64) for step in steps))


def together(weeks: Iterable[WeekHours]) -> WeekHours:
    """Return the sums over ports."""
    kwh, hours, exposed = np.zeros(HOURS), np.zeros(HOURS), np.zeros(HOURS)
    for week in weeks:
        kwh += week.kwh
        hours += week.occupied_h
        exposed += week.exposure_h
    return WeekHours(kwh, hours, exposed)
