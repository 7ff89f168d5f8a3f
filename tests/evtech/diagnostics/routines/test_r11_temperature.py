"""R11: the rise with the current, the speed, derating, terminals."""

import numpy as np
import pytest

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import over


def warming(k: float, amps: float = 32.0, seconds: int = 5400, tau: float = 1200.0) -> Charge:
    charge = Charge(seconds=seconds, amps=amps, plug_at=120)
    since = np.clip(charge.t - 126, 0, None)
    noise = np.random.default_rng(5).normal(0, 0.1, len(charge.t))
    charge.numbers = {"temperature": 25 + k * amps**2 * (1 - np.exp(-since / tau)) + noise}
    return charge


@pytest.mark.parametrize(("k", "verdict"), [(0.02, Verdict.PASS), (0.04, Verdict.WARN), (0.07, Verdict.FAIL)])
def test_the_rise_is_judged(k: float, verdict: Verdict) -> None:
    result = over("R11", warming(k).trace())

    assert result.verdict is verdict or (k == 0.07 and result.verdict is Verdict.FAIL)
    assert result.measured["k_per_a2"] == pytest.approx(k, rel=0.1)


def test_ten_minutes_are_too_short() -> None:
    result = over("R11", warming(0.02, seconds=500).trace())

    assert any(s.verdict is Verdict.INCONCLUSIVE and "too short" in s.reason for s in result.steps)


def test_a_joint_that_warms_fast_warns() -> None:
    charge = warming(0.02)
    charge.numbers["temperature"] = 25 + np.clip(charge.t - 130, 0, 600) / 60 * 3

    assert "Suspect a joint" in over("R11", charge.trace()).reason


def test_a_reduction_while_cool_is_not_the_heat() -> None:
    charge = warming(0.01, amps=16)
    charge.limit[charge.t > 3000] = 10
    charge.numbers["current_limit"] = np.full(len(charge.t), 16.0)

    assert "another limiter" in over("R11", charge.trace()).reason


def test_a_hot_pole_fails_with_its_name() -> None:
    charge = warming(0.01)
    charge.numbers |= {f"temperature_terminal_l{n}": np.full(len(charge.t), 30.0 + 30 * (n == 2)) for n in (1, 2, 3)}

    result = over("R11", charge.trace())

    assert result.verdict is Verdict.FAIL
    assert result.faults["SUP-HIGH-Z"] == "L2"


def test_a_thermal_picture_is_judged_and_without_a_sensor_it_is_inconclusive() -> None:
    trace = Charge(seconds=60).trace(drop=("temperature",))

    assert over("R11", trace, Facts(answers={"terminal_rise_k": 55})).verdict is Verdict.FAIL
    assert over("R11", trace).verdict is Verdict.INCONCLUSIVE
