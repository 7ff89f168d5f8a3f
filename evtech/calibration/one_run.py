"""One run at a load point: from the first reading of both registers to the last, and every rule it must keep.

A pure state machine: readings and loads go in with their times, nothing sleeps and nothing is read here. A run that
breaks a rule ends at once as a rejected one; it keeps what it has seen and says why.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from evtech.calibration.loads import Load, LoadSummary, summarise
from evtech.calibration.marks import Mark, MarkSeeker, synchronisation_s
from evtech.calibration.register_track import LONGEST_GAP_S, RegisterFacts, RegisterReading, RegisterTrack, Role
from evtech.calibration.run_record import RawReading, Run

LOST_LOAD = 0.05  # of the power at the start: below it the contactor is open
WRONG_REGISTER = 0.02  # of the dose, or two steps
WRONG_UNPROVEN = 0.2  # of the reference's energy, where the charger tells no power to compare with
SETTLED_S = 3.0


class Stage(StrEnum):
    """Where a run stands."""

    EMPTY = "empty"  # static: waits until no current flows
    ENTER_START = "enter_start"  # a person reads the reference
    START = "start"
    LOAD_ON = "load_on"  # static: waits for the load
    DOSE = "dose"
    LOAD_OFF = "load_off"  # static: the dose is reached, the load must end
    END = "end"
    ENTER_END = "enter_end"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Aim:
    """What a run is to be. Energies in kWh, currents in A, times in s.

    ``tolerance`` is the part by which the mean current may differ from ``current_a``. ``certified_a`` and
    ``most_a`` are what the reference is certified for and what it carries; ``None`` is no bound. ``is_static``
    reads both registers without current. ``entry`` says what a person types of a portable reference:
    ``readings``, ``energy``, or nothing where it is read by evtech.
    """

    dose_kwh: float
    device: RegisterFacts
    reference: RegisterFacts | None
    edge: Role | None = None
    power_kw: float | None = None
    current_a: float | None = None
    tolerance: float = 0.1
    certified_a: tuple[float, float] | None = None
    most_a: float | None = None
    is_static: bool = False
    entry: str | None = None
    gap_s: float = LONGEST_GAP_S


class OneRun:
    """A run while it goes on; ``result`` is there when ``stage`` is DONE."""

    def __init__(self, aim: Aim) -> None:
        self.aim = aim
        self.stage = Stage.EMPTY if aim.is_static else Stage.START
        self.start: Mark | None = None
        self.end: Mark | None = None
        self.result: Run | None = None
        self.tracks: dict[Role, RegisterTrack] = {}
        self._seeker = self._new_seeker()
        self._loads: list[Load] = []
        self._still: dict[Role, tuple[float | None, float]] = {}
        self._typed: list[float] = []
        self._flows = not aim.is_static
        self._load_ended: float | None = None

    @property
    def counted(self) -> tuple[float, float | None]:
        """Return what charger and reference have counted so far (kWh)."""
        device, reference = self.tracks.get("device"), self.tracks.get("reference")
        return (device.counted if device else 0.0), (reference.counted if reference else None)

    @property
    def elapsed_s(self) -> float:
        """Return how long the dose has lasted (s)."""
        return self._loads[-1].at - self.start.at if self.start and self._loads else 0.0

    def take(self, role: Role, reading: RegisterReading) -> None:
        """Take a register's reading."""
        if self.stage is Stage.DONE:
            return
        if role in self.tracks:
            power = self._loads[-1].power_kw if self._loads else self.aim.power_kw
            reason = self.tracks[role].take(reading, power, self._flows)
            if reason is not None:
                self.reject(reason)
                return
        self._watch_stillness(role, reading)
        if self.stage is Stage.EMPTY and self._is_still(reading.at):
            self._begin_static_mark(Stage.ENTER_START if self.aim.entry == "readings" else Stage.START)
        elif self.stage in (Stage.START, Stage.END):
            mark = self._seeker.take(role, reading)
            if mark is not None:
                self._take_mark(mark)
        elif self.stage is Stage.LOAD_OFF and self._is_still(reading.at):
            self._begin_static_mark(Stage.END)
        self._look_at_dose()

    def take_load(self, load: Load) -> None:
        """Take the load of a moment."""
        if self.stage is Stage.DONE:
            return
        self._loads.append(load)
        flows = load.flows is not False
        if flows and not self._flows:
            for track in self.tracks.values():
                track.let_stand(load.at)
        if self.aim.is_static:
            self._flows = flows
            self._take_static_load(load, flows)
        elif self.start is not None and self._is_lost(load):
            self.reject("contactor: the load went away in the middle of the run")
            return
        if self.start is not None and flows:
            self._check_reference_range(load)

    def tick(self, now: float) -> None:
        """Look at what did not come: a silence ends the run."""
        if self.stage is Stage.DONE or not self._flows:
            return
        for role, track in self.tracks.items():
            if track.silent_since(now) > self.aim.gap_s:
                self.reject(f"gap: the {role} gave no reading for {track.silent_since(now):.1f} s")
                return

    def enter(self, value: float) -> None:
        """Take what a person reads from the reference: a register in kWh, or the energy of the run."""
        self._typed.append(value)
        if self.stage is Stage.ENTER_START:
            self.stage, self._seeker = Stage.START, self._new_seeker()
        elif self.stage is Stage.ENTER_END:
            self._finish()

    def stop(self) -> None:
        """End the dose now; it counts only if it is large enough."""
        if self.stage is Stage.DOSE:
            self.stage, self._seeker = (Stage.LOAD_OFF if self.aim.is_static else Stage.END), self._new_seeker()
        elif self.start is None:
            self.reject("stopped: by the technician before the dose began")

    def reject(self, reason: str) -> None:
        """End the run as a rejected one; what was seen stays in it."""
        if self.stage is not Stage.DONE:
            self._close(reason)

    # ---- stages ----

    def _new_seeker(self) -> MarkSeeker:
        edge = None if self.aim.is_static else self.aim.edge
        return MarkSeeker(edge, has_reference=self.aim.reference is not None)

    def _begin_static_mark(self, stage: Stage) -> None:
        self.stage, self._seeker = stage, self._new_seeker()

    def _take_mark(self, mark: Mark) -> None:
        if self.stage is Stage.START:
            self.start = mark
            most = None if self.aim.power_kw is None else 1.25 * self.aim.power_kw
            self.tracks["device"] = RegisterTrack(self.aim.device, mark.device, most, self.aim.gap_s)
            if self.aim.reference is not None and mark.reference is not None:
                self.tracks["reference"] = RegisterTrack(self.aim.reference, mark.reference, most, self.aim.gap_s)
            self.stage = Stage.LOAD_ON if self.aim.is_static else Stage.DOSE
            return
        self.end = mark
        if self.aim.entry:
            self.stage = Stage.ENTER_END
        else:
            self._finish()

    def _take_static_load(self, load: Load, flows: bool) -> None:
        if self.stage is Stage.LOAD_ON and flows:
            self.stage = Stage.DOSE
        elif self.stage is Stage.DOSE and not flows:
            self.stage = Stage.LOAD_OFF  # earlier than wanted: the dose decides
        if not flows and self.stage is Stage.LOAD_OFF and self._load_ended is None:
            self._load_ended = load.at

    def _look_at_dose(self) -> None:
        if self.stage is not Stage.DOSE:
            return
        device, reference = self.counted
        least = device if reference is None else min(device, reference)
        spare = 0.0 if self.aim.is_static else self._spare()
        if least >= self.aim.dose_kwh + spare:
            self.stage = Stage.LOAD_OFF if self.aim.is_static else Stage.END
            self._seeker = self._new_seeker()

    def _spare(self) -> float:
        """Return what the last reading may still lack of the dose (kWh): one step of each register."""
        reference = self.aim.reference.step_kwh if self.aim.reference is not None else 0.0
        return max(self.aim.device.step_kwh, reference) * (0.0 if self.aim.edge else 1.0)

    def _watch_stillness(self, role: Role, reading: RegisterReading) -> None:
        value, since = self._still.get(role, (None, reading.at))
        if reading.kwh != value or self._flows:
            self._still[role] = (reading.kwh, reading.at)
        else:
            self._still[role] = (value, since)

    def _is_still(self, now: float) -> bool:
        """Tell whether no current flows and both registers have settled for two of their periods."""
        if self._flows or not self._loads:
            return False
        facts = {"device": self.aim.device, "reference": self.aim.reference}
        waits = {role: max(SETTLED_S, 2 * (one.update_s or 0.0)) for role, one in facts.items() if one is not None}
        return all(role in self._still and now - self._still[role][1] >= wait for role, wait in waits.items())

    def _is_lost(self, load: Load) -> bool:
        if load.charging is False:
            return True
        if load.power_kw is not None and self.aim.power_kw:
            return load.power_kw < LOST_LOAD * self.aim.power_kw
        return load.flows is False

    def _check_reference_range(self, load: Load) -> None:
        amperes, aim = load.current_a, self.aim
        if amperes is None:
            return
        if aim.most_a is not None and amperes > aim.most_a:
            self.reject(f"overload: {amperes:.2f} A is more than the {aim.most_a:g} A that the reference carries")
        elif aim.certified_a is not None and not aim.certified_a[0] * 0.98 <= amperes <= aim.certified_a[1] * 1.02:
            low, high = aim.certified_a
            self.reject(f"range: {amperes:.2f} A is outside the reference's certificate ({low:g} to {high:g} A)")

    # ---- the result ----

    def _finish(self) -> None:
        self._close(self._broken_rule())

    def _broken_rule(self) -> str | None:
        """Return which rule the whole run breaks, ``None`` for a sound one."""
        device, reference = self._energies()
        if reference is None:
            return "no reading: the reference was not read"
        if device <= 0.0 or reference <= 0.0:
            who = "charger" if device <= 0.0 else "reference"
            return f"reversed: the register of the {who} did not rise"
        least = device if self.aim.entry else min(device, reference)
        if least < self.aim.dose_kwh * (1 - 1e-9):
            return f"dose: {least:.4f} kWh is less than the {self.aim.dose_kwh:.4f} kWh needed"
        load = self._summary()
        wanted = self.aim.current_a
        if load.current_a is not None and wanted and abs(load.current_a / wanted - 1) > self.aim.tolerance:
            return f"load: the mean current was {load.current_a:.2f} A instead of {wanted:g} A"
        return self._wrong_register(device, reference, load)

    def _wrong_register(self, device: float, reference: float, load: LoadSummary) -> str | None:
        typed = self.aim.reference is None
        facts = [("charger", device, load.device_kwh, self.aim.device)]
        if not typed and self.aim.reference is not None:
            facts.append(("reference", reference, load.reference_kwh, self.aim.reference))
        for who, counted, integral, register in facts:
            if integral is None or integral <= 0.0:
                continue
            late = (load.power_kw or 0.0) * (2 * (register.update_s or 0.0) + load.interval_s) / 3600
            allowed = max(WRONG_REGISTER * counted, 2 * register.step_kwh) + late
            if abs(counted - integral) > allowed:
                return f"wrong register: the {who} counted {counted:.4f} kWh, its power comes to {integral:.4f} kWh"
        if (load.device_kwh is None or typed) and abs(device / reference - 1) > WRONG_UNPROVEN:
            return f"wrong register: charger {device:.4f} kWh and reference {reference:.4f} kWh are not one energy"
        return None

    def _energies(self) -> tuple[float, float | None]:
        device, reference = self.counted
        if self.aim.entry == "readings":
            reference = self._typed[1] - self._typed[0] if len(self._typed) == 2 else None
        elif self.aim.entry == "energy":
            reference = self._typed[0] if self._typed else None
        return device, reference

    def _summary(self) -> LoadSummary:
        first = self.start.at if self.start else 0.0
        last = self.end.at if self.end else (self._loads[-1].at if self._loads else first)
        loads = [load for load in self._loads if load.flows] if self.aim.is_static else self._loads
        if self.aim.is_static and loads:
            first, last = loads[0].at, loads[-1].at
        return summarise(loads, first, last)

    def _close(self, reason: str | None) -> None:
        self.stage = Stage.DONE
        load = self._summary()
        run = Run(
            valid=reason is None,
            reason=reason,
            duration_s=self.end.at - self.start.at if self.start and self.end else None,
            started=self.start.device.time if self.start else None,
            ended=self.end.device.time if self.end else None,
            current_a=load.current_a,
            voltage_v=load.voltage_v,
            power_kw=load.power_kw,
            sync_tau_s=self.tau_s,
            readings=self._raw(),
        )
        self.result = replace(run, **self._registers())

    @property
    def tau_s(self) -> float | None:
        """Return the half-width of the ends' times (s); ``None`` for a static run and where an end is missing."""
        if self.aim.is_static or self.start is None or self.end is None:
            return None
        return synchronisation_s(self.start, self.end, self.aim.edge, self.aim.device, self.aim.reference)

    def _registers(self) -> dict[str, Any]:
        """Return the fields of ``Run`` that hold registers (numbers; any, because the keys are made up)."""
        values: dict[str, Any] = {}
        for role in ("device", "reference"):
            ends = [getattr(mark, role) for mark in (self.start, self.end) if mark is not None]
            track = self.tracks.get(role)
            if track is not None and track.ran_over:
                values[f"{role}_kwh"] = track.counted  # the registers' plain difference would be wrong
                continue
            for name, reading in zip(("start", "end"), ends, strict=False):
                if reading is not None:
                    values[f"{role}_{name}_kwh"] = reading.kwh
        if self.aim.entry == "readings":
            values |= dict(zip(("reference_start_kwh", "reference_end_kwh"), self._typed, strict=False))
        elif self.aim.entry == "energy" and self._typed:
            values["reference_kwh"] = self._typed[0]
        return values

    def _raw(self) -> tuple[RawReading, ...]:
        found = []
        for when, mark in (("start", self.start), ("end", self.end)):
            if mark is None:
                continue
            found.append(_raw(self.aim.device, "device", when, mark.device))
            if mark.reference is not None:
                found.append(_raw(self.aim.reference, "reference", when, mark.reference))
        return tuple(found)


def _raw(facts: RegisterFacts | None, role: Role, when: str, reading: RegisterReading) -> RawReading:
    register = facts.register if facts is not None else None
    return RawReading(role, when, reading.kwh, reading.time, register, reading.words)
