"""A run may end in any way: what was written is put back, what was found is kept, nothing is written unarmed."""

import asyncio

import pytest

from evtech.diagnostics.bench import Bench, Cancelled
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import Question, Routine, RoutineResult, Verdict
from evtech.diagnostics.routines import ROUTINES, find_routines
from evtech.diagnostics.runner import run_routines
from evtech.errors import InputError
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import FakeClock, Rig

ALL = [routine.id for routine in ROUTINES]
QUICK_S = 120.0  # s of mere watching a routine: hours of it show no other writes


def test_the_eighteen_are_listed_once() -> None:
    assert [f"R{n:02}" for n in range(1, 19)] == ALL
    with pytest.raises(InputError, match="R99 is no routine"):
        find_routines(["r01", "R99"])


async def test_unarmed_all_eighteen_write_nothing() -> None:
    rig = Rig(quick_s=QUICK_S)

    results = await rig.run(*ALL)

    assert [result.id for result in results] == ALL
    assert rig.link.writes == []
    assert rig.rows == []
    assert {r.id: r.verdict for r in results if r.id in ("R05", "R06")} == {
        "R05": Verdict.SKIPPED,
        "R06": Verdict.SKIPPED,
    }
    assert all("not armed" in r.reason for r in results if r.id in ("R05", "R06"))


async def test_armed_all_eighteen_write_bounded_values_and_put_the_old_one_back() -> None:
    rig = Rig(armed=True, quick_s=QUICK_S)

    await rig.run(*[name for name in ALL if name not in ("R10",)])

    values = [words[0] / 10 for _, _, words in rig.link.writes]
    assert values and all(value == 0 or 6 <= value <= 16 for value in values)
    assert rig.limit == 16.0
    assert rig.rows[-1].result == "restored"


async def test_a_stop_in_the_middle_of_a_step_restores_and_keeps_the_steps() -> None:
    rig = Rig(armed=True)
    rig.clock.later(75, rig.cancel.set)

    first, second = await rig.run("R06", "R12")

    assert rig.link.writes
    assert rig.limit == 16.0
    assert first.verdict is Verdict.SKIPPED
    assert "stopped by hand" in first.reason
    assert second.verdict is Verdict.SKIPPED


async def test_a_link_cut_in_the_middle_is_restored_when_it_is_back() -> None:
    rig = Rig(armed=True)
    rig.clock.later(70, lambda: setattr(rig.link, "is_cut", True))
    rig.clock.later(75, lambda: setattr(rig.link, "is_cut", False))

    (result,) = await rig.run("R06")

    assert result.not_restored == ()
    assert rig.limit == 16.0


async def test_a_link_that_stays_cut_says_what_to_set_by_hand() -> None:
    rig = Rig(armed=True)
    rig.clock.later(70, lambda: setattr(rig.link, "is_cut", True))

    (result,) = await rig.run("R06")

    assert result.not_restored == ("current_limit",)
    assert "NOT put back: current_limit" in result.reason
    assert result.verdict is not Verdict.PASS


async def test_a_cancelled_task_still_restores() -> None:
    rig = Rig(armed=True)
    running = asyncio.ensure_future(rig.run("R06"))
    await rig.link.written.wait()

    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    for _ in range(50):
        await asyncio.sleep(0)

    assert rig.limit == 16.0


async def test_an_arming_that_runs_out_still_restores() -> None:
    rig = Rig(armed=True)
    rig.control.arm("A. Novak", 70)

    (result,) = await rig.run("R06")

    assert rig.limit == 16.0
    assert "not armed" in result.reason


async def test_a_bug_in_a_routine_restores_before_it_is_seen() -> None:
    rig = Rig(armed=True)

    async def broken(bench: Bench) -> RoutineResult:
        await bench.write("current_limit", 8, "then it breaks")
        raise ZeroDivisionError

    await rig.link.open()
    with pytest.raises(ZeroDivisionError):
        await run_routines([Routine("R99", "", "", broken)], rig.bench)
    assert rig.limit == 16.0


async def test_heat_ends_a_writing_routine_and_is_said() -> None:
    rig = Rig(armed=True)
    rig.clock.later(60, lambda: setattr(rig.simulation.behaviour.charger, "temperature_c", 90.0))

    (result,) = await rig.run("R06")

    assert "Stopped for safety: it is" in result.reason
    assert rig.limit == 16.0


async def test_a_pause_sees_a_stop_within_half_a_second() -> None:
    clock = FakeClock()
    bench = Bench(clock=clock, cancel=(cancel := asyncio.Event()))
    clock.later(10, cancel.set)

    with pytest.raises(Cancelled):
        await bench.pause(3600)
    assert clock.now() - 1010 <= 0.5


async def test_a_question_that_nobody_answers_ends_with_a_stop() -> None:
    cancel = asyncio.Event()

    async def never(question: Question) -> float | None:
        cancel.set()
        await asyncio.Event().wait()
        return None

    bench = Bench(ask=never, cancel=cancel, clock=FakeClock())
    with pytest.raises(Cancelled):
        await bench.ask(Question("x", "?"))


async def test_answers_of_a_facts_file_come_before_a_person() -> None:
    bench = Bench(facts=Facts(answers={"ab_resistance_ohm": 118}), clock=FakeClock())

    assert await bench.ask(Question("ab_resistance_ohm", "?")) == 118


def test_every_verdict_over_a_recording_says_why() -> None:
    results = asyncio.run(run_routines(ROUTINES, Bench(trace=Charge(seconds=900).trace())))

    assert [result.id for result in results] == ALL
    assert all(len(result.reason) > 20 for result in results)
