"""What samples say of the session they are: energy, powers, when it charged; counted while they pass by."""

from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from evtech.measure.sample import ChargerIdentity
from evtech.store.records import ChargingSession, PhaseSpan
from evtech.store.spool import Block

CHARGING_W = 100.0  # power from which energy flows
REGISTERS = ("energy_import_total", "energy_total", "session_energy")
MOST_SPANS = 2000  # stretches of charging that are kept apart
Floats = npt.NDArray[np.float64]


class Course:
    """Counts a session's samples, stretch by stretch in the order of time."""

    def __init__(self, points: list[str]) -> None:
        self.samples = 0
        self.first: float | None = None
        self.last = 0.0
        self._places = {name: i for i, name in enumerate(points)}
        self._register = next((name for name in REGISTERS if name in self._places), None)
        self._readings: tuple[float, float] | None = None
        self._power: tuple[float, float] | None = None  # the last moment and power
        self._energy_ws = 0.0
        self._known = 0
        self._peak: float | None = None
        self._since: float | None = None
        self._spans: list[tuple[float, float]] = []

    def take(self, block: Block) -> None:
        """Count a stretch."""
        times = np.asarray(block.times, np.float64)
        self.first = float(times[0]) if self.first is None else self.first
        self.last = float(times[-1])
        self.samples += len(times)
        if self._register is not None:
            self._read(_numbers(block.columns[self._places[self._register]]))
        if "power_total" in self._places:
            self._flow(times, _numbers(block.columns[self._places["power_total"]]))

    def session(self, id_: str, who: ChargerIdentity) -> ChargingSession:
        """Return the session that was counted: energy by the register, else by the integral of power."""
        assert self.first is not None
        if self._since is not None:
            self._spans.append((self._since, self.last))
        energy, how = None, None
        notes: tuple[str, ...] = ()
        start, end = self._readings or (None, None)
        if start is not None and end is not None and end < start:
            notes = (f"{self._register} ends below its beginning: no energy is told",)
        elif start is not None and end is not None:
            energy = end - start
            how = "session_counter" if self._register == "session_energy" else "register_difference"
        elif self._known > 1:
            energy, how = self._energy_ws / 3600, "integrated_power"
        charging_s = sum(until - since for since, until in self._spans)
        return ChargingSession(
            id=id_, visit_id="", recording_id="", charger=who, started=_moment(self.first), ended=_moment(self.last),
            charging_s=charging_s, energy_wh=energy, energy_source=how, register_point=self._register,
            register_start_wh=start, register_end_wh=end, peak_power_w=self._peak,
            mean_power_w=energy * 3600 / charging_s if energy and charging_s else None,
            phases=tuple(PhaseSpan("CHARGING", _moment(a), _moment(b)) for a, b in self._spans), samples=self.samples,
            notes=notes,
        )  # fmt: skip

    def _read(self, readings: Floats) -> None:
        known = readings[np.isfinite(readings)]
        if not len(known):
            return
        before = self._readings
        first = before[0] if before is not None else float(known[0])
        self._readings = (first, float(known[-1]))

    def _flow(self, times: Floats, power: Floats) -> None:
        """Integrate power, and note when it began and ended to flow; a missing value ends nothing."""
        known = np.isfinite(power)
        t, p = times[known], power[known]
        if not len(t):
            return
        self._known += len(t)
        peak = float(p.max())
        self._peak = peak if self._peak is None else max(self._peak, peak)
        if self._power is not None:
            t, p = np.concatenate([[self._power[0]], t]), np.concatenate([[self._power[1]], p])
        self._energy_ws += float(((p[1:] + p[:-1]) / 2 * np.diff(t)).sum())
        self._power = (float(t[-1]), float(p[-1]))
        flows = p > CHARGING_W
        if self._since is None and flows[0]:
            self._since = float(t[0])
        for place in np.flatnonzero(np.diff(flows)):
            at = float(t[place + 1])
            if flows[place + 1]:
                self._since = at
            elif self._since is not None:
                self._close(at)

    def _close(self, at: float) -> None:
        assert self._since is not None
        if len(self._spans) >= MOST_SPANS:  # too many to be told apart: the last one goes on
            self._spans[-1] = (self._spans[-1][0], at)
        else:
            self._spans.append((self._since, at))
        self._since = None


def _numbers(column: object) -> Floats:
    if isinstance(column, np.ndarray):
        return column
    assert isinstance(column, list)
    return np.array([float(v) if isinstance(v, int | float) else np.nan for v in column])


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
