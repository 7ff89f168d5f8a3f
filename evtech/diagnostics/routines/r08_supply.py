"""R08: what the voltage loses when current flows: the impedance of the supply per phase, and whether it grows.

Measured at the charger's own meter: it does not see the charging cable, and it does not replace a loop test L-PE.
A one-phase load shows phase and neutral together, a balanced three-phase load the phase alone.
"""

from dataclasses import dataclass

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.guided import ask_choice, ask_number, measure
from evtech.diagnostics.judging import absent, concluded, grade, rated_current, usual_step
from evtech.diagnostics.measurements import question
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict
from evtech.diagnostics.trace import Floats

WATCH_S = 300.0
STEP_A = 4.0
OTHERS_A = 2.0
STEADY_A = 0.7
NOMINAL_V = 230.0
GOOD_PCT, FAIR_PCT = 3.0, 5.0
LEAST_STEPS, LEAST_LEVELS = 3, 3
PHASES_DIFFER = 0.5
RISE_WARN_PCT, RISE_FAIL_PCT = 10.0, 30.0
BREAKER_FACTOR = {"B": 5.0, "C": 10.0}  # of the rated current: the instantaneous trip (IEC 60898-1)
LOOP_MARGIN = 0.8


@dataclass(frozen=True, slots=True)
class Impedance:
    """One phase's supply: ohm, how it was found, its uncertainty (ohm) and how many steps or levels it rests on."""

    ohm: float
    how: str
    uncertainty: float
    count: int
    enough: bool


async def _run(bench: Bench) -> RoutineResult:
    await bench.watch(WATCH_S, text="Waiting for steps of the current")
    await measure(bench, "joint_drop_mv")
    await _loop(bench)
    gone = absent(bench, "voltage_l*", "current_l*")
    if gone is not None:
        return concluded(bench) if "loop_impedance_ohm" in bench.measured or "joint_drop_mv" in bench.measured else gone
    evidence = bench.evidence()
    assert evidence is not None
    judge_supply(bench, evidence)
    return concluded(bench)


async def _loop(bench: Bench) -> None:
    """Judge a measured earth fault loop against the breaker of the circuit (IEC 60364-4-41)."""
    ohm = await ask_number(bench, "loop_impedance_ohm")
    if ohm is None:
        return
    bench.measured["loop_impedance_ohm"] = ohm
    curve, amps = await ask_choice(bench, "breaker_curve"), await ask_number(bench, "breaker_a")
    if curve is None or amps is None:
        said = f"The loop has {ohm:g} ohm; without characteristic and rating of the breaker there is no limit."
        bench.step("loop impedance", Verdict.INCONCLUSIVE, said)
        return
    limit = LOOP_MARGIN * NOMINAL_V / (BREAKER_FACTOR[curve] * amps)
    verdict = Verdict.PASS if ohm <= limit else Verdict.FAIL
    said = (
        f"The earth fault loop has {ohm:g} ohm; a {curve}{amps:g} breaker allows {limit:.2f} "
        "ohm (80 % of 230 V over its trip)."
    )
    bench.step("loop impedance", verdict, said, expected=f"at most {limit:.2f} ohm", measured=f"{ohm:g} ohm")


def judge_supply(bench: Bench, evidence: Evidence) -> None:
    """Judge drop, difference between phases and growth; records steps, values and faults."""
    found = {p: z for p in evidence.of_fitted(evidence.voltages) if (z := impedance(evidence, p)) is not None}
    rated, origin = rated_current(evidence)
    bench.measured["impedance_ohm"] = {phase: z.ohm for phase, z in found.items()}
    bench.measured["impedance_u_ohm"] = {phase: z.uncertainty for phase, z in found.items()}
    bench.measured |= {"rated_a": rated, "rated_from": origin}
    usable = {phase: z for phase, z in found.items() if z.enough}
    if not usable:
        most = max((z.count for z in found.values()), default=0)
        said = f"Too few steps of at least {STEP_A:g} A: {most}, {LEAST_STEPS} are needed."
        bench.step("drop", Verdict.INCONCLUSIVE, said)
    for phase, z in usable.items():
        drop = 100 * z.ohm * rated / NOMINAL_V
        bench.measured[f"drop_{phase.lower()}_pct"] = drop
        verdict = grade(drop, GOOD_PCT, FAIR_PCT)
        said = (
            f"{phase} has {z.ohm:.3f} ± {z.uncertainty:.3f} ohm ({z.how}): {drop:.1f} % drop at "
            f"{rated:g} A ({origin}); "
            f"up to {GOOD_PCT:g} % is good, above {FAIR_PCT:g} % too much."
        )
        bench.step(f"drop {phase}", verdict, said, expected=f"at most {GOOD_PCT:g} %", measured=f"{drop:.1f} %")
        if verdict is Verdict.FAIL:
            bench.faults["SUP-HIGH-Z"] = phase
    _compare(bench, usable)
    _growth(bench, evidence, bool(usable))


def _compare(bench: Bench, found: dict[str, Impedance]) -> None:
    if len(found) < 2:
        return
    low, high = min(z.ohm for z in found.values()), max(z.ohm for z in found.values())
    doubt = sum(z.uncertainty for z in found.values())
    if low > 0 and high / low > 1 + PHASES_DIFFER and high - low > doubt:
        phase = max(found, key=lambda name: found[name].ohm)
        said = f"{phase} has {high:.3f} ohm against {low:.3f} ohm of the best phase (at most 50 % more)."
        bench.step("phases compared", Verdict.WARN, said)


def _growth(bench: Bench, evidence: Evidence, drop_is_known: bool) -> None:
    signal = evidence.signal("d.z_rise_pct")
    if signal is None or signal.numbers is None or np.isnan(signal.numbers).all():
        return
    rise = float(np.nanmax(signal.numbers))
    bench.measured["rise_pct"] = rise
    verdict = grade(rise, RISE_WARN_PCT, RISE_FAIL_PCT)
    if verdict is Verdict.PASS and not drop_is_known:
        return  # that nothing grew says nothing about how large it is
    said = f"Under steady load one phase's drop grew by {rise:.0f} % beyond the others (up to {RISE_WARN_PCT:g} %)."
    bench.step("growth under load", verdict, said, expected=f"at most {RISE_WARN_PCT:g} %", measured=f"{rise:.0f} %")
    if verdict is Verdict.FAIL:
        bench.faults.setdefault("SUP-HIGH-Z", None)


def impedance(evidence: Evidence, phase: str) -> Impedance | None:
    """Return a phase's supply impedance from its steps of current, else from its levels; ``None`` without either."""
    volts, amps = evidence.voltages[phase], evidence.currents.get(phase)
    if amps is None:
        return None
    others = [np.nan_to_num(c) for name, c in evidence.currents.items() if name != phase]
    steps = _steps(evidence.trace.times, volts, amps, others)
    resolution = _resolution(volts)
    if len(steps) >= LEAST_STEPS or (steps and _levels(amps) < LEAST_LEVELS):
        ohm = float(np.median([-dv / di for di, dv in steps]))
        size = float(np.median([abs(di) for di, _ in steps]))
        return Impedance(ohm, f"{len(steps)} steps", 1.4 * resolution / size, len(steps), len(steps) >= LEAST_STEPS)
    return _by_levels(volts, amps, resolution)


def _resolution(volts: Floats) -> float:
    steps = np.abs(np.diff(np.unique(np.round(volts[~np.isnan(volts)], 3))))
    return float(max(steps.min(), 0.05)) if len(steps) else 1.0


def _levels(amps: Floats) -> int:
    """Return how many levels of at least 1 A apart a current has stood at."""
    steady = np.concatenate([[False], np.abs(np.diff(np.nan_to_num(amps))) < STEADY_A])
    return len(np.unique(np.round(np.nan_to_num(amps[steady]) / 2)))


def _by_levels(volts: Floats, amps: Floats, resolution: float) -> Impedance | None:
    """Fit V = V0 - Z I over at least three levels of the current."""
    good = ~np.isnan(volts) & ~np.isnan(amps)
    steady = good & np.concatenate([[False], np.abs(np.diff(np.nan_to_num(amps))) < STEADY_A])
    levels = _levels(amps)
    if steady.sum() < 10 or levels < LEAST_LEVELS or np.ptp(amps[steady]) < STEP_A:
        return None
    slope, start = np.polyfit(amps[steady], volts[steady], 1)
    spread = float(np.var(volts[steady]))
    r2 = 1 - float(np.var(volts[steady] - (start + slope * amps[steady]))) / spread if spread else 0.0
    size = float(np.ptp(amps[steady]))
    return Impedance(
        float(-slope), f"line over {levels} levels, R² {r2:.2f}", 1.4 * resolution / size, levels, r2 > 0.5
    )


def _steps(times: Floats, volts: Floats, amps: Floats, others: list[Floats]) -> list[tuple[float, float]]:
    """Return (change of current, change of voltage) of each clean step of at least 4 A.

    Clean: steady before and 5 to 15 s after; the other phases kept still within 2 A or took the same step; the
    voltage did not wander by more than 1 V in the minute before.
    """
    found = []
    flat = np.concatenate([[True], np.abs(np.diff(np.nan_to_num(amps))) < STEADY_A])
    usual = usual_step(times)
    slow = usual > 5
    index = 1
    while index < len(amps):
        if flat[index]:
            index += 1
            continue
        first = index - 1
        while index < len(amps) and not flat[index]:
            index += 1
        if index >= len(amps) or times[index] - times[first] > 60:
            continue
        begin = times[index] if slow else times[index - 1] + 5
        end = begin + (3 * usual if slow else 10)
        part = slice(*np.searchsorted(times, [times[first] - 70, end + 1e-6]).tolist())
        t, level = times[part], float(np.nan_to_num(amps[index]))
        before = (t >= times[first] - 3) & (t <= times[first])
        after = (t >= begin) & (t <= end) & (np.abs(np.nan_to_num(amps[part]) - level) < 2 * STEADY_A)
        if after.any():
            pair = _pair(t, volts[part], amps[part], [other[part] for other in others], before, after)
            found += [pair] if pair else []
    return found


def _pair(
    times: Floats,
    volts: Floats,
    amps: Floats,
    others: list[Floats],
    before: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]",
    after: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]",
) -> tuple[float, float] | None:
    if any(np.isnan(column[part]).all() for column in (volts, amps) for part in (before, after)):
        return None
    change = float(np.nanmedian(amps[after]) - np.nanmedian(amps[before]))
    if abs(change) < STEP_A:
        return None
    for other in others:
        moved = float(np.median(other[after]) - np.median(other[before]))
        if abs(moved) > OTHERS_A and abs(moved - change) > OTHERS_A:
            return None
    minute = (times >= times[before][0] - 60) & (times <= times[before][-1])
    calm = minute & (np.abs(np.nan_to_num(amps) - float(np.nanmedian(amps[before]))) < STEADY_A)
    if calm.sum() >= 10:
        head, tail = volts[calm][:5], volts[calm][-5:]
        if abs(float(np.nanmedian(tail) - np.nanmedian(head))) > 1.0:
            return None
    return change, float(np.nanmedian(volts[after]) - np.nanmedian(volts[before]))


ROUTINE = Routine(
    id="R08",
    title="Voltage drop and supply impedance",
    purpose="Finds a loose joint or a thin cable in the supply by what the voltage loses under load.",
    run=_run,
    needs=("voltage_l*", "current_l*"),
    questions=tuple(question(n) for n in ("joint_drop_mv", "loop_impedance_ohm", "breaker_curve", "breaker_a")),
    watch_s=WATCH_S,
    seconds=WATCH_S,
)
