"""What the charger is doing, from one reading: pilot state, phase, active faults.

The rules that lead from a maker's registers to a pilot letter are data of the profile. A bare letter gets its digit by
what else is known: 1 means that no current is offered, 2 that it is (IEC 61851-1, annex A). What needs memory (a pause
that lasts) is decided by ``monitor.charging_sessions``.
"""

from collections.abc import Mapping

from evtech.devices.encoding import raw_number
from evtech.devices.profile import Condition, DataType, ErrorRule, Profile
from evtech.measure.sample import ActiveError, ChargerState, Sample, SessionPhase

FLOWING_A = 0.5  # A; below this a current is idle
FLOWING_W = 100.0  # W
LOWEST_OFFER_A = 6.0  # A; the least a charger may offer (IEC 61851-1, table A.8)
BLOCKING = ("critical", "fault")


def charger_state(profile: Profile, samples: Mapping[str, Sample]) -> ChargerState | None:
    """Return the charger's state; ``None`` for a product without a state (a meter)."""
    if not profile.states:
        return None
    rule = next((r for r in profile.states if all(_holds(profile, c, samples) for c in r.when)), None)
    raw = _state_number(profile, samples)
    if rule is None:
        text = "The charger does not tell its state." if raw is None else f"Unknown state {raw}."
        return ChargerState(None, SessionPhase.UNKNOWN, raw, text)
    pilot = _with_digit(rule.pilot, samples)
    phase = SessionPhase(rule.phase) if rule.phase else _phase(pilot, samples, active_errors(profile, samples))
    return ChargerState(pilot, phase, raw, rule.text)


def active_errors(profile: Profile, samples: Mapping[str, Sample]) -> tuple[ActiveError, ...]:
    """Return the faults that stand in the device now."""
    return tuple(error for rule in profile.errors for error in _errors_of(profile, rule, samples))


def current_flows(samples: Mapping[str, Sample]) -> bool:
    """Tell whether current flows to the vehicle: any phase above 0.5 A, or more than 100 W."""
    names = ("current_l1", "current_l2", "current_l3", "current_total")
    return any((_number(samples, name) or 0.0) > FLOWING_A for name in names) or any(
        (_number(samples, name) or 0.0) > FLOWING_W for name in ("power_total", "apparent_power_total")
    )


def offers(samples: Mapping[str, Sample]) -> bool:
    """Tell whether current is offered: PWM on, or an effective limit of at least 6 A while enabled."""
    duty = _number(samples, "pwm_duty")
    if duty is not None:
        return 0 < duty < 100
    limits = (_number(samples, n) for n in ("current_limit_actual", "signalled_current", "current_limit"))
    limit = next((value for value in limits if value is not None), None)
    return limit is not None and limit >= LOWEST_OFFER_A and _number(samples, "enable") != 0


def _holds(profile: Profile, condition: Condition, samples: Mapping[str, Sample]) -> bool:
    sample = samples.get(condition.point)
    if sample is None or sample.value is None:
        return False
    if profile.points[condition.point].type is DataType.TEXT:
        return condition.values is not None and sample.value in condition.values
    number = int(raw_number(profile.points[condition.point], sample.raw))
    if condition.values is not None and number not in condition.values:
        return False
    return number & condition.set_bits == condition.set_bits and not number & condition.clear_bits


def _state_number(profile: Profile, samples: Mapping[str, Sample]) -> str | None:
    sample = samples.get(profile.state_point or "")
    return None if sample is None or sample.value is None else str(sample.value)


def _with_digit(pilot: str | None, samples: Mapping[str, Sample]) -> str | None:
    if pilot is None or len(pilot) == 2 or pilot in ("E", "F"):
        return pilot
    if pilot == "A":
        return "A1"
    if pilot == "B":
        return "B2" if offers(samples) else "B1"
    closed = _number(samples, "relay_state") == 1
    return f"{pilot}2" if closed or current_flows(samples) or offers(samples) else f"{pilot}1"


def _phase(pilot: str | None, samples: Mapping[str, Sample], errors: tuple[ActiveError, ...]) -> SessionPhase:
    """Return the phase as far as one reading can tell; the first match wins."""
    has_fault = any(error.severity in BLOCKING for error in errors)
    if pilot is None:
        return SessionPhase.FAULTED if has_fault else SessionPhase.UNKNOWN
    if has_fault or pilot == "E":
        return SessionPhase.FAULTED
    if pilot == "F" or _number(samples, "availability") == 0:
        return SessionPhase.UNAVAILABLE
    if pilot in ("C2", "D2"):
        closed = _number(samples, "relay_state") == 1
        return SessionPhase.CHARGING if closed or current_flows(samples) else SessionPhase.PREPARING
    if pilot in ("C1", "D1"):
        return SessionPhase.PAUSED_BY_EVSE
    if pilot == "B1":
        limit = _number(samples, "current_limit_actual")
        return SessionPhase.PAUSED_BY_EVSE if limit is not None and limit < LOWEST_OFFER_A else SessionPhase.PLUGGED
    return SessionPhase.PLUGGED if pilot == "B2" else SessionPhase.IDLE


def _errors_of(profile: Profile, rule: ErrorRule, samples: Mapping[str, Sample]) -> list[ActiveError]:
    sample = samples.get(rule.point)
    if sample is None or sample.value is None:
        return []
    number = int(raw_number(profile.points[rule.point], sample.raw))
    raw = f"0x{number:X}"
    if rule.mode == "bits":
        bits = [bit for bit in range(32) if number >> bit & 1 and bit in rule.meanings]
        return [ActiveError(str(bit), raw, *rule.meanings[bit]) for bit in bits]
    if rule.mode == "enum":
        known = rule.meanings.get(number)
        return [ActiveError(str(number), raw, *known)] if known else []
    if number in rule.ignore:
        return []
    meaning, severity = rule.meanings.get(number, (None, "fault"))
    return [ActiveError(raw if rule.as_hex else str(number), raw, meaning, severity)]


def _number(samples: Mapping[str, Sample], name: str) -> float | None:
    sample = samples.get(name)
    return sample.number if sample else None
