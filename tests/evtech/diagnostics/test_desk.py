"""A desk at a simulated charger: within seconds it says what is wrong; routines, retest and saving work beside it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evtech.diagnostics.desk import Desk
from evtech.diagnostics.routine import Question, Routine, RoutineResult, Verdict
from evtech.diagnostics.routines import find_routines
from evtech.errors import InputError
from evtech.events import EventKind
from evtech.workbench import Connection, Workbench


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Workbench]:
    made = Workbench(str(tmp_path / "a.evtech"))
    yield made
    made.close()


def at(
    bench: Workbench, scenario: str = "default", profile: str = "alfen-ng9xx", speed: int = 1
) -> tuple[Connection, Desk]:
    address = f"demo:{profile}?scenario={scenario}&speed={speed}"
    connection = bench.connect(address, interval=0.2).result()
    return connection, bench.open_desk(connection).result()


def test_a_dead_charger_is_told(bench: Workbench) -> None:
    _, desk = at(bench, "emergency-stop", "evtech-trainer", speed=4)

    until(lambda: desk.watch.outlook.standing)

    assert desk.watch.outlook.standing[0].id == "MEC-ESTOP"


def test_a_stop_acts_at_once_and_keeps_what_was_found(bench: Workbench) -> None:
    connection, desk = at(bench)
    until(lambda: desk.watch.outlook.readings > 3)
    future = bench.io.submit(desk.run(find_routines(["R14"])))
    until(lambda: desk.rounds.state.is_running)

    bench.io.loop.call_soon_threadsafe(desk.rounds.cancel)
    results = future.result(timeout=60)

    assert [result.id for result in results] == ["R14"]
    assert desk.rounds.state.results == results
    assert connection.latest is not None


def test_a_question_waits_for_its_answer(bench: Workbench) -> None:
    async def run(bench_: object) -> RoutineResult:
        value = await bench_.ask(Question("loop_ohm", "Measure the loop", unit="ohm"))  # type: ignore[attr-defined]
        verdict = Verdict.PASS if value == 0.4 else Verdict.FAIL
        return bench_.result(verdict, f"{value} ohm")  # type: ignore[attr-defined,no-any-return]

    _, desk = at(bench)
    until(lambda: desk.watch.outlook.readings > 1)
    future = bench.io.submit(desk.run([Routine("R99", "Loop", "Asks", run)]))
    until(lambda: desk.rounds.state.question is not None)

    bench.io.loop.call_soon_threadsafe(desk.rounds.answer, 0.4)

    assert future.result(timeout=60)[0].verdict is Verdict.PASS
    assert desk.watch.facts.answers["loop_ohm"] == 0.4


def test_repair_retest_and_report_hold_before_and_after(bench: Workbench) -> None:
    connection, desk = at(bench, profile="keba-kecontact-p30")
    behaviour = connection.device.link.simulation.behaviour  # type: ignore[attr-defined]
    behaviour.charger.fault_code = 0x20002
    until(lambda: desk.watch.outlook.standing)
    finding = desk.watch.outlook.standing[0].finding
    first = bench.io.submit(desk.save()).result(timeout=60)
    behaviour.charger.fault_code = 0
    until(lambda: connection.latest is not None and not connection.latest.errors)

    retest = bench.io.submit(desk.retest(finding)).result(timeout=60)

    assert retest.verdict == "closed"
    kept = bench.archive.results("diagnosis")
    assert first is not None
    assert kept[0].replaces == first.id
    assert kept[0].visit_id == connection.visit.id  # type: ignore[union-attr]
    problem = next(p for p in desk.watch.outlook.history if p.id == finding.fault.id)
    assert problem.retest is not None


def test_a_repaired_fault_is_no_longer_named_by_the_check_that_found_it(bench: Workbench) -> None:
    async def run(bench_: Any) -> RoutineResult:  # a bench; the routine of a test needs no more of it
        pole = connection.device.link.simulation.behaviour.charger.welded_l2  # type: ignore[attr-defined]
        if pole:
            bench_.faults["SW-WELD"] = "L2"
        verdict = Verdict.FAIL if pole else Verdict.PASS
        return bench_.result(verdict, "L2 is live." if pole else "All poles are dead.")  # type: ignore[no-any-return]

    connection, desk = at(bench, "welded-l2", "evtech-trainer", speed=4)
    until(lambda: desk.watch.outlook.standing)
    finding = desk.watch.outlook.standing[0].finding
    bench.io.submit(desk.run([Routine("R99", "Output", "Looks", run)])).result(timeout=60)
    until(lambda: any(p.point == "R99" for p in desk.watch.outlook.standing[0].finding.proofs))
    connection.device.link.simulation.behaviour.charger.welded_l2 = 0.0  # type: ignore[attr-defined]

    retest = bench.io.submit(desk.retest(finding)).result(timeout=120)

    assert retest.verdict == "closed"
    until(lambda: not desk.watch.outlook.standing)


def test_findings_are_events_in_the_archive(bench: Workbench) -> None:
    connection, desk = at(bench, profile="keba-kecontact-p30")
    connection.device.link.simulation.behaviour.charger.fault_code = 0x20002  # type: ignore[attr-defined]
    until(lambda: desk.watch.outlook.standing)

    assert connection.writer is not None
    bench.archive.writer.flush()
    now = connection.latest.time  # type: ignore[union-attr]
    events = bench.archive.events(connection.writer.recording_id, connection.began, now.replace(year=now.year + 1))
    assert EventKind.FINDING_RAISED in {event.kind for event in events}


def test_arming_needs_values_that_are_decoded_right(bench: Workbench) -> None:
    _, desk = at(bench)
    wrong = RoutineResult("R03", Verdict.FAIL, "The voltage is 40000 V.")
    desk.rounds.state = replace(desk.rounds.state, results=(wrong,))

    with pytest.raises(InputError, match="decoded right"):
        bench.io.submit(desk.arm("A. Novak", 120.0)).result(timeout=60)

    assert not desk.arming.state.is_armed


def test_closing_puts_back_what_was_changed(bench: Workbench) -> None:
    connection, desk = at(bench, profile="heidelberg-energy-control")
    simulation = connection.device.link.simulation  # type: ignore[attr-defined]
    before = simulation.behaviour.charger.limit_a
    bench.io.submit(desk.arm("A. Novak", 120.0)).result(timeout=60)
    bench.io.submit(desk.arming.write("current_limit", 8.0)).result(timeout=60)
    assert simulation.behaviour.charger.limit_a == 8.0

    bench.disconnect(connection).result(timeout=60)

    assert simulation.behaviour.charger.limit_a == before
    results = [row["result"] for row in bench.archive.audit_rows()]
    assert results == ["intended", "written", "restored"]
