"""R10: foreign control, failsafe, and the fallback when nobody refreshes."""

import numpy as np
import pytest

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import Rig, over


def test_a_quiet_recording_passes() -> None:
    result = over(
        "R10", Charge(seconds=900).trace(), Facts(registers={"watchdog_s": 60, "failsafe_a": 6, "hw_max_a": 16})
    )

    assert result.verdict is Verdict.PASS


def test_a_failsafe_above_the_circuit_fails() -> None:
    result = over("R10", Charge(seconds=900).trace(), Facts(registers={"failsafe_a": 32}, answers={"breaker_a": 16}))

    assert result.verdict is Verdict.FAIL
    assert "32 A; the circuit bears 16 A" in result.reason


def test_a_watchdog_that_is_off_warns_where_the_site_relies_on_it() -> None:
    facts = Facts(registers={"watchdog_s": 0}, answers={"site_limits_current": "yes"})

    assert over("R10", Charge(seconds=900).trace(), facts).verdict is Verdict.WARN


def test_a_fall_to_the_failsafe_current_is_seen() -> None:
    charge = Charge(seconds=1200)
    charge.limit[charge.t >= 700] = 6
    charge.numbers = {"current_limit": np.full(len(charge.t), 16.0)}

    result = over("R10", charge.trace(), Facts(registers={"watchdog_s": 600, "failsafe_a": 6}))

    assert result.verdict is Verdict.WARN
    assert "LIM-WATCHDOG" in result.faults


def test_changes_in_a_recording_are_nobody_s() -> None:
    charge = Charge(seconds=900)
    charge.numbers = {"current_limit": np.where(charge.t % 120 < 60, 16.0, 10.0)}

    result = over("R10", charge.trace())

    assert "A recording does not tell who did it" in result.reason
    assert "COM-SECOND-MASTER" not in result.faults


@pytest.mark.parametrize("armed", [False, True])
async def test_live_changes_from_elsewhere_are_foreign_control_and_block_writing(armed: bool) -> None:
    rig = Rig(armed=armed)
    for n in range(8):
        rig.clock.later(60 * n + 30, lambda n=n: setattr(rig.simulation.behaviour.charger, "limit_a", 10.0 + n % 2 * 6))

    (result,) = await rig.run("R10")

    assert result.verdict is Verdict.WARN
    assert "the usual 60 s" in result.reason
    assert rig.link.writes == []


async def test_armed_the_limit_holds_while_refreshed_and_falls_back_when_left_alone() -> None:
    rig = Rig(armed=True)
    rig.link.watchdog_s = 15.0

    (result,) = await rig.run("R10")

    assert result.verdict is Verdict.PASS
    assert result.measured["refreshed_by"] == "writes only"
    assert 15 <= result.measured["fallback_s"] <= 18
    assert rig.limit == 16.0


async def test_armed_a_charger_without_fallback_warns() -> None:
    rig = Rig(armed=True)

    (result,) = await rig.run("R10")

    assert result.verdict is Verdict.WARN
    assert "No fallback" in result.reason
    assert rig.limit == 16.0


def test_nothing_to_watch_is_inconclusive() -> None:
    assert over("R10", Charge(seconds=900).trace(drop=("current_limit_actual",))).verdict is Verdict.INCONCLUSIVE
