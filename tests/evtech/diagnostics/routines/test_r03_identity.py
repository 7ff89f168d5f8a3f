"""R03: plausible values pass, a wrong map locks writing, and live the device is named."""

import numpy as np

from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import Rig, over


def test_a_healthy_charge_is_plausible() -> None:
    assert over("R03", Charge(seconds=300).trace()).verdict is Verdict.PASS


def test_a_scale_ten_times_too_large_fails_and_is_named() -> None:
    charge = Charge(seconds=300)
    charge.numbers = {f"voltage_l{n + 1}": volts * 10 for n, volts in enumerate(charge.base_v)}

    result = over("R03", charge.trace())

    assert result.verdict is Verdict.FAIL
    assert "COM-MAP-MISMATCH" in result.faults
    assert "Writing stays locked" in result.reason
    assert result.measured["decodings"] == ["scale off by 10"]


def test_current_in_state_a_is_a_wrong_state_map() -> None:
    charge = Charge(seconds=300)
    charge.state[:] = "A1"

    result = over("R03", charge.trace())

    assert result.verdict is Verdict.FAIL
    assert "while the state reads A1" in result.reason


def test_a_power_that_contradicts_the_currents_fails() -> None:
    charge = Charge(seconds=300)
    charge.numbers = {"power_total": np.where(charge.charging, 3000.0, 0.0)}

    assert "Power and currents disagree" in over("R03", charge.trace()).reason


def test_a_window_that_opens_in_a_ramp_is_no_contradiction() -> None:
    """Current rises by 4 A a poll, and the power that is read after it is always that of the next moment."""
    amps = np.array([5.0, 9.0, 13.0, 16.0, 16.0, 16.0])
    later = np.append(amps[1:], 20.0)  # the last poll is the first of another ramp
    numbers = {f"voltage_l{n}": np.full(6, 230.0) for n in (1, 2, 3)}
    numbers |= {f"current_l{n}": amps for n in (1, 2, 3)} | {"power_total": 3 * 230.0 * later}
    trace = Charge(seconds=30).trace()

    assert over("R03", type(trace)(np.arange(6.0), numbers, {})).verdict is Verdict.PASS


def test_without_anything_to_check_it_is_inconclusive() -> None:
    charge = Charge(seconds=30)
    trace = charge.trace()
    empty = type(trace)(trace.times, {}, {})

    assert over("R03", empty).verdict is Verdict.INCONCLUSIVE


async def test_live_it_says_who_answers() -> None:
    (result,) = await Rig().run("R03")

    assert result.verdict in (Verdict.PASS, Verdict.WARN)
    assert result.measured["profile"] == "heidelberg-energy-control"
    assert result.measured["answered_share"] > 0.9
