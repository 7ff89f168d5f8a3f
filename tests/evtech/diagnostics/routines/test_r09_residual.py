"""R09: offset, slope against heat, level under load, trips."""

from typing import Any

import numpy as np
import pytest

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import over


def leaking(offset: float = 0.1, extra: float = 0.2) -> Charge:
    charge = Charge(seconds=900, plug_at=200)
    noise = np.random.default_rng(3).normal(0, 0.05, len(charge.t))
    charge.numbers = {"residual_current_dc": offset + noise + np.where(charge.charging, extra, 0.0)}
    return charge


@pytest.mark.parametrize(
    ("offset", "extra", "verdict", "fault"),
    [
        (0.1, 0.2, Verdict.PASS, None), (1.5, 0.1, Verdict.WARN, None), (2.6, 0.0, Verdict.FAIL, "RCD-NUISANCE"),
        (0.1, 4.5, Verdict.FAIL, "RCD-DC"),
    ],
)  # fmt: skip
def test_offset_and_level_are_judged(offset: float, extra: float, verdict: Verdict, fault: str | None) -> None:
    result = over("R09", leaking(offset, extra).trace())

    assert result.verdict is verdict
    assert list(result.faults) == ([fault] if fault else [])


def series(slope: float) -> Facts:
    points = [[heat, 0.1 + slope * (heat - 10)] for heat in range(10, 50, 5)]
    return Facts(series=[{"name": "rcm_dc_idle", "against": "t_int", "points": points}])


@pytest.mark.parametrize(("slope", "verdict"), [(0.01, Verdict.PASS), (0.045, Verdict.WARN), (0.09, Verdict.FAIL)])
def test_a_zero_that_follows_the_heat_is_the_sensor(slope: float, verdict: Verdict) -> None:
    result = over("R09", Charge(seconds=60).trace(), series(slope))

    assert result.verdict is verdict
    assert ("RCD-DC" in result.contradicts) is (verdict is Verdict.FAIL)


def trips(**same: Any) -> Facts:
    return Facts(trips=[{"vehicle": f"car {n}", "temperature": 20 + n} | same for n in range(5)])


def test_trips_of_one_vehicle_speak_for_the_vehicle() -> None:
    result = over("R09", Charge(seconds=60).trace(), trips(vehicle="the blue one", value=18))

    assert "5 of 5 trips are of one vehicle" in result.reason
    assert "RCD-AC" in result.faults


def test_trips_right_at_the_contactor_speak_for_the_order_of_stopping() -> None:
    result = over("R09", Charge(seconds=60).trace(), trips(s_since_contactor=0.3))

    assert result.verdict is Verdict.WARN
    assert "order of stopping" in result.reason


def test_a_slow_tester_result_takes_the_device_out_of_service() -> None:
    assert over("R09", Charge(seconds=60).trace(), Facts(answers={"rcd_time_ms": 420})).verdict is Verdict.FAIL


def test_without_any_signal_it_is_inconclusive_and_a_product_without_one_is_not_applicable() -> None:
    assert over("R09", Charge(seconds=60).trace()).verdict is Verdict.INCONCLUSIVE
    known = over("R09", Charge(seconds=60).trace(), profile="keba-kecontact-p30")
    assert known.verdict is Verdict.NOT_APPLICABLE
