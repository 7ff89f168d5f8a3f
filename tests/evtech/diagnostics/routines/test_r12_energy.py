"""R12: the register against power over time, with its uncertainty."""

import numpy as np
import pytest

from evtech.diagnostics.routine import Verdict
from evtech.diagnostics.trace import Trace
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import over


def charge(error: float) -> Charge:
    made = Charge(seconds=3600)
    made.energy_error = error
    return made


@pytest.mark.parametrize(
    ("error", "verdict"),
    [(1.0, Verdict.PASS), (0.992, Verdict.PASS), (1.019, Verdict.WARN), (0.97, Verdict.FAIL), (1.05, Verdict.FAIL)],
)
def test_the_ratio_is_judged_beyond_its_uncertainty(error: float, verdict: Verdict) -> None:
    result = over("R12", charge(error).trace())

    assert result.verdict is verdict
    assert result.measured["ratio"] == pytest.approx(error, abs=0.002)
    assert ("MTR-MISMATCH" in result.faults) is (verdict is Verdict.FAIL)


def test_a_third_is_named() -> None:
    assert "close to 1/3" in over("R12", charge(1 / 3).trace()).reason


def test_a_register_of_apparent_energy_is_named() -> None:
    made = charge(1.0)
    trace = made.trace()
    volts_amps = sum(trace.numbers[f"voltage_l{n}"] * trace.numbers[f"current_l{n}"] for n in (1, 2, 3))
    made.numbers = {"power_total": volts_amps * 0.9, "energy_total": 1e6 + np.cumsum(volts_amps) / 3600}

    assert "counts VAh, not Wh" in over("R12", made.trace()).reason


def test_a_gap_counts_on_neither_side() -> None:
    trace = charge(1.0).trace()
    kept = (trace.times - trace.times[0] < 1000) | (trace.times - trace.times[0] > 1300)
    holed = Trace(
        trace.times[kept], {n: c[kept] for n, c in trace.numbers.items()}, {n: c[kept] for n, c in trace.texts.items()}
    )

    result = over("R12", holed)

    assert result.measured["ratio"] == pytest.approx(1.0, abs=0.002)
    assert result.measured["gap_share"] == pytest.approx(0.08, abs=0.01)


def test_an_offset_shows_at_two_powers() -> None:
    made = Charge(seconds=7200)
    for amps in made.i:
        amps[made.t > 3600] *= 0.4
    trace = made.trace()
    made.numbers = {
        "energy_total": np.round(1e6 + np.cumsum(trace.numbers["power_total"] + 150 * (made.t > 70)) / 3600, 1)
    }

    assert any(step.name == "two power levels" for step in over("R12", made.trace()).steps)


def test_too_little_energy_is_inconclusive_with_what_is_needed() -> None:
    result = over("R12", Charge(seconds=200).trace())

    assert result.verdict is Verdict.INCONCLUSIVE
    assert "at least 1000 Wh" in result.reason


def test_a_coarse_register_needs_more() -> None:
    made = charge(1.0)
    made.numbers = {"energy_total": np.floor(made.trace().numbers["energy_total"] / 1000) * 1000}

    assert over("R12", made.trace()).verdict is Verdict.INCONCLUSIVE


def test_without_power_it_is_inconclusive() -> None:
    assert over("R12", charge(1.0).trace(drop=("power_total",))).verdict is Verdict.INCONCLUSIVE
