"""R05: does charging stop when the offer is withdrawn, and does it come back?

Armed, the offer is taken away and given back three times; else the withdrawals are judged that a recording holds.
"""

from dataclasses import dataclass

import numpy as np

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.judging import absent, concluded, grade, most_current, usual_step
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict
from evtech.diagnostics.writing import current_of, guard, pilot_of, why_not
from evtech.measure.sample import Reading

POINT = "current_limit"
RUNS, APART_S = 3, 30.0
STOPPED_A, STARTED_A, HOT_A = 1.0, 5.0, 2.0
STOP_S, STILL_S = 5.0, 10.0
TO_B_S = 6.0
RESTART_S = (30.0, 60.0)
GIVE_UP_S = 120.0


@dataclass(slots=True)
class Run:
    """One stop and restart: times in s since the write, ``None`` where it was not seen."""

    to_idle: float | None = None
    to_b: float | None = None
    to_open: float | None = None
    amps_at_opening: float | None = None
    to_current: float | None = None


async def _run(bench: Bench) -> RoutineResult:
    if bench.live is not None:
        await bench.watch(3, lambda reading: True, "Reading the present limit")
    refused = why_not(bench, POINT)
    if refused is None:
        return await _armed(bench)
    evidence = bench.evidence()
    runs = recorded_runs(evidence) if evidence is not None else []
    if evidence is None or not runs:
        return _nothing(bench, refused)
    _judge(bench, runs, 2 * usual_step(evidence.trace.times) + 0.5)
    result = concluded(bench)
    return bench.result(
        result.verdict, f"{result.reason} Judged by {len(runs)} recorded stop(s); nothing was written: {refused}"
    )


def _nothing(bench: Bench, refused: str) -> RoutineResult:
    if bench.is_live and bench.profile is not None and POINT not in bench.profile.points:
        return bench.result(Verdict.NOT_APPLICABLE, refused)
    gone = None if bench.is_live else absent(bench, "current_limit|current_limit_actual|enable|pwm_duty", "current_l*")
    said = f"{refused} Without it only recorded stops can be judged, and there are none."
    return gone or bench.result(Verdict.SKIPPED, said)


async def _armed(bench: Bench) -> RoutineResult:
    assert bench.live is not None
    guard(bench)
    if pilot_of(bench.live.readings[-1]) not in ("B2", "C2", "D2"):
        state = pilot_of(bench.live.readings[-1]) or "unknown"
        return bench.result(
            Verdict.INCONCLUSIVE, f"A vehicle with an offer is needed (B2 or C2); the state is {state}."
        )
    if (current_of(bench.live.readings[-1]) or 0.0) < STARTED_A:
        return bench.result(
            Verdict.INCONCLUSIVE, f"Current must flow (over {STARTED_A:g} A) before a stop can be judged."
        )
    former = bench.live.readings[-1].number(POINT) or bench.live.readings[-1].number("current_limit_actual")
    if not former or former < 6:
        return bench.result(Verdict.INCONCLUSIVE, "The present limit is not known, so it could not be given back.")
    runs: list[Run] = []
    for number in range(RUNS):
        run = Run()
        runs.append(run)
        bench.measured["runs"] = [_plain(r) for r in runs]
        await _stop(bench, run)
        await _restart(bench, run, former)
        bench.measured["runs"] = [_plain(r) for r in runs]
        if run.to_idle is None or run.to_current is None:
            break  # what does not stop, or does not come back, is not asked again
        bench.tell(f"Run {number + 1} of {RUNS} is done", (number + 1) / RUNS)
    _judge(bench, runs, 2 * bench.live.interval + 0.5)
    return concluded(bench)


async def _stop(bench: Bench, run: Run) -> None:
    began = bench.clock.now()
    await bench.write(POINT, 0.0, "stop: the offer is withdrawn")
    before = [current_of(bench.live.readings[-1]) if bench.live else None]

    def seen(reading: Reading) -> bool:
        since, amps = bench.clock.now() - began, current_of(reading)
        if amps is not None and amps < STOPPED_A and run.to_idle is None:
            run.to_idle = since
        if pilot_of(reading)[:1] == "B" and run.to_b is None:
            run.to_b = since
        if reading.number("relay_state") == 0 and run.to_open is None:
            run.to_open, run.amps_at_opening = since, before[0]
        before[0] = amps
        return False

    await bench.watch(APART_S, seen, "Withdrawing the offer")


async def _restart(bench: Bench, run: Run, former: float) -> None:
    began = bench.clock.now()
    await bench.write(POINT, former, f"restart: {former:g} A are offered again")

    def flows(reading: Reading) -> bool:
        return (current_of(reading) or 0.0) > STARTED_A

    if await bench.watch(GIVE_UP_S, flows, "Offering again"):
        run.to_current = bench.clock.now() - began
        await bench.watch(max(0.0, APART_S - run.to_current), text="Charging before the next stop")


def recorded_runs(evidence: Evidence) -> list[Run]:
    """Return the withdrawals of the offer under current that a recording holds, each with its restart."""
    offer, amps, times = evidence._offer(), most_current(evidence), evidence.trace.times
    if offer is None or not evidence.currents:
        return []
    words, runs = evidence.state_words, []
    for i in np.flatnonzero((offer[1:] == 0) & (offer[:-1] == 1)) + 1:
        if amps[i - 1] <= STARTED_A or words[i] in ("A1", "E", "F"):
            continue
        run = Run()
        end = next((int(j) for j in np.flatnonzero(offer[i:] == 1) + i), len(times))
        idle = np.flatnonzero(amps[i:end] < STOPPED_A)
        run.to_idle = float(times[i + idle[0]] - times[i - 1]) if len(idle) else None
        to_b = np.flatnonzero(np.char.startswith(words[i:end], "B"))
        run.to_b = float(times[i + to_b[0]] - times[i - 1]) if len(to_b) else None
        if run.to_idle is None and times[min(end, len(times) - 1)] - times[i] < STILL_S:
            continue  # given back too soon to tell
        flows = np.flatnonzero(amps[end:] > STARTED_A)
        if end < len(times) and len(flows):
            run.to_current = float(times[end + flows[0]] - times[end - 1])
        elif end >= len(times) or times[-1] - times[end] < GIVE_UP_S or "A1" in words[end:]:
            run.to_current = np.nan  # not to be seen in this recording
        runs.append(run)
    return runs


def _plain(run: Run) -> dict[str, float | None]:
    return {
        "to_idle_s": run.to_idle, "to_b_s": run.to_b, "to_open_s": run.to_open, "amps_at_opening": run.amps_at_opening,
        "to_current_s": run.to_current,
    }  # fmt: skip


def _judge(bench: Bench, runs: list[Run], allowance: float) -> None:
    bench.measured["runs"] = [_plain(run) for run in runs]
    for number, run in enumerate(runs, 1):
        _judge_stop(bench, number, run, allowance)
        if run.to_current is None:
            said = f"Run {number}: no current {GIVE_UP_S:g} s after the offer came back."
            bench.step(f"restart {number}", Verdict.FAIL, said)
            bench.faults["EV-NO-RESUME"] = None
        elif not np.isnan(run.to_current):
            verdict = grade(run.to_current, RESTART_S[0] + allowance, RESTART_S[1] + allowance)
            verdict = Verdict.WARN if verdict is Verdict.FAIL else verdict
            said = (
                f"Run {number}: current again after {run.to_current:.1f} s ({RESTART_S[0]:g} "
                f"s are good, {RESTART_S[1]:g} s the most)."
            )
            bench.step(
                f"restart {number}",
                verdict,
                said,
                expected=f"at most {RESTART_S[0]:g} s",
                measured=f"{run.to_current:.1f} s",
            )
    hot = [run for run in runs if (run.amps_at_opening or 0.0) > HOT_A]
    if len(hot) >= 2:
        bench.step(
            "opening",
            Verdict.WARN,
            f"In {len(hot)} of {len(runs)} runs the contactor opened under more than {HOT_A:g} A.",
        )
        bench.faults["SW-WEAR"] = None


def _judge_stop(bench: Bench, number: int, run: Run, allowance: float) -> None:
    if run.to_idle is None or run.to_idle > STILL_S + allowance:
        shown = "still flowing" if run.to_idle is None else f"{run.to_idle:.1f} s"
        said = f"Run {number}: current over {STOPPED_A:g} A {STILL_S:g} s after the offer was withdrawn ({shown})."
        bench.step(f"stop {number}", Verdict.FAIL, said, expected=f"at most {STOP_S:g} s", measured=shown)
        bench.faults["EV-OVERCURRENT"] = None
        return
    late = run.to_idle > STOP_S + allowance or (run.to_b is not None and run.to_b > TO_B_S + allowance)
    said = (
        f"Run {number}: the current ended after {run.to_idle:.1f} s (at most {STOP_S:g} s and "
        f"{allowance:.1f} s of polling)."
    )
    if run.to_b is not None:
        said += f" State B after {run.to_b:.1f} s (at most {TO_B_S:g} s)."
    verdict = Verdict.WARN if late else Verdict.PASS
    bench.step(f"stop {number}", verdict, said, expected=f"at most {STOP_S:g} s", measured=f"{run.to_idle:.1f} s")


ROUTINE = Routine(
    id="R05",
    title="Stop and start again",
    purpose="Proves that charging ends when the offer is withdrawn and comes back when it is given.",
    run=_run,
    needs=("current_limit", "current_l*"),
    writes=(POINT,),
    watch_s=3,
    seconds=240,
)
