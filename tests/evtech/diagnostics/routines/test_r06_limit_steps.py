"""R06: the limit is stepped when armed, bounded, put back; recorded steps are judged without arming."""

import numpy as np
import pytest

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import Rig, over


def stepped(follow_after: float = 3.0, share: float = 1.0) -> Charge:
    """A charge whose limit goes 16, 10, 16 A, and a vehicle that follows after some seconds."""
    charge = Charge(seconds=900)
    lowered = charge.between(300, 600)
    charge.limit[lowered] = 10
    for amps in charge.i:
        amps[charge.between(300 + follow_after, 600 + follow_after)] = 16 - 6 * share
    return charge


async def test_armed_every_step_is_followed() -> None:
    rig = Rig(armed=True)

    (result,) = await rig.run("R06")

    assert result.verdict is Verdict.PASS
    assert [amps for amps, _ in result.measured["means_a"]] == [6, 10, 16, 10, 6]
    assert result.measured["drop_l1_pct"] < 3


async def test_the_site_limit_bounds_every_step() -> None:
    rig = Rig(armed=True, facts=Facts(answers={"site_limit_a": 10}))

    await rig.run("R06")

    assert max(words[0] for _, _, words in rig.link.writes[:-1]) <= 100


async def test_a_charger_that_ignores_the_limit_fails_and_is_not_asked_again() -> None:
    rig = Rig(armed=True)
    rig.link.ignores_writes = True

    (result,) = await rig.run("R06")

    assert result.verdict is Verdict.FAIL
    assert "LIM-WRITE-IGNORED" in result.faults
    assert len(rig.link.writes) == 2  # the step, and putting back


async def test_a_small_vehicle_is_a_plateau_and_no_failure() -> None:
    rig = Rig("heidelberg-energy-control", armed=True, vehicle={"max_current_a": 8.0})

    (result,) = await rig.run("R06")

    assert result.verdict is Verdict.PASS
    assert "EV-LOW-CURRENT" in result.faults


@pytest.mark.parametrize(
    ("after", "share", "verdict"),
    [(3, 1.0, Verdict.PASS), (11, 1.0, Verdict.WARN), (40, 1.0, Verdict.FAIL), (3, 0.0, Verdict.FAIL)],
)
def test_a_recorded_step_down_is_judged_by_its_delay(after: float, share: float, verdict: Verdict) -> None:
    result = over("R06", stepped(after, share).trace())

    assert result.verdict is verdict
    assert ("EV-OVERCURRENT" in result.faults) is (verdict is Verdict.FAIL)
    assert "nothing was written" in result.reason


def test_without_steps_and_arming_it_is_skipped() -> None:
    assert over("R06", Charge().trace()).verdict is Verdict.SKIPPED


def test_without_currents_it_is_inconclusive() -> None:
    trace = Charge().trace(drop=("current_l1", "current_l2", "current_l3"))

    assert over("R06", trace).verdict is Verdict.INCONCLUSIVE
    assert np.nanmax(trace.numbers["current_limit_actual"]) == 16
