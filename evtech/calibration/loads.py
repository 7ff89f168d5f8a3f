"""The load during a calibration: what flows now, whether it is steady, and what it came to over a run."""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean

from evtech.measure.sample import Reading

LEAST_PHASE_A = 0.1
STEADY_SPREAD = 0.02  # of the mean over the time of settling
STEADY_SPREAD_A = 0.15
NO_LOAD_A = 0.05
NO_LOAD_KW = 0.02
_PHASES = ("l1", "l2", "l3")


@dataclass(frozen=True, slots=True)
class Load:
    """What flows at one moment (``at`` in s). ``None`` is unknown; the current is the mean of the phases in use.

    Current, voltage and power factor are the reference's where it tells them, else the charger's. ``charging`` is
    ``None`` where the charger does not tell its state.
    """

    at: float
    device_kw: float | None = None
    reference_kw: float | None = None
    current_a: float | None = None
    voltage_v: float | None = None
    power_factor: float | None = None
    phases: int = 0
    charging: bool | None = None

    @property
    def power_kw(self) -> float | None:
        """Return the power: the reference's where it tells it."""
        return self.reference_kw if self.reference_kw is not None else self.device_kw

    @property
    def flows(self) -> bool | None:
        """Tell whether current flows, ``None`` where nothing tells it."""
        if self.current_a is not None:
            return self.current_a >= NO_LOAD_A
        return None if self.power_kw is None else abs(self.power_kw) >= NO_LOAD_KW


def load_of(at: float, device: Reading | None, reference: Reading | None) -> Load:
    """Return the load that the newest readings of charger and reference tell."""
    seen = [reading for reading in (reference, device) if reading is not None]
    currents = next((found for reading in seen if (found := _each(reading, "current"))), [])
    used = [amperes for amperes in currents if amperes >= LEAST_PHASE_A]
    current = fmean(used) if used else (0.0 if currents else _first(seen, "current_average"))
    volts = next((found for reading in seen if (found := _each(reading, "voltage"))), [])
    live = [voltage for voltage in volts if voltage > 50.0]
    state = device.state if device is not None else None
    return Load(
        at=at,
        device_kw=_kilo(device),
        reference_kw=_kilo(reference),
        current_a=current,
        voltage_v=fmean(live) if live else _first(seen, "dc_voltage"),
        power_factor=_first(seen, "power_factor_total"),
        phases=len(used),
        charging=None if state is None or state.pilot is None else state.pilot[0] in "CD",
    )


class Steadiness:
    """Tells whether the current has been the same for the time of settling."""

    def __init__(self, settle_s: float) -> None:
        self._settle_s = settle_s
        self._loads: deque[Load] = deque()

    def take(self, load: Load) -> None:
        """Take the load of a moment; what is older than twice the time of settling is forgotten."""
        self._loads.append(load)
        while self._loads and load.at - self._loads[0].at > 2 * self._settle_s + 5:
            self._loads.popleft()

    def forget(self) -> None:
        """Begin anew, as when the load is to be changed."""
        self._loads.clear()

    @property
    def span_s(self) -> float:
        """Return how long the load has been steady, up to now (s)."""
        if not self._loads:
            return 0.0
        values: list[float] = []
        since = self._loads[-1].at
        for load in reversed(self._loads):
            value = load.current_a if load.current_a is not None else load.power_kw
            if value is None or not load.flows:
                break
            values.append(value)
            if max(values) - min(values) > max(STEADY_SPREAD * fmean(values), STEADY_SPREAD_A):
                break
            since = load.at
        return self._loads[-1].at - since

    @property
    def is_steady(self) -> bool:
        """Tell whether the load may be measured."""
        return self.span_s >= self._settle_s


@dataclass(frozen=True, slots=True)
class LoadSummary:
    """The load over a run: means, and the energies that the powers come to (kWh); ``None`` is unknown."""

    current_a: float | None
    voltage_v: float | None
    power_kw: float | None
    power_factor: float | None
    phases: int
    device_kwh: float | None
    reference_kwh: float | None
    interval_s: float


def summarise(loads: Sequence[Load], start: float, end: float) -> LoadSummary:
    """Return what the loads between two moments (s) come to; the first and the last are held to the ends."""
    inside = [load for load in loads if start <= load.at <= end] or list(loads[-1:])
    times = [load.at for load in inside]
    gaps = [b - a for a, b in pairwise([start, *times, end])]
    return LoadSummary(
        current_a=_mean(load.current_a for load in inside),
        voltage_v=_mean(load.voltage_v for load in inside),
        power_kw=_mean(load.power_kw for load in inside),
        power_factor=_mean(load.power_factor for load in inside),
        phases=max((load.phases for load in inside), default=0),
        device_kwh=_integral([(load.at, load.device_kw) for load in inside], start, end),
        reference_kwh=_integral([(load.at, load.reference_kw) for load in inside], start, end),
        interval_s=max(gaps, default=end - start),
    )


def _integral(points: list[tuple[float, float | None]], start: float, end: float) -> float | None:
    known = [(at, value) for at, value in points if value is not None]
    if not known:
        return None
    held = [(start, known[0][1]), *known, (end, known[-1][1])]
    return sum((b - a) * (x + y) / 2 for (a, x), (b, y) in pairwise(held)) / 3600


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fmean(known) if known else None


def _each(reading: Reading, quantity: str) -> list[float]:
    found = [reading.number(f"{quantity}_{phase}") for phase in _PHASES]
    return [abs(value) for value in found if value is not None]


def _first(readings: Sequence[Reading], name: str) -> float | None:
    return next((value for reading in readings if (value := reading.number(name)) is not None), None)


def _kilo(reading: Reading | None) -> float | None:
    watts = reading.number("power_total") if reading is not None else None
    return None if watts is None else watts / 1000
