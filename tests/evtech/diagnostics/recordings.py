"""Recordings made from the physics of a charge, not from the engine's rules: noise, resolution, gaps."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from evtech.diagnostics.trace import Trace


@dataclass
class Charge:
    """A charge on a supply with some impedance; change the columns, then ``trace()``."""

    seconds: int = 1800
    step: float = 1.0
    phases: int = 3
    amps: float = 16.0
    ohm: tuple[float, float, float] = (0.12, 0.12, 0.12)
    plug_at: float = 60.0
    unplug_at: float | None = None
    seed: int = 1
    numbers: dict[str, np.ndarray] = field(default_factory=dict)
    state: np.ndarray = field(default_factory=lambda: np.array([]))

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        self.t = np.arange(0, self.seconds, self.step)
        end = self.unplug_at or self.seconds + 1
        there = (self.t >= self.plug_at) & (self.t < end)
        # the vehicle lets go some seconds before the plug is pulled
        self.charging = there & (self.t >= self.plug_at + 5) & (self.t < end - 8)
        self.state = np.where(self.charging, "C2", np.where(there, "B2", "A1")).astype("<U8")
        ramp = np.clip((self.t - self.plug_at - 6) / 3, 0, 1)
        self.i = [np.where(self.charging & (n < self.phases), self.amps * ramp, 0.0) for n in range(3)]
        self.base_v = [
            231 + n * 0.5 + 0.8 * np.sin(self.t / 900 + n) + random.normal(0, 0.12, len(self.t)) for n in range(3)
        ]
        self.limit = np.full(len(self.t), float(self.amps))
        self.energy_error = 1.0
        self._random = random

    def trace(self, drop: tuple[str, ...] = ()) -> Trace:
        volts = [base - ohm * amps for base, ohm, amps in zip(self.base_v, self.ohm, self.i, strict=True)]
        noisy = [np.where(a > 0, a + self._random.normal(0, 0.03, len(a)), 0.0) for a in self.i]
        power = sum(v * a for v, a in zip(volts, noisy, strict=True)) * 0.99
        energy = 1e6 + np.cumsum(power) * self.step / 3600 * self.energy_error
        columns = {f"voltage_l{n + 1}": np.round(volts[n], 1) for n in range(3)}
        columns |= {f"current_l{n + 1}": np.round(noisy[n], 2) for n in range(3)}
        columns |= {
            "power_total": np.round(power), "energy_total": np.round(energy, 1),
            "current_limit_actual": self.limit, "temperature": np.full(len(self.t), 31.0),
            "frequency": np.round(50 + self._random.normal(0, 0.01, len(self.t)), 2),
        }  # fmt: skip
        columns |= self.numbers
        kept = {name: column for name, column in columns.items() if name not in drop}
        texts = {"cp_state": self.state, "error_code": np.full(len(self.t), "0")}
        words = {"relay_command": getattr(self, "command", None), "auth_state": getattr(self, "auth", None)}
        texts |= {name: column for name, column in words.items() if column is not None}
        return Trace(self.t + 1.77e9, kept, {n: c for n, c in texts.items() if n not in drop})

    def between(self, start: float, end: float = 1e9) -> np.ndarray:
        return (self.t >= start) & (self.t < end)


def pause(charge: Charge, start: float, end: float, state: str = "B2") -> None:
    """Let the vehicle stop for a while."""
    there = charge.between(start, end)
    charge.state[there] = state
    for amps in charge.i:
        amps[there] = 0.0


def outputs(charge: Charge, closed: np.ndarray | None = None) -> list[np.ndarray]:
    """Return output voltages that follow the contactor, with a little pick-up when open."""
    is_closed = charge.charging if closed is None else closed
    return [np.where(is_closed, base, 4.0) for base in charge.base_v]


Maker = Callable[[], Trace]
