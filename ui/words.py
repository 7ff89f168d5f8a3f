"""What the core knows, in sentences for people: states, ages, durations, quantities."""

import math
from datetime import datetime

from PySide6.QtCore import QCoreApplication, QLocale

from evtech.measure.quantity import NARROW_SPACE, UNKNOWN, shown
from evtech.measure.sample import ChargerState, Reading, SessionPhase

# under its own name: pyside6-lupdate takes the first argument of anything called tr for the text
translate = QCoreApplication.translate


def phase_word(phase: str) -> str:
    """Return a session phase in words."""
    words = {
        SessionPhase.IDLE: translate("Phase", "Idle"),
        SessionPhase.PLUGGED: translate("Phase", "Connected"),
        SessionPhase.AUTHORISING: translate("Phase", "Waits for authorisation"),
        SessionPhase.PREPARING: translate("Phase", "Preparing"),
        SessionPhase.CHARGING: translate("Phase", "Charging"),
        SessionPhase.PAUSED_BY_EV: translate("Phase", "Paused by the vehicle"),
        SessionPhase.PAUSED_BY_EVSE: translate("Phase", "Paused by the charger"),
        SessionPhase.FINISHING: translate("Phase", "Finishing"),
        SessionPhase.FAULTED: translate("Phase", "Fault"),
        SessionPhase.UNAVAILABLE: translate("Phase", "Unavailable"),
        SessionPhase.RESERVED: translate("Phase", "Reserved"),
        SessionPhase.UNKNOWN: translate("Phase", "Unknown"),
    }
    return words[SessionPhase(phase)]


def phase_role(phase: str | None) -> str:
    """Return the severity role of a session phase."""
    return {
        "CHARGING": "good", "FAULTED": "fault", "UNAVAILABLE": "warning", "PAUSED_BY_EVSE": "warning",
        "AUTHORISING": "action", "PREPARING": "good",
    }.get(phase or "", "neutral")  # fmt: skip


def state_sentence(state: ChargerState | None, reading: Reading | None) -> str:
    """Return what the charger does and why, with the letter of IEC 61851."""
    if reading is None:
        return translate("State", "No value has come yet.")
    if state is None:
        return translate("State", "A meter is watched; it has no charging state.")
    word = phase_word(state.phase.value)
    text = state.text[:1].upper() + state.text[1:]
    text = "" if text.casefold() == word.casefold() else f" {text}"
    letter = (
        translate("State", "state {pilot}").format(pilot=state.pilot)
        if state.pilot
        else translate("State", "state unknown")
    )
    return f"{word}.{text} ({letter})" if text else f"{word} ({letter})"


def duration(seconds: float) -> str:
    """Return a duration as hours, minutes and seconds."""
    whole = int(seconds)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def decimals_for(unit: str, resolution: float | None) -> int | None:
    """Return how many decimals a device's resolution (base unit) deserves; ``None`` for the unit's usual number."""
    digits, label = shown(0.0, unit)
    usual = len(digits.partition(".")[2])
    if not resolution:
        return usual
    step = resolution / 1000 if label.startswith("k") else resolution
    return max(0, min(usual, math.ceil(-math.log10(step) - 1e-9)))


def quantity(value: float | None, unit: str, decimals: int | None = None) -> str:
    """Return a number with its unit in the user's locale."""
    digits, label = shown(value, unit, decimals)
    if value is not None:
        digits = digits.replace(".", QLocale().decimalPoint())
    return f"{digits}{NARROW_SPACE}{label}" if label and digits != UNKNOWN else digits


def local_time(moment: datetime | None) -> str:
    """Return a moment in local time with its offset."""
    if moment is None:
        return UNKNOWN
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def energy_source(source: str | None) -> str:
    """Return where a session's energy comes from, in words."""
    return {
        "register_difference": translate("Energy", "meter register"),
        "session_counter": translate("Energy", "session counter"),
        "integrated_power": translate("Energy", "integrated power"),
    }.get(source or "", translate("Energy", "not known"))
