"""R07: which phases are there, which carry current, do they turn right, is the neutral where it belongs?"""

from typing import Any

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.guided import measure
from evtech.diagnostics.judging import CHARGING, absent, concluded, in_states, median, stretches
from evtech.diagnostics.measurements import question
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict
from evtech.diagnostics.trace import Floats

WATCH_S = 60.0
LIVE_V, ABSENT_V, UNDECIDED_V = 207.0, 50.0, 180.0
ACTIVE_A = 1.0
SETTLED_S = 10.0
UNBALANCE_PCT = 2.0  # EN 50160: negative sequence, 95 % of ten-minute means
SHIFT_V_PER_10A = 5.0
LEAST_LOAD_A = 4.0


async def _run(bench: Bench) -> RoutineResult:
    await bench.watch(WATCH_S, text="Watching voltages and currents")
    for name in ("n_pe_v", "phase_rotation"):
        await measure(bench, name)
    evidence = bench.evidence()
    if evidence is None or not (evidence.voltages or evidence.currents):
        return absent(bench, "voltage_l*") if not bench.measured else concluded(bench)  # type: ignore[return-value]
    _presence(bench, evidence)
    _currents(bench, evidence)
    _neutral(bench, evidence)
    _unbalance(bench, evidence)
    _rotation(bench, evidence)
    result = concluded(bench)
    return (absent(bench, "voltage_l*") or result) if result.verdict is Verdict.SKIPPED else result


def _presence(bench: Bench, evidence: Evidence) -> None:
    """Judge each fitted phase by its longest stretch at one level."""
    volts = evidence.of_fitted(evidence.voltages)
    times = evidence.trace.times
    bench.measured["voltage_v"] = {phase: median(column) for phase, column in volts.items()}
    lost = []
    for phase, column in volts.items():
        dead = np.nan_to_num(column, nan=LIVE_V) < ABSENT_V
        others = [c for name, c in volts.items() if name != phase]
        alive = np.logical_or.reduce([np.nan_to_num(c) >= UNDECIDED_V for c in others]) if others else ~dead
        held = [run for run in stretches(dead & alive, times) if times[run[1]] - times[run[0]] >= 2]
        if held:
            at = float(times[held[0][0]])
            low = float(np.nanmedian(column[held[0][0] : held[0][1] + 1]))
            said = f"{phase} fell to {low:.0f} V (absent below {ABSENT_V:g} V) while another phase was live."
            bench.step(
                f"presence {phase}", Verdict.FAIL, said, expected=f"over {LIVE_V:g} V", measured=f"{low:.0f} V", at=at
            )
            lost.append(phase)
            continue
        level = median(column)
        if level is not None:
            _level(bench, phase, level)
    if lost:
        bench.faults["SUP-PHASE-LOSS"] = ",".join(lost)


def _level(bench: Bench, phase: str, level: float) -> None:
    shown: dict[str, Any] = {"expected": f"over {LIVE_V:g} V", "measured": f"{level:.1f} V"}
    if level > LIVE_V:
        bench.step(
            f"presence {phase}", Verdict.PASS, f"{phase} is live with {level:.1f} V (over {LIVE_V:g} V).", **shown
        )
    elif level < ABSENT_V:
        said = f"{phase} reads {level:.1f} V: absent, or the meter is off while nothing is plugged in."
        bench.step(f"presence {phase}", Verdict.INCONCLUSIVE, said, **shown)
    elif level <= UNDECIDED_V:
        said = f"{phase} reads {level:.1f} V: induced or fed back. Repeat with nothing plugged in."
        bench.step(f"presence {phase}", Verdict.INCONCLUSIVE, said, **shown)
    else:
        said = f"{phase} is live but low: {level:.1f} V (at least {LIVE_V:g} V)."
        bench.step(f"presence {phase}", Verdict.WARN, said, **shown)


def _currents(bench: Bench, evidence: Evidence) -> None:
    """Judge which phases carry current while charging."""
    if len(evidence.currents) < 2 or evidence.state is None:
        return
    times = evidence.trace.times
    amps = {p: np.nan_to_num(c) for p, c in evidence.of_fitted(evidence.currents).items()}
    if not amps:
        return
    charging = in_states(evidence, CHARGING) & (np.max(list(amps.values()), axis=0) > ACTIVE_A)
    settled = np.zeros(len(times), bool)
    for first, last in stretches(charging, times):
        settled[first : last + 1] = times[first : last + 1] >= times[first] + SETTLED_S
    if not settled.any():
        bench.step("currents", Verdict.INCONCLUSIVE, "Nothing charged: currents are not judged.")
        return
    share = {phase: float((column[settled] > ACTIVE_A).mean()) for phase, column in amps.items()}
    bench.measured["active_share"] = share
    active = [phase for phase, part in share.items() if part > 0.9]
    missing = [phase for phase, part in share.items() if part <= 0.9]
    mode = evidence.signal("lim.phases")
    one_wanted = mode is not None and mode.numbers is not None and median(mode.numbers[settled]) == 1
    if not missing:
        bench.step("currents", Verdict.PASS, f"All {len(active)} fitted phases carry more than {ACTIVE_A:g} A.")
    elif len(active) == 1 and all(share[phase] < 0.05 for phase in missing):
        why = "one phase is selected" if one_wanted else "a one-phase vehicle or cable is the usual reason"
        said = f"Only {active[0]} carries current (over {ACTIVE_A:g} A): {why}."
        verdict = _pole(bench, evidence, settled, missing)
        bench.step("currents", verdict or Verdict.PASS, said + _pole_words(verdict, missing))
    else:
        verdict = _pole(bench, evidence, settled, missing)
        said = f"{', '.join(missing)} carried more than {ACTIVE_A:g} A in " + ", ".join(
            f"{100 * share[phase]:.0f} %" for phase in missing
        )
        bench.step(
            "currents",
            verdict or Verdict.WARN,
            f"{said} of the charging time: vehicle, cable or mode." + _pole_words(verdict, missing),
        )
        if verdict is None:
            bench.faults["PH-MISSING"] = ",".join(missing)


def _pole(
    bench: Bench, evidence: Evidence, settled: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]", missing: list[str]
) -> Verdict | None:
    """Return FAIL where the output of a phase without current is dead while its supply is live."""
    dead = []
    for phase in missing:
        out, supply = evidence.outputs.get(phase), evidence.voltages.get(phase)
        out_v = median(out[settled]) if out is not None else None
        supply_v = median(supply[settled]) if supply is not None else None
        if out_v is not None and out_v < UNDECIDED_V and (supply_v is None or supply_v > LIVE_V):
            dead.append(phase)
    command = evidence.signal("sw.cmd")
    single = evidence.words("relay_command")
    if single is not None and any("l1" in word.lower() for word in set(single.tolist())):
        return None  # one pole alone was asked for
    if dead and (command is None or (command.words is not None and bool((command.words[settled] == "closed").any()))):
        bench.faults["SW-NO-CLOSE"] = ",".join(dead)
        return Verdict.FAIL
    return None


def _pole_words(verdict: Verdict | None, missing: list[str]) -> str:
    return (
        f" Their output is dead although the supply is live: the pole does not close ({', '.join(missing)})."
        if verdict
        else ""
    )


def _neutral(bench: Bench, evidence: Evidence) -> None:
    """Look for phases that move against each other under load: the neutral shifts."""
    volts = evidence.of_fitted(evidence.voltages)
    if len(volts) < 2 or not evidence.currents:
        return
    top = np.max([np.nan_to_num(c) for c in evidence.currents.values()], axis=0)
    idle, loaded = top < 0.5, top > LEAST_LOAD_A
    if idle.sum() < 3 or loaded.sum() < 3:
        return
    shifts: dict[str, float] = {}
    for phase, column in volts.items():
        before, after = median(column[idle]), median(column[loaded])
        if before is None or after is None or before < LIVE_V / 2:
            return
        shifts[phase] = after - before
    amps = float(np.median(top[loaded]))
    per_10a = {phase: 10 * shift / amps for phase, shift in shifts.items()}
    bench.measured["shift_v_per_10a"] = per_10a
    rises, falls = max(per_10a.values()), min(per_10a.values())
    if rises > SHIFT_V_PER_10A and falls < -SHIFT_V_PER_10A:
        said = (
            f"Under load one phase rises by {rises:.1f} V and one falls by {-falls:.1f} V for "
            "each 10 A (5 V at most): the neutral shifts."
        )
        bench.step("neutral", Verdict.FAIL, said)
        bench.faults["GND-OPEN-PEN"] = None
    else:
        bench.step(
            "neutral", Verdict.PASS, f"No phase moves against another by more than {SHIFT_V_PER_10A:g} V for 10 A."
        )


def _unbalance(bench: Bench, evidence: Evidence) -> None:
    signal = evidence.signal("d.unbal_v_pct")
    volts = evidence.of_fitted(evidence.voltages)
    if signal is None or signal.numbers is None or len(volts) < 3:
        return
    all_live = np.min([np.nan_to_num(c) for c in volts.values()], axis=0) > UNDECIDED_V
    worst = _worst_mean(evidence.trace.times, np.where(all_live, signal.numbers, np.nan))
    if worst is None:
        return
    bench.measured["unbalance_pct"] = worst
    verdict = Verdict.WARN if worst > UNBALANCE_PCT else Verdict.PASS
    said = f"The voltages differ from their mean by {worst:.1f} % at most ({UNBALANCE_PCT:g} % are allowed)."
    bench.step("unbalance", verdict, said, expected=f"at most {UNBALANCE_PCT:g} %", measured=f"{worst:.1f} %")
    if verdict is Verdict.WARN:
        bench.faults["SUP-IMBALANCE"] = None


def _worst_mean(times: Floats, values: Floats) -> float | None:
    """Return the largest ten-minute mean; of a shorter recording its mean."""
    bins = ((times - times[0]) // 600).astype(int)
    means = [float(np.nanmean(values[bins == b])) for b in np.unique(bins) if not np.isnan(values[bins == b]).all()]
    return max(means) if means else None


def _rotation(bench: Bench, evidence: Evidence) -> None:
    words = evidence.words("phase_sequence")
    if words is None:
        return
    last = next(word for word in reversed(words.tolist()) if word)
    left = last.strip().lower() in ("left", "reverse", "acb", "l1-l3-l2", "132")
    verdict = Verdict.WARN if left else Verdict.PASS
    bench.step("rotation", verdict, f"The meter says that the phases turn {last}.", expected="right", measured=last)
    if left:
        bench.faults["SUP-ROTATION"] = None


ROUTINE = Routine(
    id="R07",
    title="Phases: presence, balance, rotation",
    purpose="Shows a phase that is missing at the supply, at the contactor or at the vehicle, and a shifted neutral.",
    run=_run,
    needs=("voltage_l*",),
    questions=(question("n_pe_v"), question("phase_rotation")),
    watch_s=WATCH_S,
    seconds=WATCH_S,
)
