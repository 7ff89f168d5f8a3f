"""Limits and fault codes: each alarm is raised once and cleared once."""

from collections.abc import Callable
from dataclasses import dataclass

from evtech.events import Event, EventKind
from evtech.measure.sample import Reading

# EN 50160, 4.2.2: 230 V ± 10 %; the hysteresis keeps a value at the limit from chattering
VOLTAGE_LOW_V, VOLTAGE_HIGH_V, VOLTAGE_HYSTERESIS_V = 207.0, 253.0, 2.0
_PRESENT_V = 50.0  # a phase below this is not there, which is no undervoltage of a single-phase box


@dataclass(frozen=True, slots=True)
class Alarm:
    """A standing condition: its key, a sentence, and how grave it is."""

    key: str
    text: str
    severity: str


class Alarms:
    """Consumer of readings; ``standing`` holds what is true now."""

    def __init__(self, on_event: Callable[[Event], None] = lambda event: None) -> None:
        self.standing: dict[str, Alarm] = {}
        self._on_event = on_event

    def take(self, reading: Reading) -> None:
        """Take one reading."""
        now = {alarm.key: alarm for alarm in (*self._voltages(reading), *_faults(reading))}
        for key, alarm in now.items():
            if key not in self.standing:
                details = {"alarm": key, "text": alarm.text, "severity": alarm.severity}
                self._on_event(Event(reading.time, EventKind.ALARM_RAISED, details))
        for key, alarm in self.standing.items():
            if key not in now:
                self._on_event(Event(reading.time, EventKind.ALARM_CLEARED, {"alarm": key, "text": alarm.text}))
        self.standing = now

    def _voltages(self, reading: Reading) -> list[Alarm]:
        found = []
        for phase in ("l1", "l2", "l3"):
            volts = reading.number(f"voltage_{phase}")
            if volts is None or volts < _PRESENT_V:
                continue
            for side, limit, beyond in (
                ("low", VOLTAGE_LOW_V, VOLTAGE_LOW_V - volts),
                ("high", VOLTAGE_HIGH_V, volts - VOLTAGE_HIGH_V),
            ):
                key = f"voltage_{phase}_{side}"
                slack = VOLTAGE_HYSTERESIS_V if key in self.standing else 0.0
                if beyond > -slack if slack else beyond > 0:
                    found.append(Alarm(key, f"Voltage {phase.upper()} is {side}: limit {limit:g} V", "warning"))
        return found


def _faults(reading: Reading) -> list[Alarm]:
    return [
        Alarm(f"fault_{e.code}", f"Fault {e.code}: {e.meaning or 'meaning not published by the maker'}", e.severity)
        for e in reading.errors
    ]
