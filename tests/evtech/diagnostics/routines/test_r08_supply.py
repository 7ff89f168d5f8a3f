"""R08: impedance from steps of the current, in words with its limit and its doubt."""

import pytest

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge, pause
from tests.evtech.diagnostics.running import over


def breathing(ohm: tuple[float, float, float], phases: int = 3) -> Charge:
    charge = Charge(seconds=1800, ohm=ohm, phases=phases)
    for start in (400, 800, 1200):
        pause(charge, start, start + 120)
    return charge


@pytest.mark.parametrize(
    ("ohm", "verdict"),
    [((0.2, 0.2, 0.2), Verdict.PASS), ((0.55, 0.55, 0.55), Verdict.WARN), ((0.2, 1.1, 0.2), Verdict.FAIL)],
)
def test_the_drop_is_judged(ohm: tuple[float, float, float], verdict: Verdict) -> None:
    result = over("R08", breathing(ohm).trace())

    assert result.verdict is verdict
    assert result.measured["impedance_ohm"]["L2"] == pytest.approx(ohm[1], abs=0.03)
    assert result.faults.get("SUP-HIGH-Z") == ("L2" if verdict is Verdict.FAIL else None)


def test_one_phase_far_above_the_others_warns() -> None:
    result = over("R08", breathing((0.15, 0.15, 0.35)).trace())

    assert result.verdict is Verdict.WARN
    assert "L3 has 0.3" in result.reason


def test_a_single_step_is_too_little() -> None:
    result = over("R08", Charge(seconds=600).trace())

    assert result.verdict is Verdict.INCONCLUSIVE
    assert "3 are needed" in result.reason


@pytest.mark.parametrize(("ohm", "verdict"), [(0.5, Verdict.PASS), (0.9, Verdict.FAIL)])
def test_a_measured_loop_is_judged_by_the_breaker(ohm: float, verdict: Verdict) -> None:
    answers = {"loop_impedance_ohm": ohm, "breaker_curve": "C", "breaker_a": 32}

    result = over("R08", Charge(seconds=60).trace(), Facts(answers=answers))

    assert result.verdict is verdict
    assert "0.57 ohm" in result.reason
