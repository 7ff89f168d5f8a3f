"""R16: is the charger's clock right? Wrong clocks make wrong bills and failing certificates."""

from datetime import UTC, datetime

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.guided import ask_choice, ask_number
from evtech.diagnostics.judging import concluded, grade
from evtech.diagnostics.measurements import question
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict
from evtech.measure.sample import Reading

GOOD_S, FAIR_S = 5.0, 30.0
HOUR_S, ZONE_WITHIN_S = 3600.0, 60.0
LONGEST_ZONE_S = 14 * 3600.0
DRIFT_PPM = 50.0
DRIFT_SPAN_S = 6 * 3600.0
PARTS = ("clock_year", "clock_month", "clock_day", "clock_hour", "clock_minute", "clock_second")


async def _run(bench: Bench) -> RoutineResult:
    drift = bench.facts.number("clock_drift_ppm")
    typed = await ask_number(bench, "clock_offset_s")
    how = "as compared by the technician" if typed is not None else "against this computer"
    offset = typed if typed is not None else await _own_offset(bench)
    if isinstance(offset, RoutineResult):
        return offset
    _judge(bench, offset, how)
    if drift is not None:
        bench.measured["drift_ppm"] = drift
        verdict = Verdict.PASS if abs(drift) <= DRIFT_PPM else Verdict.WARN
        bench.step("drift", verdict, f"The clock drifts by {drift:+.0f} ppm (±{DRIFT_PPM:g}).")
        if verdict is Verdict.WARN:
            bench.faults["CLK-DRIFT"] = None
    return concluded(bench)


async def _own_offset(bench: Bench) -> "float | RoutineResult":
    """Return the charger's clock less this computer's, or why it cannot be told."""
    if bench.live is None:
        said = "A recording does not hold the charger's clock beside a true one; type the difference (clock_offset_s)."
        return bench.result(Verdict.INCONCLUSIVE, said)
    if (
        bench.profile is not None
        and "clock" not in bench.profile.points
        and not set(PARTS) <= set(bench.profile.points)
    ):
        return bench.result(Verdict.NOT_APPLICABLE, f"{bench.profile.vendor} {bench.profile.model} tells no time.")
    await bench.watch(5, lambda reading: clock_of(reading) is not None, "Reading the clock")
    found = next((pair for r in reversed(bench.live.readings) if (pair := clock_of(r)) is not None), None)
    if found is None:
        return bench.result(Verdict.INCONCLUSIVE, "The charger gave no time.")
    bench.measured["charger_time"] = found.isoformat()
    if await ask_choice(bench, "tool_clock_ok") != "yes":
        said = (
            "Whether this computer's own clock is right is not known: confirm it (tool_clock_ok), or compare by hand."
        )
        return bench.result(Verdict.INCONCLUSIVE, said)
    return (found - bench.live.readings[-1].time).total_seconds()


def clock_of(reading: Reading) -> datetime | None:
    """Return the charger's time as UTC: seconds since 1970, or parts with a zone."""
    seconds = reading.number("clock")
    zone = reading.number("time_zone_offset") or 0.0
    if seconds is not None and seconds > 1e9:
        return datetime.fromtimestamp(seconds, UTC)
    parts = [reading.number(name) for name in PARTS]
    if any(part is None for part in parts):
        return None
    try:
        year, month, day, hour, minute, second = (int(part or 0) for part in parts)
        local = datetime(year + 2000 if year < 100 else year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    return datetime.fromtimestamp(local.timestamp() - zone, UTC)


def _judge(bench: Bench, offset: float, how: str) -> None:
    bench.measured["offset_s"] = offset
    hours = round(offset / HOUR_S)
    is_zone = hours and abs(offset - hours * HOUR_S) <= ZONE_WITHIN_S and abs(offset) <= LONGEST_ZONE_S
    verdict = grade(abs(offset), GOOD_S, FAIR_S)
    said = f"The clock is {offset:+.0f} s off {how} (±{GOOD_S:g} s is good, above ±{FAIR_S:g} s it is wrong)."
    if is_zone:
        bench.measured["zone_hours"] = hours
        said += f" That is {hours:+d} h: a time zone or summer time is set wrong."
    if verdict is Verdict.FAIL:
        bench.faults["CLK-DRIFT"] = None
    bench.step("offset", verdict, said, expected=f"±{GOOD_S:g} s", measured=f"{offset:+.0f} s")


ROUTINE = Routine(
    id="R16",
    title="Clock",
    purpose="Shows a clock that is off, set to a wrong zone, or drifting.",
    run=_run,
    needs=("clock|clock_second",),
    questions=(question("clock_offset_s"), question("tool_clock_ok")),
    watch_s=5,
    seconds=10,
)
