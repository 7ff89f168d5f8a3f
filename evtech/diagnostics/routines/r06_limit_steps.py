"""R06: does the charger take a new limit, and does the vehicle follow it?

Armed, the limit is stepped 6, 10, 16, 10, 6 A and on to what is allowed; else the steps are judged that a recording
happens to hold. The delays allow for polling: two intervals and half a second on top.
"""

import itertools
from dataclasses import dataclass

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.judging import CHARGING, absent, concluded, grade, in_states, most_current, usual_step
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict
from evtech.diagnostics.routines.r08_supply import judge_supply
from evtech.diagnostics.trace import Floats
from evtech.diagnostics.writing import ceiling, charging_steadily, current_of, guard, why_not

POINT = "current_limit"
SEQUENCE = (6.0, 10.0, 16.0, 10.0, 6.0)
HIGHER = (20.0, 25.0, 32.0)
DWELL_S, LEAST_POLLS = 25.0, 5
ADOPTED_S, DOWN_S, UP_S = (5.0, 15.0), (7.0, 12.0), (15.0, 60.0)
STEADY_OVER_A = (0.5, 1.0)
SPREAD_A = (1.0, 2.0)
WITHIN_A = 1.5
PLATEAU_A = 0.5
LAST_S = 10.0
LEAST_STEP_A = 1.0


@dataclass(frozen=True, slots=True)
class LimitStep:
    """One change of the limit: when (s, as the samples count), from, to (A), and when it was seen adopted (s after)."""

    at: float
    before: float
    after: float
    adopted_s: float | None


async def _run(bench: Bench) -> RoutineResult:
    if bench.live is not None:
        await bench.watch(3, lambda reading: True, "Reading the present limit")
    refused = why_not(bench, POINT)
    if refused is None:
        return await _armed(bench)
    evidence = bench.evidence()
    steps = recorded_steps(evidence) if evidence is not None else []
    if evidence is None or not steps:
        return _nothing(bench, refused)
    _judge(bench, evidence, steps)
    result = concluded(bench)
    return bench.result(
        result.verdict, f"{result.reason} Judged by {len(steps)} recorded step(s); nothing was written: {refused}"
    )


def _nothing(bench: Bench, refused: str) -> RoutineResult:
    if bench.profile is not None and POINT not in bench.profile.points and bench.is_live:
        return bench.result(Verdict.NOT_APPLICABLE, refused)
    gone = absent(bench, "current_limit|current_limit_actual", "current_l*")
    if not bench.is_live and gone is not None:
        return gone
    return bench.result(Verdict.SKIPPED, f"{refused} Without it only recorded steps can be judged, and there are none.")


async def _armed(bench: Bench) -> RoutineResult:
    assert bench.live is not None
    guard(bench)
    not_steady = await charging_steadily(bench)
    if not_steady:
        return bench.result(Verdict.INCONCLUSIVE, not_steady)
    most = ceiling(bench)
    bench.measured["ceiling_a"] = most
    steps: list[LimitStep] = []
    present = bench.live.readings[-1].number(POINT) or bench.live.readings[-1].number("current_limit_actual") or 0.0
    for wanted in [amps for amps in (*SEQUENCE, *HIGHER) if amps <= most]:
        if wanted in HIGHER and not _follows(bench, present):
            break
        step = await _take(bench, present, wanted)
        if step is None:
            return concluded(bench)
        steps.append(step)
        present = wanted
    evidence = bench.evidence()
    assert evidence is not None
    _judge(bench, evidence, steps)
    if len([s for s in steps if abs(s.after - s.before) >= 4]) >= 3:
        judge_supply(bench, evidence)
    return concluded(bench)


def _follows(bench: Bench, limit: float) -> bool:
    assert bench.live is not None
    amps = current_of(bench.live.readings[-1])
    return amps is not None and abs(amps - limit) <= WITHIN_A


async def _take(bench: Bench, before: float, wanted: float) -> LimitStep | None:
    """Write one limit and watch; ``None`` where the charger does not take it (then nothing more is written)."""
    assert bench.live is not None
    at, began = bench.live.readings[-1].time.timestamp(), bench.clock.now()
    outcome = await bench.write(POINT, wanted, f"limit {wanted:g} A")
    took = bench.clock.now() - began
    if outcome.after is not None and not outcome.read_back:
        said = f"{wanted:g} A were written and {outcome.after:g} A are in force {took:.0f} s later: ignored or clamped."
        bench.step(
            f"limit {wanted:g} A adopted", Verdict.FAIL, said, expected=f"{wanted:g} A", measured=f"{outcome.after:g} A"
        )
        bench.faults["LIM-WRITE-IGNORED"] = None
        return None
    await bench.watch(max(DWELL_S, LEAST_POLLS * bench.live.interval), text=f"Limit {wanted:g} A")
    return LimitStep(at, before, wanted, took if outcome.read_back else None)


def recorded_steps(evidence: Evidence) -> list[LimitStep]:
    """Return the changes of the limit while charging, with the time until the effective limit followed."""
    wanted, effective = evidence.numbers("current_limit"), evidence.signal("lim.eff")
    in_force = None if effective is None else effective.numbers
    column = wanted if wanted is not None else in_force
    if column is None:
        return []
    times, charging = evidence.trace.times, in_states(evidence, CHARGING)
    steps = []
    for i in np.flatnonzero(np.abs(np.diff(column)) >= LEAST_STEP_A) + 1:
        before, after = float(column[i - 1]), float(column[i])
        if after < 6 or before < 6 or not charging[i - 1]:
            continue
        adopted = None
        if wanted is not None and in_force is not None:
            reached = np.flatnonzero(np.abs(in_force[i:] - after) <= 0.5)
            adopted = float(times[i + reached[0]] - times[i]) if len(reached) else np.inf
        # the change was between two samples: the earlier one is the latest moment at which it had not happened
        steps.append(LimitStep(float(times[i - 1]), before, after, adopted))
    return steps


def _judge(bench: Bench, evidence: Evidence, steps: list[LimitStep]) -> None:
    times = evidence.trace.times
    allowance = 2 * usual_step(times) + 0.5
    means: list[tuple[LimitStep, float]] = []
    for number, step in enumerate(steps):
        end = min(steps[number + 1].at if number + 1 < len(steps) else times[-1], _held_until(evidence, step))
        window = (times > step.at) & (times <= end) & in_states(evidence, CHARGING)
        if window.sum() < LEAST_POLLS:
            bench.step(
                f"{step.before:g} → {step.after:g} A", Verdict.INCONCLUSIVE, f"Fewer than {LEAST_POLLS} samples."
            )
            continue
        _adopted(bench, step, allowance)
        mean = float(np.mean(most_current(evidence)[window & (times > times[window][-1] - LAST_S)]))
        means.append((step, mean))
        _delay(bench, step, times[window] - step.at, most_current(evidence)[window], mean, allowance)
        _steady(bench, evidence, step, window, mean)
    _plateau(bench, means)


def _held_until(evidence: Evidence, step: LimitStep) -> float:
    """Return when the limit of a step was changed again (s), be it to a pause."""
    for name in ("lim.set", "lim.eff"):
        signal = evidence.signal(name)
        if signal is not None and signal.numbers is not None:
            at = evidence.trace.times
            here = np.flatnonzero((at > step.at) & (np.abs(signal.numbers - step.after) <= 0.5))
            left = here[0] + np.flatnonzero(np.abs(signal.numbers[here[0] :] - step.after) > 0.5) if len(here) else here
            return float(at[left[0] - 1]) if len(left) else float(at[-1])
    return float(evidence.trace.times[-1])


def _adopted(bench: Bench, step: LimitStep, allowance: float) -> None:
    if step.adopted_s is None:
        return
    good, fair = (limit + allowance for limit in ADOPTED_S)
    verdict = grade(step.adopted_s, good, fair)
    shown = "never" if np.isinf(step.adopted_s) else f"{step.adopted_s:.1f} s"
    said = (
        f"The limit of {step.after:g} A was adopted after {shown} (at most {good:.1f} s; over "
        f"{fair:.1f} s is too late)."
    )
    bench.step(f"limit {step.after:g} A adopted", verdict, said, expected=f"at most {good:.1f} s", measured=shown)
    if verdict is Verdict.FAIL:
        bench.faults["LIM-WRITE-IGNORED"] = None


def _delay(bench: Bench, step: LimitStep, since: Floats, amps: Floats, mean: float, allowance: float) -> None:
    """Judge how soon the current follows: down to the new limit, up to it or to what the vehicle takes."""
    name = f"{step.before:g} → {step.after:g} A"
    down = step.after < step.before
    margin = max(1.0, 0.05 * step.after)
    met = amps <= step.after + margin if down else amps >= min(step.after, mean) - WITHIN_A
    if not met.any():
        verdict = Verdict.FAIL if since[-1] > (DOWN_S if down else UP_S)[1] + allowance else Verdict.INCONCLUSIVE
        said = f"The current stays at {amps[-1]:.1f} A {since[-1]:.0f} s after the step to {step.after:g} A."
        bench.step(
            name, verdict, said, expected=f"within {margin if down else WITHIN_A:.1f} A", measured=f"{amps[-1]:.1f} A"
        )
    else:
        # met, and still met two samples later: what happens long after is the vehicle's own affair
        stays = met & np.append(met[1:], met[-1]) & np.append(met[2:], [met[-1], met[-1]])
        seconds = float(since[np.argmax(stays)] if stays.any() else since[np.flatnonzero(met)[-1]])
        good, fair = (limit + allowance for limit in (DOWN_S if down else UP_S))
        verdict = grade(seconds, good, fair)
        said = (
            f"{name}: the current followed within {seconds:.1f} s (at most {good:.1f} s; over "
            f"{fair:.1f} s is too late)."
        )
        bench.step(name, verdict, said, expected=f"at most {good:.1f} s", measured=f"{seconds:.1f} s")
    if verdict is Verdict.FAIL and down:
        bench.faults["EV-OVERCURRENT"] = None


def _steady(
    bench: Bench,
    evidence: Evidence,
    step: LimitStep,
    window: "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]",
    mean: float,
) -> None:
    over = mean - step.after
    limit = max(2.0, 0.1 * step.after)
    verdict = Verdict.PASS if over <= STEADY_OVER_A[0] else Verdict.WARN if over <= limit else Verdict.FAIL
    said = (
        f"At {step.after:g} A the current settles at {mean:.1f} A ({STEADY_OVER_A[0]:g} A "
        f"over is allowed; over {limit:.1f} A is too much)."
    )
    bench.step(
        f"steady at {step.after:g} A",
        verdict,
        said,
        expected=f"at most {step.after + STEADY_OVER_A[0]:.1f} A",
        measured=f"{mean:.1f} A",
    )
    if verdict is Verdict.FAIL:
        bench.faults["EV-OVERCURRENT"] = None
    columns = [float(np.nanmean(c[window][-5:])) for c in evidence.currents.values()]
    active = [value for value in columns if value > 1]
    if len(active) > 1:
        spread = max(active) - min(active)
        verdict = Verdict.PASS if spread <= SPREAD_A[0] else Verdict.WARN if spread <= 3.0 else Verdict.FAIL
        said = (
            f"At {step.after:g} A the active phases lie {spread:.1f} A apart (at most "
            f"{SPREAD_A[0]:g} A; over 3 A is too much)."
        )
        bench.step(f"phases at {step.after:g} A", verdict, said)


def _plateau(bench: Bench, means: list[tuple[LimitStep, float]]) -> None:
    """Say where the vehicle stops following: its own maximum is no failure."""
    bench.measured["means_a"] = [[step.after, mean] for step, mean in means]
    rising = [(step, mean) for step, mean in means if step.after > step.before]
    for (_, low), (step, high) in itertools.pairwise(rising):
        if abs(high - low) < PLATEAU_A and step.after > high + WITHIN_A:
            bench.measured["plateau_a"] = high
            bench.faults["EV-LOW-CURRENT"] = None
            bench.step("plateau", Verdict.PASS, f"The vehicle takes {high:.1f} A at most, whatever is offered.")
            return


ROUTINE = Routine(
    id="R06",
    title="Step response of the current limit",
    purpose="Proves that charger and vehicle follow a limit, in time and in height.",
    run=_run,
    needs=("current_limit|current_limit_actual", "current_l*"),
    writes=(POINT,),
    watch_s=3,
    seconds=300,
)
