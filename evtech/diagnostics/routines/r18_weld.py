"""R18: is the output dead when it must be? Per pole: supply, output and command in one table.

What a register cannot show a person measures at the outlet; 40 to 130 V on idle phases beside a one-phase vehicle are
fed back and no weld.
"""

from typing import Any

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.guided import ask_choice, ask_number
from evtech.diagnostics.judging import PHASES, UNPLUGGED, absent, concluded, in_states, stretches
from evtech.diagnostics.measurements import question
from evtech.diagnostics.predicates import Bools
from evtech.diagnostics.routine import Routine, RoutineResult, StepResult, Verdict

WATCH_S = 60.0
DEAD_V, WELDED_V = 30.0, 180.0
HELD_S = 2.0
AFTER_OPENING_S = 10.0
FLOWING_A, FLOWING_S = 0.5, 3.0


async def _run(bench: Bench) -> RoutineResult:
    await bench.watch(WATCH_S, text="Watching the output with nothing plugged in")
    await _typed(bench)
    evidence = bench.evidence()
    if evidence is None or evidence.state is None:
        return concluded(bench) if bench.steps else (absent(bench, "cp_state") or concluded(bench))
    open_since = _commanded_open(evidence)
    if evidence.outputs:
        for phase, column in evidence.outputs.items():
            _output(bench, evidence, phase, column, open_since)
    _closing(bench, evidence)
    _feedback(bench, evidence)
    await _without_output(bench, evidence, open_since)
    await _cycles(bench, evidence)
    return concluded(bench, "Neither output voltage nor a feedback contact is known: measure at the outlet.")


async def _typed(bench: Bench) -> None:
    """Judge what a low-impedance tester showed at the outlet."""
    for phase in PHASES:
        volts = await ask_number(bench, f"output_{phase.lower()}_v")
        if volts is not None:
            bench.measured[f"output_{phase.lower()}_v"] = volts
            _judge(bench, phase, volts, None, "by the tester")


def _commanded_open(evidence: Evidence) -> Bools:
    """Return where the contactor has been told to open for ten seconds: by its command, else by the state."""
    command = evidence.signal("sw.cmd")
    idle = in_states(evidence, (*UNPLUGGED, "B1"))
    if command is not None and command.words is not None:
        idle = (command.words == "open") & in_states(evidence, (*UNPLUGGED, "B1", "B2", "E", "F"))
    times = evidence.trace.times
    later = np.zeros(len(times), bool)
    for first, last in stretches(idle, times):
        from_start = first == 0  # it was open before the recording began
        wait = 0.0 if from_start else AFTER_OPENING_S
        later[first : last + 1] = times[first : last + 1] >= times[first] + wait
    return later


def _output(
    bench: Bench,
    evidence: Evidence,
    phase: str,
    column: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]",
    is_open: Bools,
) -> None:
    known = is_open & ~np.isnan(column)
    if not known.any():
        said = f"The contactor was never told to open for {AFTER_OPENING_S:g} s: {phase} is not judged."
        bench.step(f"output {phase}", Verdict.INCONCLUSIVE, said)
        return
    times = evidence.trace.times
    live = known & (column >= WELDED_V)
    held = [
        run
        for run in stretches(live, times)
        if times[run[1]] - times[run[0]] >= HELD_S or run[0] == run[1] == len(times) - 1
    ]
    if held:
        first, last = held[0]
        volts = float(np.nanmedian(column[first : last + 1]))
        _judge(bench, phase, volts, float(times[first]), "with the contactor open")
        return
    _judge(bench, phase, float(np.percentile(column[known], 95)), None, "with the contactor open")


def _judge(bench: Bench, phase: str, volts: float, at: float | None, how: str) -> StepResult:
    shown: dict[str, Any] = {"expected": f"under {DEAD_V:g} V", "measured": f"{volts:.0f} V"}
    if volts < DEAD_V:
        said = f"The output of {phase} is at {volts:.0f} V {how} (under {DEAD_V:g} V)."
        return bench.step(f"output {phase}", Verdict.PASS, said, at=at, **shown)
    if volts < WELDED_V:
        said = f"The output of {phase} is at {volts:.0f} V {how}: induced or real? Repeat with a low-impedance tester."
        return bench.step(f"output {phase}", Verdict.INCONCLUSIVE, said, at=at, **shown)
    poles = [p for p in (bench.faults.get("SW-WELD") or "").split(",") if p]
    bench.faults["SW-WELD"] = ",".join(sorted({*poles, phase}))
    said = f"The output of {phase} is live with {volts:.0f} V {how} (under {DEAD_V:g} V): the pole is welded or driven."
    return bench.step(f"output {phase}", Verdict.FAIL, said, at=at, **shown)


def _closing(bench: Bench, evidence: Evidence) -> None:
    """Look for poles whose output stays dead although all are told to close and the supply is live."""
    command, mode = evidence.words("relay_command"), evidence.signal("lim.phases")
    if command is None or not evidence.outputs:
        return
    told = np.isin(np.char.lower(command), ["closed", "1", "1.0", "true", "on"])
    if mode is not None and mode.numbers is not None:
        told &= mode.numbers != 1
    times, dead = evidence.trace.times, []
    for phase, column in evidence.of_fitted(evidence.outputs).items():
        supply = evidence.voltages.get(phase)
        live = np.ones(len(times), bool) if supply is None else np.nan_to_num(supply) > WELDED_V
        stays = told & live & (np.nan_to_num(column, nan=WELDED_V) < WELDED_V)
        if any(times[last] - times[first] >= FLOWING_S for first, last in stretches(stays, times)):
            dead.append(phase)
    if dead:
        said = (
            f"{', '.join(dead)} stays dead for over {FLOWING_S:g} s although told to close "
            "and supplied: it does not close."
        )
        bench.step("closing", Verdict.FAIL, said)
        bench.faults["SW-NO-CLOSE"] = ",".join(dead)
    elif told.any():
        bench.step("closing", Verdict.PASS, "Every pole is live when told to close.")


def _feedback(bench: Bench, evidence: Evidence) -> None:
    """Compare the contactor's own contact with its command."""
    command, contact = evidence.signal("sw.cmd"), evidence.signal("sw.fb")
    if command is None or contact is None or command.words is None or contact.words is None:
        return
    times = evidence.trace.times
    for told, seen, fault, verb in (("open", "closed", "SW-WELD", "open"), ("closed", "open", "SW-NO-CLOSE", "close")):
        apart = (command.words == told) & (contact.words == seen)
        held = [run for run in stretches(apart, times) if times[run[1]] - times[run[0]] >= FLOWING_S]
        if held:
            said = f"The contactor was told to {verb} and its contact stayed {seen} for over {FLOWING_S:g} s."
            bench.step("feedback", Verdict.FAIL, said, expected=told, measured=seen, at=float(times[held[0][0]]))
            bench.faults.setdefault(fault, None)
            return
    bench.step("feedback", Verdict.PASS, "The contactor's own contact follows its command.")


async def _without_output(bench: Bench, evidence: Evidence, is_open: Bools) -> None:
    """Judge by current, or by a meter that sits behind the contactor, where no output voltage is known."""
    times = evidence.trace.times
    for phase, column in evidence.currents.items():
        flows = is_open & (np.nan_to_num(column) > FLOWING_A)
        held = [run for run in stretches(flows, times) if times[run[1]] - times[run[0]] >= FLOWING_S]
        if held:
            amps = float(np.median(column[held[0][0] : held[0][1] + 1]))
            said = f"{phase} carries {amps:.1f} A with the contactor open (over {FLOWING_A:g} A for {FLOWING_S:g} s)."
            bench.step(f"current {phase}", Verdict.FAIL, said, at=float(times[held[0][0]]))
            poles = [p for p in (bench.faults.get("SW-WELD") or "").split(",") if p]
            bench.faults["SW-WELD"] = ",".join(sorted({*poles, phase}))
    if evidence.outputs or not evidence.voltages:
        return
    position = await ask_choice(bench, "meter_position")
    if position != "behind":
        said = "No output voltage is known, and the meter's voltages tell only if it sits behind the contactor."
        if position == "before":
            said = (
                "The meter sits before the contactor: its voltages say nothing about the output. Measure at the outlet."
            )
        bench.step("output", Verdict.INCONCLUSIVE, said)
        return
    for phase in evidence.voltages:
        meter = evidence.numbers(f"voltage_{phase.lower()}")
        if meter is not None:
            _output(bench, evidence, phase, meter, is_open)


async def _cycles(bench: Bench, evidence: Evidence) -> None:
    cycles = evidence.numbers("relay_cycles")
    if cycles is None:
        return
    count = float(np.nanmax(cycles))
    bench.measured["relay_cycles"] = count
    rated = await ask_number(bench, "relay_rated_cycles")
    if rated is None:
        return
    verdict = Verdict.PASS if count < 0.8 * rated else Verdict.WARN
    said = f"The contactor has switched {count:.0f} times of {rated:.0f} (worn from 80 %)."
    bench.step("wear", verdict, said)
    if verdict is Verdict.WARN:
        bench.faults.setdefault("SW-WEAR", None)


ROUTINE = Routine(
    id="R18",
    title="Contactor: is the output dead?",
    purpose="Shows a welded pole, or voltage where none may be, before anybody touches the plug.",
    run=_run,
    needs=("cp_state", "output_voltage_l*"),
    questions=tuple(
        question(n) for n in ("output_l1_v", "output_l2_v", "output_l3_v", "meter_position", "relay_rated_cycles")
    ),
    watch_s=WATCH_S,
    seconds=120,
)
