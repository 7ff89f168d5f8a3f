"""What must hold before and while a routine writes: arming, proven decoding, a ceiling, no danger, no other master."""

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.plausible import judge_plausible
from evtech.diagnostics.routine import Verdict
from evtech.measure.sample import Reading

LEAST_A = 6.0
UNKNOWN_CEILING_A = 16.0  # where neither rating, breaker nor cable is known
TOO_HOT_C = 75.0
TRIP_V = (190.0, 276.0)
STEADY_S = 30.0
_RATINGS = ("hw_max_current", "cable_max_current", "session_max_current")
_SITE = ("hw_max_a", "breaker_a", "site_limit_a")


def why_not(bench: Bench, point: str) -> str | None:
    """Return why nothing may be written now, ``None`` where it may."""
    known = bench.profile.points.get(point) if bench.profile else None
    if not bench.is_live:
        return "A recording cannot be written to."
    if known is None or not known.writable:
        return f"This product has no {point} to write."
    if not bench.is_armed:
        return "Writing is not armed."
    evidence = bench.evidence()
    if evidence is None:
        return "There is no reading yet that proves the decoding."
    if bench.facts.number("foreign_write_seen"):
        return "Another controller writes to this charger: pause it first."
    scratch = Bench(trace=evidence.trace, facts=bench.facts, profile=bench.profile)
    judge_plausible(scratch, evidence)
    odd = [step.reason for step in scratch.steps if step.verdict is Verdict.FAIL]
    if odd:
        return f"The values are not plausible, so writing stays locked: {odd[0]}"
    return _danger(bench.live.readings[-1]) if bench.live else None


def guard(bench: Bench) -> None:
    """Let every later poll of this routine be watched for danger; a dangerous one ends it."""
    bench.abort_when = _danger


def _danger(reading: Reading) -> str | None:
    """Return what forbids going on: a critical fault, heat, a voltage at which chargers trip."""
    critical = [error for error in reading.errors if error.severity == "critical"]
    if critical:
        return f"the charger reports {critical[0].code} ({critical[0].meaning or 'meaning not published'})"
    heat = reading.number("temperature")
    if heat is not None and heat > TOO_HOT_C:
        return f"it is {heat:.0f} degC inside (over {TOO_HOT_C:g})"
    for name in ("voltage_l1", "voltage_l2", "voltage_l3"):
        volts = reading.number(name)
        if volts is not None and (volts > TRIP_V[1] or 100 < volts < TRIP_V[0]):
            return f"{name} is {volts:.0f} V (outside {TRIP_V[0]:g} to {TRIP_V[1]:g})"
    return None


def ceiling(bench: Bench) -> float:
    """Return the most that may be asked for (A): the least of rating, cable, breaker and site limit that are known."""
    reading = bench.live.readings[-1] if bench.live and bench.live.readings else None
    told = [reading.number(name) for name in _RATINGS] if reading else []
    told += [bench.facts.number(name) for name in _SITE]
    values = [value for value in told if value is not None and value >= LEAST_A]
    return min(values) if values else UNKNOWN_CEILING_A


def current_of(reading: Reading) -> float | None:
    """Return the largest phase current of a reading (A)."""
    values = [v for n in (1, 2, 3) if (v := reading.number(f"current_l{n}")) is not None]
    return max(values) if values else reading.number("current_total")


def pilot_of(reading: Reading) -> str:
    """Return the pilot state of a reading, "" where it is unknown."""
    return (reading.state.pilot or "") if reading.state else ""


async def charging_steadily(bench: Bench) -> str | None:
    """Watch until current has flowed steadily for 30 s; return why it did not."""
    assert bench.live is not None
    seen: list[tuple[float, float]] = []

    def steady(reading: Reading) -> bool:
        amps = current_of(reading)
        if amps is None or amps < LEAST_A - 1:
            seen.clear()
            return False
        seen.append((bench.clock.now(), amps))
        while seen and abs(seen[0][1] - amps) > 0.7:
            seen.pop(0)
        return bool(seen) and seen[-1][0] - seen[0][0] >= STEADY_S

    if await bench.watch(3 * STEADY_S, steady, "Waiting for a steady current"):
        return None
    last = bench.live.readings[-1] if bench.live.readings else None
    amps = current_of(last) if last else None
    return f"No current flowed steadily for {STEADY_S:g} s (now {'unknown' if amps is None else f'{amps:.1f} A'})."
