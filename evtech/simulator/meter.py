"""A meter with its own error, and the mains it hangs on."""

import math
import random
from dataclasses import dataclass, field


@dataclass(slots=True)
class Mains:
    """The supply: voltages at the terminals sag with the current. Volt, ohm, Hz."""

    voltage_v: float = 231.0
    loop_ohm: float = 0.25
    noise_v: float = 0.15
    frequency_hz: float = 50.0
    _random: random.Random = field(default_factory=lambda: random.Random(1))

    def voltages(self, currents: tuple[float, float, float]) -> tuple[float, float, float]:
        """Return the three phase voltages under load."""
        base = (self.voltage_v, self.voltage_v + 0.6, self.voltage_v - 0.9)
        one, two, three = (
            volts - self.loop_ohm * amps + self._random.gauss(0, self.noise_v)
            for volts, amps in zip(base, currents, strict=True)
        )
        return one, two, three

    def frequency(self) -> float:
        """Return the mains frequency."""
        return self.frequency_hz + self._random.gauss(0, 0.008)


@dataclass(slots=True)
class Meter:
    """What one meter shows. ``error_pct`` is its own error; registers change once per ``update_s``."""

    error_pct: float = 0.0
    update_s: float = 0.0
    power_factor: float = 0.995
    energy_wh: float = 1_284_500.0
    apparent_vah: float = 1_301_000.0
    voltages: tuple[float, float, float] = (0.0, 0.0, 0.0)
    currents: tuple[float, float, float] = (0.0, 0.0, 0.0)
    powers: tuple[float, float, float] = (0.0, 0.0, 0.0)
    frequency: float = 50.0
    shown_energy_wh: float = 1_284_500.0
    shown_apparent_vah: float = 1_301_000.0
    _since_update: float = math.inf

    def measure(
        self,
        voltages: tuple[float, float, float],
        currents: tuple[float, float, float],
        frequency: float,
        seconds: float,
    ) -> None:
        """Take in what happened during some seconds: energy is the integral of power, with the meter's error."""
        gain = 1 + self.error_pct / 100
        apparent = [volts * amps for volts, amps in zip(voltages, currents, strict=True)]
        active = [power * self.power_factor for power in apparent]
        self.energy_wh += gain * sum(active) * seconds / 3600
        self.apparent_vah += gain * sum(apparent) * seconds / 3600
        self._since_update += seconds
        if self._since_update >= self.update_s:
            self._since_update = 0.0
            self.voltages, self.currents, self.frequency = voltages, currents, frequency
            self.powers = (active[0] * gain, active[1] * gain, active[2] * gain)
            self.shown_energy_wh, self.shown_apparent_vah = self.energy_wh, self.apparent_vah

    def restart(self) -> None:
        """Lose the registers, as after a replaced or reset meter."""
        self.energy_wh = self.apparent_vah = self.shown_energy_wh = self.shown_apparent_vah = 0.0
