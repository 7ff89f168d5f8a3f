"""R17: the idle power, or why it cannot be told."""

import numpy as np
import pytest

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import over


def idle(watts: np.ndarray | float, seconds: int = 900) -> Charge:
    charge = Charge(seconds=seconds, plug_at=seconds + 10)
    charge.numbers = {"power_total": np.zeros(len(charge.t)) + watts}
    return charge


@pytest.mark.parametrize(("watts", "verdict"), [(6.0, Verdict.PASS), (18.0, Verdict.WARN), (40.0, Verdict.FAIL)])
def test_the_mean_is_judged(watts: float, verdict: Verdict) -> None:
    result = over("R17", idle(watts).trace())

    assert result.verdict is verdict
    assert ("STBY-HIGH" in result.faults) is (verdict is not Verdict.PASS)


def test_a_heater_is_allowed_its_share() -> None:
    assert over("R17", idle(40.0).trace(), Facts(answers={"heater_on": "yes"})).verdict is Verdict.PASS


def test_a_meter_that_sees_only_the_vehicle_is_inconclusive() -> None:
    result = over("R17", idle(0.0).trace())

    assert result.verdict is Verdict.INCONCLUSIVE
    assert "only the vehicle's path" in result.reason


def test_a_coarse_power_is_inconclusive_until_the_register_tells() -> None:
    coarse = np.where(np.arange(900) % 3 == 0, 20.0, 0.0)
    assert over("R17", idle(coarse).trace()).verdict is Verdict.INCONCLUSIVE

    charge = Charge(seconds=9 * 3600, step=10, plug_at=1e6)
    charge.numbers = {
        "power_total": np.where(np.arange(len(charge.t)) % 3 == 0, 20.0, 0.0),
        "energy_total": np.round(1000 + charge.t * 7 / 3600),
    }
    assert over("R17", charge.trace()).verdict is Verdict.PASS


def test_a_clamp_meter_rules_and_a_charge_is_inconclusive() -> None:
    assert over("R17", Charge().trace(), Facts(answers={"standby_w": 30})).verdict is Verdict.FAIL
    assert over("R17", Charge().trace()).verdict is Verdict.INCONCLUSIVE
