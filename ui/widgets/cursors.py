"""Two cursors over the plots and what lies between them: time, mean power, energy, extremes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from evtech.measure.history import History
from evtech.measure.quantity import NARROW_SPACE
from ui.words import duration, quantity, translate

_ENERGY = ("energy_import_total", "energy_total", "session_energy")
_EVERYTHING = 10**9  # pixels: so many that the history gives every sample

Snap = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Between:
    """What lies between two moments; energies in Wh, powers in W. ``None`` where it was not measured."""

    start: float
    end: float
    mean_w: float | None
    low_w: float | None
    high_w: float | None
    energy_wh: float | None

    def text(self) -> str:
        """Return one line for people."""
        words = translate("Cursors", "A {a}   B {b}   Δt {dt}   P mean {mean}, min {low}, max {high}   E {energy}")
        return words.format(
            a=_clock(self.start),
            b=_clock(self.end),
            dt=_length(self.end - self.start),
            mean=quantity(self.mean_w, "W"),
            low=quantity(self.low_w, "W"),
            high=quantity(self.high_w, "W"),
            energy=quantity(self.energy_wh, "Wh"),
        )


def snapped(history: History, at: float) -> float:
    """Return the time of the sample nearest to a moment."""
    if not history.points or not len(history):
        return at
    times, _ = history.window(history.points[0], at, at, _EVERYTHING)
    return float(times[np.abs(times - at).argmin()]) if len(times) else at


def between(history: History, one: float, other: float) -> Between:
    """Return what was measured between two moments; energy is the difference of the meter's register."""
    start, end = sorted((snapped(history, one), snapped(history, other)))
    power = "power_total" if "power_total" in history.points else None
    watts = _values(history, power, start, end)
    register = next((name for name in _ENERGY if name in history.points), None)
    energy = _values(history, register, start, end)
    return Between(
        start,
        end,
        float(watts.mean()) if len(watts) else None,
        float(watts.min()) if len(watts) else None,
        float(watts.max()) if len(watts) else None,
        float(energy[-1] - energy[0]) if len(energy) else None,
    )


def _values(history: History, point: str | None, start: float, end: float) -> np.ndarray:
    if point is None:
        return np.empty(0)
    times, values = history.window(point, start, end, _EVERYTHING)
    inside = values[(times >= start) & (times <= end) & np.isfinite(values)]
    return inside.astype(np.float64)


def _length(seconds: float) -> str:
    """Return a length of time as a person says it: seconds with a decimal below a minute, else h:m:s."""
    return f"{seconds:.1f}{NARROW_SPACE}s" if seconds < 60 else duration(round(seconds))


def _clock(at: float) -> str:
    return datetime.fromtimestamp(at).astimezone().strftime("%H:%M:%S")
