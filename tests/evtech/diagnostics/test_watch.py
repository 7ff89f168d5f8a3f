"""The live diagnosis: one item a problem, true now apart from what was, events for the archive."""

from tests.evtech.diagnostics.living import Living

FAULT = 0x20002  # a code of this charger: it goes to state F


async def test_a_healthy_charger_has_no_problem() -> None:
    charger = Living()

    await charger.go(120)

    outlook = charger.watch.outlook
    assert outlook.diagnosis is not None
    assert outlook.diagnosis.result == "healthy"
    assert (outlook.standing, outlook.history, charger.events) == ((), (), [])


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
