"""What the core knows, in sentences for people: states, ages, durations, quantities."""

import math
from datetime import datetime

from PySide6.QtCore import QCoreApplication, QLocale

from evtech.measure.quantity import NARROW_SPACE, UNKNOWN, shown
from evtech.measure.sample import ChargerState, Reading, SessionPhase

# under its own name: pyside6-lupdate takes the first argument of anything called tr for the text
translate = QCoreApplication.translate


def remarks(written: object) -> str:
    """Return what is to be said about files that were written: why a PDF carries no seal."""
    files = written if isinstance(written, list) else []
    return "".join(f" {file.remark}" for file in files if getattr(file, "remark", None))


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


def state_sentence(reading: Reading | None, phase: str | None) -> str:
    """Return what the charger does and why, with the letter of IEC 61851; ``phase`` is the session's, if any."""
    if reading is None:
        return translate("State", "No value has come yet.")
    state = reading.state
    if state is None:
        return translate("State", "A meter is watched; it has no charging state.")
    now = SessionPhase(phase) if phase else state.phase
    reason = _reason(now, state, reading)
    letter = (
        translate("State", "IEC 61851 state {pilot}.").format(pilot=state.pilot)
        if state.pilot
        else translate("State", "The IEC 61851 state is not known.")
    )
    return " ".join(part for part in (phase_word(now.value) + ".", reason, letter) if part)


def _reason(phase: SessionPhase, state: ChargerState, reading: Reading) -> str:
    """Return why the charger is in a phase, as far as the reading tells."""
    offer = reading.number("current_limit_actual")
    offered = quantity(offer, "A") if offer is not None else ""
    drawn = max((reading.number(f"current_{p}") or 0.0 for p in ("l1", "l2", "l3")), default=0.0)
    said = state.text[:1].upper() + state.text[1:] + "."
    if phase is SessionPhase.CHARGING and offer:
        takes_all = drawn >= 0.9 * offer
        words = (
            translate("State", "The vehicle takes what it is offered: {offer} a phase.")
            if takes_all
            else translate("State", "The vehicle takes less than the {offer} a phase it is offered.")
        )
        return words.format(offer=offered)
    if phase is SessionPhase.PAUSED_BY_EV:
        return translate("State", "It is offered current and takes none.")
    if phase is SessionPhase.PAUSED_BY_EVSE:
        return translate("State", "It offers no current: {said}").format(said=state.text + ".")
    if phase is SessionPhase.FAULTED and reading.errors:
        error = reading.errors[0]
        unknown = translate("State", "the maker publishes no meaning")
        return translate("State", "Code {code}: {meaning}.").format(code=error.code, meaning=error.meaning or unknown)
    return "" if state.text.casefold() == phase_word(phase.value).casefold() else said


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


def digits_of(value: float | None, unit: str, decimals: int | None = None) -> tuple[str, str]:
    """Return a number's digits in the user's locale, and the unit shown."""
    digits, label = shown(value, unit, decimals)
    return (digits if value is None else digits.replace(".", QLocale().decimalPoint())), label


def stop_reason(reason: str | None) -> str:
    """Return why a session ended, in words."""
    return (reason or translate("Session", "unknown")).replace("_", " ")


def quantity(value: float | None, unit: str, decimals: int | None = None) -> str:
    """Return a number with its unit in the user's locale."""
    digits, label = digits_of(value, unit, decimals)
    return f"{digits}{NARROW_SPACE}{label}" if label and digits != UNKNOWN else digits


def grouped(number: float, decimals: int = 0) -> str:
    """Return a number in groups of three, with the user's decimal sign."""
    whole, _, part = f"{number:,.{decimals}f}".replace(",", NARROW_SPACE).partition(".")
    return whole + (QLocale().decimalPoint() + part if part else "")


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
