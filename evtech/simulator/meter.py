"""A meter with its own error, and the mains it hangs on."""

import math
import random
from dataclasses import dataclass, field

Three = tuple[float, float, float]
JOINT_K_PER_W, JOINT_TIME_S = 1.1, 420.0  # a terminal's own rise for each watt lost in it, and how slowly
LOST_V = 4.0  # what a broken phase still shows
NEUTRAL_SHIFT = (-1.0, 0.66, 0.62)  # a floating neutral moves towards the loaded phase


@dataclass(slots=True)
class Mains:
    """The supply: voltages at the terminals sag with the current. Volt, ohm, Hz.

    Defects: ``lost_lN`` (1 = that phase is broken upstream), ``joint_lN_ohm`` (a bad terminal, which warms and grows by
    ``joint_growth`` a kelvin), ``neutral_shift_v`` (an open PEN conductor), ``rotation_left``.
    """

    voltage_v: float = 231.0
    loop_ohm: float = 0.25
    noise_v: float = 0.15
    frequency_hz: float = 50.0
    lost_l1: float = 0.0
    lost_l2: float = 0.0
    lost_l3: float = 0.0
    joint_l1_ohm: float = 0.0
    joint_l2_ohm: float = 0.0
    joint_l3_ohm: float = 0.0
    joint_growth: float = 0.02
    neutral_shift_v: float = 0.0
    rotation_left: float = 0.0
    house_l2_a: float = 0.0  # another load on L2
    rises_k: list[float] = field(default_factory=lambda: [0.0, 0.0, 0.0])
    _random: random.Random = field(default_factory=lambda: random.Random(1))

    def live(self) -> tuple[bool, bool, bool]:
        """Return which phases are fed."""
        return not self.lost_l1, not self.lost_l2, not self.lost_l3

    def warm(self, currents: Three, seconds: float) -> None:
        """Let the joints warm up with what is lost in them."""
        for n, amps in enumerate(currents):
            target = JOINT_K_PER_W * amps * amps * self._joint(n)
            self.rises_k[n] += (target - self.rises_k[n]) * min(1.0, seconds / JOINT_TIME_S)

    def voltages(self, currents: Three) -> Three:
        """Return the three phase voltages under load."""
        base = (self.voltage_v, self.voltage_v + 0.6, self.voltage_v - 0.9)
        others = (0.0, self.house_l2_a, 0.0)
        found = []
        for n in range(3):
            sag = (self.loop_ohm + self._joint(n)) * currents[n] + 0.1 * others[n]
            volts = base[n] - sag + self.neutral_shift_v * NEUTRAL_SHIFT[n]
            found.append((volts if self.live()[n] else LOST_V) + self._random.gauss(0, self.noise_v))
        return found[0], found[1], found[2]

    def frequency(self) -> float:
        """Return the mains frequency."""
        return self.frequency_hz + self._random.gauss(0, 0.008)

    def _joint(self, n: int) -> float:
        ohm = (self.joint_l1_ohm, self.joint_l2_ohm, self.joint_l3_ohm)[n]
        return ohm * (1 + self.joint_growth * self.rises_k[n])


@dataclass(slots=True)
class Meter:
    """What one meter shows. ``error_pct`` is its own error; registers change once per ``update_s``.

    Defects: ``register_error_pct`` (the register against the meter's own power), ``stuck`` (it counts no more),
    ``frozen`` (the last values are shown again and again), ``dead`` (nothing but zeros), ``creep_w`` (it counts
    although nothing flows).
    """

    error_pct: float = 0.0
    update_s: float = 0.0
    power_factor: float = 0.995
    energy_wh: float = 1_284_500.0
    apparent_vah: float = 1_301_000.0
    voltages: tuple[float, float, float] = (0.0, 0.0, 0.0)
    currents: tuple[float, float, float] = (0.0, 0.0, 0.0)
    powers: tuple[float, float, float] = (0.0, 0.0, 0.0)
    frequency: float = 50.0
    register_error_pct: float = 0.0
    stuck: float = 0.0
    frozen: float = 0.0
    dead: float = 0.0
    creep_w: float = 0.0
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
        if not self.stuck:
            counted = gain * (1 + self.register_error_pct / 100) * sum(active) + self.creep_w
            self.energy_wh += counted * seconds / 3600
        self.apparent_vah += gain * sum(apparent) * seconds / 3600
        self._since_update += seconds
        if self._since_update >= self.update_s and not self.frozen:
            self._since_update = 0.0
            self.voltages, self.currents, self.frequency = voltages, currents, frequency
            self.powers = (active[0] * gain, active[1] * gain, active[2] * gain)
            self.shown_energy_wh, self.shown_apparent_vah = self.energy_wh, self.apparent_vah
        if self.dead:
            self.voltages = self.currents = self.powers = (0.0, 0.0, 0.0)

    def restart(self) -> None:
        """Lose the registers, as after a replaced or reset meter."""
        self.energy_wh = self.apparent_vah = self.shown_energy_wh = self.shown_apparent_vah = 0.0
