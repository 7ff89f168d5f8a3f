"""The live diagnosis: one item a problem, true now apart from what was, events for the archive."""

import pytest

from evtech.simulator.scenario import find_scenario
from tests.evtech.diagnostics.living import Living

# what stands while the technician connects; other faults need a history, a time or a link of their own
STANDING = (
    "card-rejected", "charger-pauses", "contactor-dead", "diode-missing", "door-open", "emergency-stop", "lock-fails",
    "lost-phase-l1", "lost-phase-l3", "open-neutral", "overheated", "pilot-short", "pole-open-l2", "residual-dc",
    "residual-selftest", "small-cable", "undervoltage", "vehicle-overcurrent", "ventilation", "water-inside",
    "welded-l2", "welded-two-poles", "welded-under-load", "wrong-rotation",
)  # fmt: skip

FAULT = 0x20002  # a code of this charger: it goes to state F


async def test_a_healthy_charger_has_no_problem() -> None:
    charger = Living()

    await charger.go(120)

    outlook = charger.watch.outlook
    assert outlook.diagnosis is not None
    assert outlook.diagnosis.result == "healthy"
    assert (outlook.standing, outlook.history, charger.events) == ((), (), [])


@pytest.mark.parametrize("name", STANDING)
async def test_what_is_wrong_stands_first_within_fifteen_seconds_of_connecting(name: str) -> None:
    lesson = find_scenario(name).lesson
    charger = Living(lesson.seen_by[0], name)
    charger.now = lesson.after  # the fault is there when the technician comes
    charger.behaviour.advance()

    await charger.go(15)

    first = charger.watch.outlook.standing[0]
    assert first.id == lesson.finding
    assert lesson.phase is None or first.finding.phase == lesson.phase


async def test_a_problem_is_raised_once_and_stands_apart_from_history() -> None:
    charger = Living()
    await charger.go(30)
    charger.behaviour.charger.fault_code = FAULT
    await charger.go(20)

    standing = [problem.id for problem in charger.watch.outlook.standing]
    assert "CP-STATE-F" in standing
    assert charger.watch.outlook.history == ()
    assert len(charger.told()) == len(standing)

    charger.behaviour.charger.fault_code = 0
    await charger.go(10)

    assert charger.watch.outlook.standing == ()
    assert [problem.id for problem in charger.watch.outlook.history] == standing
    assert charger.told().count(("finding_cleared", "CP-STATE-F")) == 1


async def test_a_problem_that_comes_again_is_counted_not_listed_again() -> None:
    charger = Living()
    for _ in range(3):
        charger.behaviour.charger.fault_code = FAULT
        await charger.go(15)
        charger.behaviour.charger.fault_code = 0
        await charger.go(15)

    found = [problem for problem in charger.watch.outlook.history if problem.id == "CP-STATE-F"]
    assert [problem.count for problem in found] == [3]
    assert charger.told().count(("finding_raised", "CP-STATE-F")) == 3


async def test_what_passed_between_two_looks_is_counted_too() -> None:
    charger = Living()
    await charger.go(20)
    charger.behaviour.charger.fault_code = FAULT
    await charger.go(12, look=lambda second: False)
    charger.behaviour.charger.fault_code = 0
    await charger.go(20, look=lambda second: second == 52)

    assert charger.watch.outlook.standing == ()
    assert charger.told() == [("finding_raised", "CP-STATE-F"), ("finding_cleared", "CP-STATE-F")]


async def test_the_samples_around_the_moment_are_kept_with_the_problem() -> None:
    charger = Living()
    await charger.go(60)
    charger.behaviour.charger.fault_code = FAULT
    await charger.go(60)

    problem = charger.watch.outlook.standing[0]
    assert problem.excerpt is not None
    assert problem.excerpt.is_whole
    assert problem.excerpt.moment - problem.excerpt.start >= 29
    assert problem.excerpt.end - problem.excerpt.moment >= 29
    assert "current_l1" in problem.excerpt.curves
    assert "F" in [word for _, word in problem.excerpt.states]


async def test_a_watch_that_rests_accuses_nobody() -> None:
    charger = Living("evtech-trainer", "welded-l2")
    await charger.go(40)
    assert charger.watch.outlook.standing

    charger.watch.rest()
    await charger.go(20)

    assert (charger.watch.outlook.standing, charger.watch.outlook.diagnosis) == ((), None)
