"""When is it full? Peak demand in 15-minute means, load and coincidence factors, energy by hour of the week."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evtech.insights.availability import Downtime
from evtech.insights.grid import QUARTER_S, energy_spans, hour_of_week, quarters, spread
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
    """Return the peak over the ports' common load, the first of equal ones.

    A quarter that an end of the period cuts counts with the energy inside it, over the whole quarter: no short
    stretch at full power passes for a demand that nobody bills. Mean and load factor are over the same quarters.
    """
    grid = quarters(period)
    total = np.zeros(len(grid) - 1)
    peaks = {}
    active: dict[str, NDArray[np.float64]] = {}
    for port in ports:
        kw = spread(energy_spans(by_port.get(port.name, ())), grid) / (INTERVAL_MIN / 60)
        active[port.name] = kw
        peaks[port.name] = float(kw.max())
        total += kw
    if not len(total) or total.max() <= 0:
        return Demand(None, None, (), None, None, None)
    at = int(np.argmax(total >= total.max() * (1 - 1e-9)))  # rounding must not choose among equals
    peak, mean = float(total[at]), float(total.mean())
    return Demand(
        peak_kw=peak,
        at=float(grid[at] // QUARTER_S * QUARTER_S),
        ports_active=tuple(name for name, kw in active.items() if kw[at] > 0),
        mean_kw=mean,
        load_factor=mean / peak,
        coincidence_factor=peak / sum(peaks.values()),
    )


def week_hours(port: Port, attempts: Sequence[Attempt], period: Interval, down: Downtime | None) -> WeekHours:
    """Return one port's energy, occupation and exposure by local hour of the week, split at every local hour."""
    grid = quarters(period)
    bins = hour_of_week(grid, port.timezone)
    plugged, up = occupied(attempts), exposure(port, period, down)

    def sums(spans: Iterable[tuple[float, float, float]]) -> NDArray[np.float64]:
        return np.bincount(bins, spread(spans, grid), HOURS).astype(np.float64)

    return WeekHours(
        sums(energy_spans(attempts)),
        sums((*span, 1 / 3600) for span in intersect(plugged, up)),
        sums((*span, 1 / 3600) for span in up),
    )


def together(weeks: Iterable[WeekHours]) -> WeekHours:
    """Return the sums over ports."""
    kwh, hours, exposed = np.zeros(HOURS), np.zeros(HOURS), np.zeros(HOURS)
    for week in weeks:
        kwh += week.kwh
        hours += week.occupied_h
        exposed += week.exposure_h
    return WeekHours(kwh, hours, exposed)


def occupied(attempts: Iterable[Attempt]) -> list[Interval]:
    """Return the time in which a vehicle stood at the port."""
    return union((a.start, a.end) for a in attempts)


def exposure(port: Port, period: Interval, down: Downtime | None) -> list[Interval]:
    """Return the time in which a session could have been seen: in service, watched and not down."""
    exposed = port.exposed(period)
    return subtract(intersect(exposed, down.service), down.outages) if down is not None else exposed
