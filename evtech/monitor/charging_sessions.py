"""Makes charging sessions of readings: plug-in to plug-out, phases, energy, stop reason.

Energy is the difference of the energy register at both ends. A session counter is only a cross-check; power is
integrated only where there is no register, and the session says which it was; ``energy.py`` follows the register
through overflow, restart and glitches. Apparent energy never becomes energy.
"""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from evtech.devices.profile import Profile
from evtech.devices.state import current_flows
from evtech.events import Event, EventKind
from evtech.measure.sample import ChargerIdentity, Reading, SessionPhase
from evtech.monitor.energy import EnergyRegister
from evtech.store.records import ChargingSession, Gap, PhaseSpan
from evtech.store.session_rows import iso

PAUSE_BY_VEHICLE_S = 30.0  # B2 for so long after charging is the vehicle's pause
METER_SESSION_END_S = 60.0  # a meter without pilot: so long without current ends a session
UNPLUG_DEBOUNCE = 2  # readings in state A that end a session: one may be a glitch of the pilot
COUNTER_TOLERANCE_WH = 50.0
_IDLE = (SessionPhase.IDLE, SessionPhase.RESERVED, SessionPhase.UNKNOWN)


class ChargingSessions:
    """Consumer of readings and gaps; tells about sessions that start, go on and end."""

    def __init__(
        self,
        profile: Profile,
        identity: ChargerIdentity,
        visit_id: str,
        recording_id: str,
        *,
        simulated: bool = False,
        on_event: Callable[[Event], None] = lambda event: None,
        on_end: Callable[[ChargingSession], None] = lambda session: None,
        continued: ChargingSession | None = None,
    ) -> None:
        self._profile, self._identity = profile, identity
        self._visit_id, self._recording_id, self._simulated = visit_id, recording_id, simulated
        self._on_event, self._on_end = on_event, on_end
        self._continued = continued
        self.finished: ChargingSession | None = None  # the newest one that ended
        self._current: ChargingSession | None = None
        self._energy: EnergyRegister | None = None
        self._apparent: EnergyRegister | None = None
        self._integrated_wh = 0.0
        self._unwatched_wh = 0.0  # energy of the register over gaps
        self._has_power = False
        self._last: Reading | None = None
        self._last_pilot: str | None = None
        self._away = 0
        self._quiet_since: float | None = None
        self._b2_since: float | None = None
        self._counter_first: float | None = None

    @property
    def current(self) -> ChargingSession | None:
        """Return the running session as it stands."""
        return self._current

    def take(self, reading: Reading) -> None:
        """Take one reading."""
        phase = self._phase(reading)
        self._tell_change(reading, phase)
        plugged = self._is_plugged(reading, phase)
        if self._current is None:
            if plugged:
                self._begin(reading, phase)
            elif self._continued is not None:
                self._give_up(self._continued, reading)
        elif plugged:
            self._away = 0
            self._go_on(reading, phase)
        else:
            self._away += 1
            if self._away >= (1 if reading.state is None else UNPLUG_DEBOUNCE):
                self._finish(reading)
        self._last = reading

    def take_gap(self, gap: Gap) -> None:
        """Take a stretch without readings: the session goes on across it."""
        if self._current is not None:
            self._current = replace(self._current, gaps=(*self._current.gaps, gap))

    def end_watching(self, now: datetime) -> None:
        """End the running session because nobody will watch it on."""
        if self._current is not None:
            self._close(
                replace(self._current, ended=now, stop_reason="unknown"), "watching ended before the vehicle left"
            )

    def _phase(self, reading: Reading) -> SessionPhase:
        state = reading.state
        if state is None:
            return SessionPhase.CHARGING if current_flows(reading.samples) else SessionPhase.IDLE
        session = self._current
        if state.phase is SessionPhase.PLUGGED and state.pilot == "B2":
            self._b2_since = reading.monotonic if self._b2_since is None else self._b2_since
            waited = reading.monotonic - self._b2_since
            return SessionPhase.PAUSED_BY_EV if session and waited >= PAUSE_BY_VEHICLE_S else SessionPhase.PREPARING
        self._b2_since = None
        if state.phase is SessionPhase.PLUGGED and session is not None and session.charging_s > 0:
            return SessionPhase.PAUSED_BY_EVSE
        return state.phase

    def _is_plugged(self, reading: Reading, phase: SessionPhase) -> bool:
        if reading.state is None:
            if phase is SessionPhase.CHARGING:
                self._quiet_since = None
                return True
            self._quiet_since = reading.monotonic if self._quiet_since is None else self._quiet_since
            return self._current is not None and reading.monotonic - self._quiet_since < METER_SESSION_END_S
        pilot = reading.state.pilot
        if pilot is None or pilot in ("E", "F"):
            return self._current is not None  # a fault does not tell whether the vehicle is there
        return pilot[0] in "BCD" and phase not in _IDLE

    def _tell_change(self, reading: Reading, phase: SessionPhase) -> None:
        pilot = reading.state.pilot if reading.state else None
        if reading.state is not None and self._last is not None and pilot != self._last_pilot:
            details = {"from": self._last_pilot, "to": pilot, "phase": phase.value, "text": reading.state.text}
            self._on_event(Event(reading.time, EventKind.STATE_CHANGED, details))
        self._last_pilot = pilot

    def _begin(self, reading: Reading, phase: SessionPhase) -> None:
        point = self._profile.energy_point
        apparent = self._profile.points.get("apparent_energy_total")
        self._energy = EnergyRegister(point) if point else None
        self._apparent = EnergyRegister(apparent) if apparent and apparent.readable else None
        self._integrated_wh, self._has_power, self._away = 0.0, False, 0
        self._unwatched_wh = 0.0
        self._counter_first = reading.number("session_energy")
        base = self._continued
        self._continued = None
        if base is not None and self._may_continue(base, reading):
            self._current = self._resumed(base, reading)
            self._go_on(reading, phase)
            return
        # before the first reading nothing is known: a vehicle that is there already came at an unknown time
        self._current = ChargingSession(
            id=str(uuid.uuid4()),
            visit_id=self._visit_id,
            recording_id=self._recording_id,
            charger=self._identity,
            started=reading.time,
            simulated=self._simulated,
            partial_start=self._last is None,
            notes=("the vehicle was already connected when watching began",) if self._last is None else (),
        )
        before = self._last
        if before is not None:
            self._take_registers(before)
        self._on_event(Event(reading.time, EventKind.SESSION_STARTED, {"session": self._current.id}))
        self._go_on(reading, phase)

    def _give_up(self, base: ChargingSession, reading: Reading) -> None:
        """Close an interrupted session whose vehicle is gone: the next one to plug in must not inherit it."""
        self._away += 1
        last_seen = base.last_seen or base.started
        is_gone = self._away >= UNPLUG_DEBOUNCE
        if reading.state is None:
            is_gone = (reading.time - last_seen).total_seconds() >= METER_SESSION_END_S
        if not is_gone:
            return
        self._continued = None
        note = "evtech was not running when the vehicle left; the energy ends with the last reading"
        self._close(replace(base, ended=last_seen, stop_reason="unknown"), note)

    def _may_continue(self, base: ChargingSession, reading: Reading) -> bool:
        if self._energy is None or base.register_end_wh is None:
            return True
        value = reading.number(self._energy.point.name)
        return value is not None and value >= base.register_end_wh

    def _resumed(self, base: ChargingSession, reading: Reading) -> ChargingSession:
        since = base.phases[-1].end or base.phases[-1].start if base.phases else base.started
        last_seen = base.last_seen or since
        at = last_seen.timestamp()
        if self._energy and base.register_start_wh is not None and base.register_end_wh is not None:
            self._energy.resume(base.register_start_wh, base.register_end_wh, base.energy_wh or 0.0, at)
        elif self._energy is None:
            self._integrated_wh = base.energy_wh or 0.0
        apparent = reading.number(self._apparent.point.name) if self._apparent else None
        if self._apparent and apparent is not None and base.apparent_energy_vah is not None:
            self._apparent.resume(apparent, apparent, base.apparent_energy_vah, at)
        if base.mean_power_w is not None and base.energy_wh is not None:
            self._unwatched_wh = base.energy_wh - base.mean_power_w * base.charging_s / 3600
        gap = Gap(last_seen, reading.time, "evtech was not running")
        note = "apparent energy that flowed while evtech was not running is not counted"
        return replace(
            base,
            recording_id=self._recording_id,
            gaps=(*base.gaps, gap),
            notes=base.notes if base.apparent_energy_vah is None else (*base.notes, note),
            earlier_recordings=(*base.earlier_recordings, base.recording_id),
        )

    def _go_on(self, reading: Reading, phase: SessionPhase) -> None:
        session = self._current
        assert session is not None
        seconds = 0.0
        in_gap = bool(session.gaps) and session.gaps[-1].end >= reading.time
        if self._last is not None and self._last.time >= session.started and not in_gap:
            seconds = reading.monotonic - self._last.monotonic
        power = reading.number("power_total")
        if power is not None:
            self._has_power = True
            self._integrated_wh += max(power, 0.0) * seconds / 3600
        before = self._energy.counted if self._energy else 0.0
        self._take_registers(reading)
        if in_gap and self._energy is not None:
            self._unwatched_wh += self._energy.counted - before
        charging = session.charging_s + (seconds if phase is SessionPhase.CHARGING else 0.0)
        peak = max(session.peak_power_w or 0.0, power) if power is not None else session.peak_power_w
        errors = session.errors
        for error in reading.errors:
            if not any(kept["code"] == error.code for kept in errors):
                errors = (*errors, {"code": error.code, "raw": error.raw, "meaning": error.meaning,
                                    "severity": error.severity, "at": iso(reading.time)})  # fmt: skip
        self._current = self._with_energy(
            replace(
                session,
                charging_s=charging,
                peak_power_w=peak,
                phases=_with_phase(session.phases, phase, reading.time),
                errors=errors,
                samples=session.samples + 1,
                last_seen=reading.time,
            ),
            reading,
        )

    def _take_registers(self, reading: Reading) -> None:
        for register in (self._energy, self._apparent):
            if register is not None:
                register.take(reading.number(register.point.name), reading.time.timestamp())

    def _with_energy(self, session: ChargingSession, reading: Reading) -> ChargingSession:
        energy, source = None, None
        first = last = None
        if self._energy is not None and self._energy.first is not None:
            first, last = self._energy.first, self._energy.last
            is_counter = self._energy.point.name == "session_energy"
            energy, source = self._energy.counted, "session_counter" if is_counter else "register_difference"
        elif self._energy is None and self._has_power:
            energy, source = self._integrated_wh, "integrated_power"
        apparent = self._apparent.counted if self._apparent and self._apparent.first is not None else None
        energy = None if energy is None else float(f"{energy:.9g}")
        mean = None
        if energy is not None and session.charging_s > 1:
            # what flowed while nobody watched has no watched seconds to be divided by
            mean = (energy - self._unwatched_wh) / session.charging_s * 3600
        return replace(
            session,
            energy_wh=energy,
            energy_source=source,
            register_point=self._energy.point.name if self._energy else None,
            register_start_wh=first,
            register_end_wh=last,
            apparent_energy_vah=apparent,
            session_counter_wh=reading.number("session_energy"),
            mean_power_w=mean,
        )

    def _finish(self, reading: Reading) -> None:
        session = self._current
        assert session is not None
        assert self._last is not None
        self._take_registers(reading)  # they may have moved between the last poll and plug-out
        session = self._with_energy(session, reading)
        ended = self._last.time if self._away > 1 else reading.time
        if reading.state is None and self._quiet_since is not None:
            ended = reading.time - timedelta(seconds=reading.monotonic - self._quiet_since)
        self._close(replace(session, ended=max(ended, session.started), stop_reason=_stop_reason(session)), "")

    def _close(self, session: ChargingSession, note: str) -> None:
        phases = tuple(replace(span, end=span.end or session.ended) for span in session.phases)
        notes = (*session.notes, *([note] if note else []), *self._register_notes(session))
        ended = replace(session, phases=phases, notes=notes)
        self._current = None
        self.finished = ended
        details = {"session": ended.id, "energy_wh": ended.energy_wh, "stop_reason": ended.stop_reason}
        assert ended.ended is not None
        self._on_event(Event(ended.ended, EventKind.SESSION_ENDED, details))
        self._on_end(ended)

    def _register_notes(self, session: ChargingSession) -> list[str]:
        notes = [note for register in (self._energy, self._apparent) if register is not None for note in register.notes]
        counter = session.session_counter_wh
        is_cross_check = session.energy_source == "register_difference" and not session.partial_start
        if is_cross_check and counter is not None and session.energy_wh is not None and self._counter_first is not None:
            difference = counter - min(self._counter_first, counter) - session.energy_wh
            tolerance = max(COUNTER_TOLERANCE_WH, 0.02 * session.energy_wh)
            if abs(difference) > tolerance and abs(counter - session.energy_wh) > tolerance:
                notes.append(f"the charger's session counter differs from the register by {difference / 1000:+.3f} kWh")
        if session.energy_wh is None and session.apparent_energy_vah is not None:
            notes.append("the product counts apparent energy (VAh) only: the energy in kWh is not known")
        return notes


def _with_phase(phases: tuple[PhaseSpan, ...], phase: SessionPhase, now: datetime) -> tuple[PhaseSpan, ...]:
    if phases and phases[-1].phase == phase.value:
        return phases
    closed = (*phases[:-1], replace(phases[-1], end=now)) if phases else ()
    return (*closed, PhaseSpan(phase.value, now, None))


def _stop_reason(session: ChargingSession) -> str:
    """Return why it ended, as far as the readings prove it; the contract's list of words."""
    if any(error.get("severity") in ("critical", "fault") for error in session.errors):
        return "fault"
    before = [span.phase for span in session.phases]
    if before and before[-1] == SessionPhase.PAUSED_BY_EV.value:
        return "vehicle"
    return "unknown"
