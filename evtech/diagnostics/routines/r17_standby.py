"""R17: what the charger takes while nothing is plugged in."""

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.guided import ask_number
from evtech.diagnostics.judging import UNPLUGGED, absent, concluded, grade, in_states
from evtech.diagnostics.measurements import question
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict

GOOD_W, FAIR_W = 10.0, 25.0
HEATED_W = 60.0  # a heater may take so much
WATCH_S = 900.0
LEAST_S = 120.0
COARSE_W = 5.0
LONG_S = 8 * 3600.0


async def _run(bench: Bench) -> RoutineResult:
    typed = await ask_number(bench, "standby_w")
    if typed is not None:
        return _judge(bench, typed, typed, "by the meter of the technician")
    await bench.watch(WATCH_S, text="Watching the idle power")
    gone = absent(bench, "cp_state", "power_total")
    if gone is not None:
        return gone
    evidence = bench.evidence()
    assert evidence is not None
    idle = in_states(evidence, UNPLUGGED)
    power = evidence.trace.numbers["power_total"]
    used = idle & ~np.isnan(power)
    steps = np.diff(evidence.trace.times, append=evidence.trace.times[-1])
    seconds = float(steps[used].sum())
    if seconds < LEAST_S:
        reason = f"Nothing plugged in for {seconds:.0f} s only; {LEAST_S:.0f} s are needed, {WATCH_S:.0f} s are good."
        return bench.result(Verdict.INCONCLUSIVE, reason)
    mean, highest = float(power[used].mean()), float(power[used].max())
    if highest == 0:
        reason = "The power reads 0 W: this meter sees only the vehicle's path. Measure at the supply instead."
        bench.measured["mean_w"] = 0.0
        return bench.result(Verdict.INCONCLUSIVE, reason)
    return _coarse(bench, evidence.trace.times, power[used], seconds) or _judge(
        bench, mean, highest, f"over {seconds:.0f} s with nothing plugged in"
    )


def _coarse(
    bench: Bench,
    times: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    power: "np.ndarray[tuple[int], np.dtype[np.float64]]",
    seconds: float,
) -> RoutineResult | None:
    """Return a result where the power's own steps are too coarse and no long register reading replaces it."""
    levels = np.unique(np.round(power, 3))
    resolution = float(np.diff(levels).min()) if len(levels) > 1 else 0.0
    if resolution <= COARSE_W:
        return None
    evidence = bench.evidence()
    assert evidence is not None
    energy = evidence.numbers("energy_total")
    span = float(np.ptp(times))
    if energy is not None and seconds >= LONG_S and in_states(evidence, UNPLUGGED).all():
        rise = float(np.nanmax(energy) - np.nanmin(energy))
        return _judge(bench, rise * 3600 / span, rise * 3600 / span, f"from the register over {span / 3600:.1f} h")
    reason = (
        f"The power moves in steps of {resolution:g} W (at most {COARSE_W:g} W); use the register over 8 h instead."
    )
    bench.measured["resolution_w"] = resolution
    return bench.result(Verdict.INCONCLUSIVE, reason)


def _judge(bench: Bench, mean: float, highest: float, how: str) -> RoutineResult:
    heated = bench.facts.answers.get("heater_on") in (True, 1, "yes")
    good, fair = (HEATED_W, HEATED_W) if heated else (GOOD_W, FAIR_W)
    verdict = grade(mean, good, fair)
    bench.measured |= {"mean_w": mean, "max_w": highest}
    reason = f"Standby takes {mean:.1f} W {how}; up to {good:g} W is usual, above {fair:g} W is too much."
    if verdict is not Verdict.PASS:
        bench.faults["STBY-HIGH"] = None
    bench.step("standby power", verdict, reason, expected=f"at most {good:g} W", measured=f"{mean:.1f} W")
    return concluded(bench)


ROUTINE = Routine(
    id="R17",
    title="Standby consumption",
    purpose="Shows what the charger takes while it waits.",
    run=_run,
    needs=("cp_state", "power_total"),
    questions=(question("standby_w"), question("heater_on")),
    watch_s=WATCH_S,
    seconds=WATCH_S,
)
