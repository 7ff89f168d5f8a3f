"""A scenario running: vehicle, charger and meters over time, seen through a profile's registers."""

import time
from collections.abc import Callable
from dataclasses import replace

from evtech.devices.profile import Profile
from evtech.simulator.charger import Charger
from evtech.simulator.meter import Mains, Meter
from evtech.simulator.registers import RegisterImage
from evtech.simulator.scenario import Scenario, ScenarioEvent, find_scenario
from evtech.simulator.vehicle import Vehicle

_STEP_S = 0.1
_MOST_STEPS = 4000  # of one advance: after a long pause the steps get longer instead of more


class Behaviour:
    """Everything that happens, on simulated time (s since the start)."""

    def __init__(self, scenario: Scenario, speed: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.scenario = scenario
        self.vehicle, self.charger = Vehicle(), Charger()
        self.mains, self.meter, self.reference = Mains(), Meter(update_s=0.5), Meter(update_s=0.25)
        for part in ("vehicle", "charger", "mains", "meter", "reference"):
            target = getattr(self, part)
            for name, value in getattr(scenario, part).items():
                setattr(target, name, value)
            if isinstance(target, Meter) and "energy_wh" in getattr(scenario, part):
                target.shown_energy_wh = target.energy_wh
        self.now = 0.0
        self.cut_until = self.silent_until = 0.0
        self._speed, self._clock = speed, clock
        self._started = clock()
        self._pending = list(scenario.events)
        self._lap = 0.0

    def advance(self) -> None:
        """Bring everything to the clock's now."""
        target = (self._clock() - self._started) * self._speed
        ahead = target - self.now
        step = max(_STEP_S, ahead / _MOST_STEPS)
        while self.now < target - 1e-9:
            self._step(min(step, target - self.now))

    @property
    def speed(self) -> float:
        """Return how many simulated seconds pass in one second."""
        return self._speed

    def set_speed(self, speed: float) -> None:
        """Let time pass at another speed from now on."""
        self.advance()
        self._started = self._clock() - self.now / speed
        self._speed = speed

    def use_load_box(self, current_a: float | None = None) -> None:
        """Plug in a load that never gets full and end the script, as for a calibration; amperes a phase."""
        self.advance()
        self._pending, self.scenario = [], replace(self.scenario, repeat_after=0.0)
        vehicle = self.vehicle
        vehicle.connected, vehicle.paused, vehicle.soc, vehicle.capacity_wh = True, False, 0.1, 1e9
        if current_a is not None:
            vehicle.max_current_a = current_a

    @property
    def is_cut(self) -> bool:
        """Tell whether the link is cut now."""
        return self.now < self.cut_until

    @property
    def is_silent(self) -> bool:
        """Tell whether the device does not answer now."""
        return self.now < self.silent_until

    def do(self, event: ScenarioEvent) -> None:
        """Let one event happen."""
        action = getattr(self, f"_do_{event.do}")
        action(event.value)

    def _step(self, seconds: float) -> None:
        self.now += seconds
        while self._pending and self._pending[0].at + self._lap <= self.now:
            self.do(self._pending.pop(0))
        repeat = self.scenario.repeat_after
        if repeat and self.now - self._lap >= repeat:
            self._lap += repeat
            self._pending = list(self.scenario.events)
        charger, vehicle = self.charger, self.vehicle
        charger.step(vehicle, seconds)
        amps = vehicle.follow(charger.offer() if charger.contactor_closed else 0.0, seconds)
        if not charger.contactor_closed:
            vehicle.current_a = amps = 0.0
        used = min(vehicle.phases, charger.phases)
        currents = (amps, amps * 0.995 if used > 1 else 0.0, amps * 1.004 if used > 2 else 0.0)
        currents = (min(currents[0], amps), min(currents[1], amps), min(currents[2], amps))
        voltages = self.mains.voltages(currents)
        frequency = self.mains.frequency()
        before = self.meter.energy_wh
        for meter in (self.meter, self.reference):
            meter.measure(voltages, currents, frequency, seconds)
        charger.session_energy_wh += max(0.0, self.meter.energy_wh - before)
        vehicle.charge(sum(v * i for v, i in zip(voltages, currents, strict=True)) * seconds / 3600)

    def _do_plug_in(self, soc: float) -> None:
        self.vehicle.connected, self.vehicle.paused = True, False
        self.vehicle.soc = soc or float(self.scenario.vehicle.get("soc", 0.4))

    def _do_unplug(self, _: float) -> None:
        self.vehicle.connected = False

    def _do_pause(self, _: float) -> None:
        self.vehicle.paused = True

    def _do_resume(self, _: float) -> None:
        self.vehicle.paused = False

    def _do_limit(self, amps: float) -> None:
        self.charger.limit_a = amps

    def _do_authorise(self, _: float) -> None:
        self.charger.authorised = True

    def _do_fault(self, code: float) -> None:
        self.charger.fault_code = int(code)

    def _do_clear_fault(self, _: float) -> None:
        self.charger.fault_code = 0

    def _do_link_cut(self, seconds: float) -> None:
        self.cut_until = self.now + seconds

    def _do_silence(self, seconds: float) -> None:
        self.silent_until = self.now + seconds

    def _do_meter_restart(self, _: float) -> None:
        self.meter.restart()


class Simulation:
    """A behaviour seen through one profile: a charger's registers, or a meter's beside it."""

    def __init__(
        self,
        profile: Profile,
        *,
        scenario: Scenario | str = "default",
        speed: float = 1.0,
        clock: Callable[[], float] = time.monotonic,
        behaviour: Behaviour | None = None,
    ) -> None:
        chosen = find_scenario(scenario) if isinstance(scenario, str) else scenario
        self.profile = profile
        self.behaviour = behaviour or Behaviour(chosen, speed, clock)
        is_reference = behaviour is not None
        self._meter = self.behaviour.reference if is_reference else self.behaviour.meter
        self.image = RegisterImage(profile)

    def reference(self, profile: Profile) -> "Simulation":
        """Return a reference meter that watches the same charger."""
        return Simulation(profile, behaviour=self.behaviour)

    def advance(self) -> None:
        """Bring behaviour and registers to now."""
        self.behaviour.advance()
        self.image.show(self.behaviour.charger, self.behaviour.vehicle, self._meter, self.behaviour.now)

    def apply_write(self, name: str, value: float) -> None:
        """Let a written set point act on the charger; other points are only kept."""
        charger = self.behaviour.charger
        if name == "current_limit":
            charger.limit_a = value
        elif name in ("enable", "remote_lock"):
            charger.enabled = bool(value)
