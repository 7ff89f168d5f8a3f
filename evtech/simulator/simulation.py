"""A scenario running: vehicle, charger and meters over time, seen through a profile's registers."""

import time
from collections.abc import Callable
from dataclasses import replace

from evtech.devices.profile import Profile
from evtech.simulator.charger import Charger
from evtech.simulator.line import Line
from evtech.simulator.meter import Mains, Meter
from evtech.simulator.registers import RegisterImage
from evtech.simulator.scenario import Scenario, ScenarioEvent, find_scenario
from evtech.simulator.vehicle import Vehicle

UNPLUG_S = 4.0
_STEP_S = 0.1
_MOST_STEPS = 4000  # of one advance: after a long pause the steps get longer instead of more


class Behaviour:
    """Everything that happens, on simulated time (s since the start)."""

    def __init__(self, scenario: Scenario, speed: float = 1.0, clock: Callable[[], float] = time.monotonic) -> None:
        self.scenario = scenario
        self.vehicle, self.charger = Vehicle(), Charger()
        self.mains, self.meter, self.reference = Mains(), Meter(update_s=0.5), Meter(update_s=0.25)
        self.line = Line()
        self.outputs: tuple[float, ...] = (0.0, 0.0, 0.0)
        for part in ("vehicle", "charger", "mains", "meter", "reference", "line"):
            target = getattr(self, part)
            for name, value in getattr(scenario, part).items():
                setattr(target, name, value)
            if isinstance(target, Meter) and "energy_wh" in getattr(scenario, part):
                target.shown_energy_wh = target.energy_wh
        self.clock_now: Callable[[], float] = time.time  # s since 1970, for the charger's own clock
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
        return self.now < self.cut_until or bool(self.line.refuses)

    @property
    def is_silent(self) -> bool:
        """Tell whether the device does not answer now."""
        return self.now < self.silent_until or bool(self.line.silent)

    def do(self, event: ScenarioEvent) -> None:
        """Let one event happen."""
        if event.do == "set":
            self._do_set(event)
        else:
            getattr(self, f"_do_{event.do}")(float(event.value))

    def _step(self, seconds: float) -> None:
        self.now += seconds
        while self._pending and self._pending[0].at + self._lap <= self.now:
            self.do(self._pending.pop(0))
        repeat = self.scenario.repeat_after
        if repeat and self.now - self._lap >= repeat:
            self._lap += repeat
            self._pending = list(self.scenario.events)
        charger, vehicle, mains = self.charger, self.vehicle, self.mains
        if self.line.writes_now(self.now, seconds):
            self._do_limit(self.line.other_limit_a)
        charger.step(vehicle, seconds)
        currents = self._currents(seconds)
        mains.warm(currents, seconds)
        voltages = mains.voltages(currents)
        frequency = mains.frequency()
        before = self.meter.shown_energy_wh
        for meter in (self.meter, self.reference):
            meter.measure(voltages, currents, frequency, seconds)
        poles = charger.poles()
        self.outputs = tuple(volts if closed else 3.0 for volts, closed in zip(voltages, poles, strict=True))
        charger.session_energy_wh += max(0.0, self.meter.shown_energy_wh - before)
        vehicle.charge(sum(v * i for v, i in zip(voltages, currents, strict=True)) * seconds / 3600)

    def _currents(self, seconds: float) -> tuple[float, float, float]:
        """Return what flows in each phase: where pole and supply are closed and live."""
        charger, vehicle = self.charger, self.vehicle
        offered = charger.offer() if charger.contactor_closed else 0.0
        amps = vehicle.follow(offered, seconds)
        if not charger.contactor_closed:
            vehicle.current_a = amps = 0.0
        amps = max(amps, vehicle.draws_a if vehicle.connected else 0.0)
        shares = (1.0, 0.995, 0.998)
        ways = zip(charger.poles(), self.mains.live(), shares, strict=True)
        one, two, three = (
            amps * share if closed and live and n < vehicle.phases else 0.0
            for n, (closed, live, share) in enumerate(ways)
        )
        return one, two, three

    def _do_set(self, event: ScenarioEvent) -> None:
        part, _, name = event.what.partition(".")
        setattr(getattr(self, part), name, event.value)

    def _do_plug_in(self, soc: float) -> None:
        self.vehicle.connected, self.vehicle.paused = True, False
        self.vehicle.soc = soc or float(self.scenario.vehicle.get("soc", 0.4))

    def _do_unplug(self, _: float) -> None:
        """The driver unlocks: the vehicle lets go, and some seconds later the plug is out."""
        self.vehicle.paused = True
        self._pending.insert(0, ScenarioEvent(self.now - self._lap + UNPLUG_S, "pull"))
        self._pending.sort(key=lambda event: event.at)

    def _do_pull(self, _: float) -> None:
        """The plug is torn out, whatever flows."""
        self.vehicle.connected = False

    def _do_pause(self, _: float) -> None:
        self.vehicle.paused = True

    def _do_resume(self, _: float) -> None:
        self.vehicle.paused = False

    def _do_limit(self, amps: float) -> None:
        self.charger.limit_a = amps
        self.charger.written_s = 0.0

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

    def _do_restart(self, seconds: float) -> None:
        """The charger loses its supply: it is silent for a while and counts its life anew."""
        self.silent_until = self.now + seconds
        self.charger.uptime_s = 0.0
        self.charger.authorised = self.charger.contactor_closed = False
        self.charger.plugged_s = self.charger.ready_s = 0.0

    def _do_shift_register(self, energy_wh: float) -> None:
        self.meter.energy_wh += energy_wh

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
        self.damage_next = False  # the next frame on a serial line

    def reference(self, profile: Profile) -> "Simulation":
        """Return a reference meter that watches the same charger."""
        return Simulation(profile, behaviour=self.behaviour)

    def advance(self) -> None:
        """Bring behaviour and registers to now."""
        self.behaviour.advance()
        self.image.show(self.behaviour, self._meter)

    def apply_write(self, name: str, value: float) -> None:
        """Let a written set point act on the charger; other points are only kept."""
        charger = self.behaviour.charger
        charger.written_s = 0.0
        if name == "current_limit":
            charger.limit_a = value
        elif name in ("enable", "remote_lock"):
            charger.enabled = bool(value)
