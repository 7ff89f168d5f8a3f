"""Runs routines one after the other: progress, stop, restore, and whatever was found is kept.

However a run ends (done, stopped, link lost, a bug), what it wrote is put back before anything else is said.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from evtech.diagnostics.bench import Bench, Cancelled
from evtech.diagnostics.routine import Routine, RoutineResult, Verdict
from evtech.errors import EvtechError

RESTORE_PAUSES_S = (0.0, 1.0, 2.0, 4.0, 8.0, 15.0)  # a link that was cut may come back


async def run_routines(
    routines: Sequence[Routine], bench: Bench, on_result: Callable[[RoutineResult], None] = lambda result: None
) -> tuple[RoutineResult, ...]:
    """Run routines in order and return one result for each; ``on_result`` gets each as soon as it is there.

    After a stop the rest is SKIPPED. A link that is lost ends the routine as INCONCLUSIVE; the next one tries again.
    Nothing is raised but bugs, and those after the restore.
    """
    done: list[RoutineResult] = []
    for routine in routines:
        if bench.cancel.is_set():
            result = _skipped(routine)
        else:
            result = await _run(routine, bench)
        done.append(result)
        on_result(result)
    return tuple(done)


def _skipped(routine: Routine) -> RoutineResult:
    return RoutineResult(routine.id, Verdict.SKIPPED, "The run was stopped before this routine began.")


async def _run(routine: Routine, bench: Bench) -> RoutineResult:
    bench.begin(routine.id)
    began = bench.clock.utc()
    try:
        result = await routine.run(bench)
    except Cancelled:
        result = _broken(bench, Verdict.SKIPPED, "It was stopped by hand.")
    except EvtechError as error:
        result = _broken(bench, Verdict.INCONCLUSIVE, f"It could not be finished: {error}")
    finally:
        # shielded: a cancelled task must not leave a foreign limit in a charger
        left = await asyncio.shield(asyncio.ensure_future(restore(bench)))
    reason = result.reason
    if left:
        reason += f" NOT put back: {', '.join(left)}. Set it by hand before leaving."
    return replace(result, reason=reason, not_restored=tuple(left), began=began, ended=bench.clock.utc())


def _broken(bench: Bench, verdict: Verdict, reason: str) -> RoutineResult:
    """Return what was found until the break: its steps stay, and a step that failed has failed."""
    if any(step.verdict is Verdict.FAIL for step in bench.steps):
        verdict = Verdict.FAIL
    said = f" Until then: {'; '.join(step.reason for step in bench.steps)}" if bench.steps else ""
    return bench.result(verdict, reason + said)


async def restore(bench: Bench) -> list[str]:
    """Put back what the routine wrote; return the points of which that cannot be proved."""
    if bench.control is None:
        return []
    left: list[str] = []
    for pause in RESTORE_PAUSES_S:
        await bench.clock.sleep(pause)
        bench.note_write()
        done = await bench.control.restore()
        left = [name for name, good in done.items() if not good]
        if not left or (bench.link is not None and bench.link.is_open and pause):
            break
    return left
