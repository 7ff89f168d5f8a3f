"""R14: do the values live? Frozen registers, falls, jumps and torn 32-bit values."""

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.judging import CHARGING, absent, concluded, in_states, rated_current, stretches
from evtech.diagnostics.predicates import Bools
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict
from evtech.diagnostics.trace import Floats

WATCH_S = 900.0
FROZEN_S = 60.0
FROZEN_INTERVALS = 10.0
OVERDUE = 5.0
LEAST_S = 120.0
JUMP_MARGIN = 1.2
TORN_COUNTS = 65536.0
NOMINAL_V = 230.0
TOTALS = ("energy_import_total", "energy_total")
LIVE = (
    "voltage_l1", "voltage_l2", "voltage_l3", "current_l1", "current_l2", "current_l3", "power_total", "frequency",
    "power_factor_total",
)  # fmt: skip


async def _run(bench: Bench) -> RoutineResult:
    await bench.watch(WATCH_S, text="Watching how the values change")
    gone = absent(bench, "|".join(("power_total", "voltage_l*", "current_l*", *TOTALS)))
    if gone is not None:
        return gone
    evidence = bench.evidence()
    assert evidence is not None
    flowing = _flowing(evidence)
    _live(bench, evidence, flowing)
    for name in TOTALS:
        column = evidence.numbers(name)
        if column is not None:
            _register(bench, evidence, name, column, flowing)
    session = evidence.numbers("session_energy")
    if session is not None:
        _falls(bench, evidence, "session_energy", session)
    result = concluded(bench)
    undecided = any(s.name == "freshness" and s.verdict is Verdict.INCONCLUSIVE for s in bench.steps)
    if result.verdict is Verdict.PASS and undecided:
        return bench.result(Verdict.INCONCLUSIVE, result.reason)  # values that never had to move prove nothing
    return result


def _flowing(evidence: Evidence) -> Bools:
    """Return where charging is going on: the pilot says so and current or power confirms it."""
    flows = evidence._flows()
    return np.asarray(flows if evidence.state is None else flows & in_states(evidence, CHARGING))


def _live(bench: Bench, evidence: Evidence, flowing: Bools) -> None:
    """Judge the longest time without a change of each live value while charging."""
    times = evidence.trace.times
    runs = stretches(flowing, times)
    span = sum(float(times[last] - times[first]) for first, last in runs)
    if span < LEAST_S:
        said = f"Charging for {span:.0f} s only; {LEAST_S:.0f} s are needed to see whether values stand still."
        bench.step("freshness", Verdict.INCONCLUSIVE, said)
        return
    longest, facts = {}, {}
    for name in LIVE:
        column = evidence.numbers(name)
        if column is None or np.nanmax(np.abs(column[flowing])) == 0:
            continue
        still = max(_unchanged(times[a : b + 1], column[a : b + 1]) for a, b in runs)
        longest[name] = still
        facts[name] = {
            "longest_s": still,
            "values": len(np.unique(column[flowing])),
            "smallest_step": _smallest(column),
        }
    bench.measured["registers"] = facts
    if not longest:
        return
    frozen = [name for name, still in longest.items() if still > _limit(times, evidence.numbers(name))]
    if len(frozen) == len(longest) and len(longest) >= 3:
        still = min(longest.values())
        said = (
            f"No measured value changed for {still:.0f} s while charging (over {FROZEN_S:g} "
            "s): they are repeated, not measured."
        )
        bench.step("freshness", Verdict.FAIL, said, measured=f"{still:.0f} s")
        bench.faults["COM-STALE"] = None
    elif any(name.startswith(("current", "power_t")) for name in frozen):
        worst = max(frozen, key=lambda name: longest[name])
        said = (
            f"{', '.join(frozen)} stood still for up to {longest[worst]:.0f} s while others "
            "changed: that source is suspect."
        )
        bench.step("freshness", Verdict.WARN, said, measured=f"{longest[worst]:.0f} s")
    else:
        worst = max(longest, key=lambda name: longest[name])
        bench.step("freshness", Verdict.PASS, f"Values change; {worst} rested longest, for {longest[worst]:.0f} s.")


def _unchanged(times: Floats, column: Floats) -> float:
    """Return the longest time for which a column keeps one value (s)."""
    if len(column) < 2:
        return 0.0
    changed = np.concatenate(
        [[0], np.flatnonzero(np.diff(np.nan_to_num(column, nan=-1.0)) != 0) + 1, [len(column) - 1]]
    )
    return float(np.max(np.diff(times[changed]), initial=0.0))


def _smallest(column: Floats) -> float | None:
    steps = np.abs(np.diff(column[~np.isnan(column)]))
    return float(steps[steps > 0].min()) if (steps > 0).any() else None


def _limit(times: Floats, column: Floats | None) -> float:
    """Return how long a value may rest (s): a minute, or ten times its own usual interval of change."""
    if column is None:
        return FROZEN_S
    moves = times[1:][np.diff(np.nan_to_num(column)) != 0]
    usual = float(np.median(np.diff(moves))) if len(moves) > 5 else 0.0
    return max(FROZEN_S, FROZEN_INTERVALS * usual)


def _register(bench: Bench, evidence: Evidence, name: str, energy: Floats, flowing: Bools) -> None:
    torn = _falls(bench, evidence, name, energy)
    _overdue(bench, evidence, name, energy, flowing)
    if not torn:
        _jumps(bench, evidence, name, energy)


def _falls(bench: Bench, evidence: Evidence, name: str, energy: Floats) -> bool:
    """Judge falls of a register; return whether they look like torn 32-bit reads."""
    good = ~np.isnan(energy)
    values, times = energy[good], evidence.trace.times[good]
    steps = np.diff(values)
    tolerance = 0.5 * (_smallest(energy) or 1.0)
    falls = np.flatnonzero(steps < -tolerance)
    if name == "session_energy":
        falls = falls[values[falls + 1] > tolerance]  # it may begin anew at a plug-in
    if not len(falls):
        bench.step(f"{name} falls", Verdict.PASS, f"{name} never falls.")
        return False
    first = int(falls[0])
    counts = (
        (bench.profile.points[name].resolution if bench.profile and name in bench.profile.points else None)
        or _smallest(energy)
        or 1.0
    )
    back = steps[first + 1] if first + 1 < len(steps) else 0.0
    torn = abs(abs(steps[first]) / counts - TORN_COUNTS) < 0.05 * TORN_COUNTS and abs(back + steps[first]) < 0.1 * abs(
        steps[first]
    )
    said = f"{name} fell by {-steps[first]:.1f} Wh, {len(falls)} time(s); a register of totals only rises."
    if torn:
        said += " It rose again by as much at once: the two words of one value were read apart."
    bench.step(f"{name} falls", Verdict.FAIL, said, at=float(times[first + 1]))
    bench.measured[f"{name}_falls"] = len(falls)
    bench.faults["COM-MAP-MISMATCH" if torn else "MTR-ROLLBACK"] = None
    return bool(torn)


def _overdue(bench: Bench, evidence: Evidence, name: str, energy: Floats, flowing: Bools) -> None:
    """Judge whether the register's next step is long overdue at the power that flows."""
    power = evidence.numbers("power_total")
    if power is None:
        return
    resolution = _smallest(energy) or 100.0
    times, worst, at = evidence.trace.times, 0.0, 0.0
    for first, last in stretches(flowing, times):
        t, e, p = times[first : last + 1], energy[first : last + 1], np.nan_to_num(power[first : last + 1])
        flown = np.concatenate([[0.0], np.cumsum((p[1:] + p[:-1]) / 2 * np.diff(t) / 3600)])
        moved = np.concatenate([[0], np.flatnonzero(np.diff(np.nan_to_num(e)) > 0) + 1, [len(t) - 1]])
        # between two polls of a strong charge many steps of a fine register pass unseen
        unit = max(resolution, float(np.median(np.diff(flown)))) if len(flown) > 1 else resolution
        waits = np.diff(flown[moved]) / unit
        if len(waits) and float(waits.max()) > worst:
            worst, at = float(waits.max()), float(t[moved[int(np.argmax(waits))]])
    if worst == 0.0:
        return
    bench.measured[f"{name}_overdue_steps"] = worst
    verdict = Verdict.FAIL if worst > OVERDUE else Verdict.PASS
    said = (
        f"{name} stood still while {worst:.1f} times the energy of a step or a poll flowed (at most {OVERDUE:g} times)."
    )
    bench.step(
        f"{name} moves", verdict, said, expected=f"at most {OVERDUE:g} steps", measured=f"{worst:.1f} steps", at=at
    )
    if verdict is Verdict.FAIL:
        bench.faults["MTR-FREEZE"] = None


def _jumps(bench: Bench, evidence: Evidence, name: str, energy: Floats) -> None:
    """Judge rises that no rated power explains."""
    times = evidence.trace.times
    rated, _ = rated_current(evidence)
    power = evidence.numbers("power_total")
    most_w = max(3 * NOMINAL_V * max(rated, 32.0), float(np.nanmax(power)) if power is not None else 0.0)
    resolution = _smallest(energy) or 1.0
    allowed = most_w * np.diff(times) / 3600 * JUMP_MARGIN + max(resolution, 100.0 if resolution > 10 else resolution)
    over = np.flatnonzero(np.diff(energy) > allowed)  # beside a missing value nothing is compared
    if len(over):
        first = int(over[0])
        said = (
            f"{name} jumped by {energy[first + 1] - energy[first]:.0f} Wh; at most "
            f"{allowed[first]:.0f} Wh can have flowed."
        )
        bench.step(f"{name} jumps", Verdict.FAIL, said, at=float(times[first + 1]))
        bench.faults["MTR-ROLLBACK"] = None


ROUTINE = Routine(
    id="R14",
    title="Freshness, freeze and rollback",
    purpose="Shows values that are repeated instead of measured, and registers that fall or jump.",
    run=_run,
    needs=("|".join(("power_total", "voltage_l*", "current_l*", *TOTALS)),),
    watch_s=WATCH_S,
    seconds=WATCH_S,
)
