"""R04: levels, contactor and a dead output, in a recording and led by a person."""

import numpy as np
import pytest

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge, outputs
from tests.evtech.diagnostics.running import Rig, over


def with_signals(charge: Charge) -> Charge:
    live = outputs(charge)
    charge.numbers = {f"output_voltage_l{n + 1}": live[n] for n in range(3)}
    levels = np.where(charge.state == "C2", 6.0, np.where(charge.state == "B2", 9.0, 12.0))
    charge.numbers |= {"cp_voltage_pos": levels, "cp_voltage_neg": np.where(charge.state == "A1", np.nan, -12.0)}
    return charge


def test_sound_levels_and_a_dead_output_pass_and_the_hundred_milliseconds_stay_open() -> None:
    result = over("R04", with_signals(Charge(seconds=300, unplug_at=250)).trace())

    assert result.verdict is Verdict.PASS
    assert "not measurable over this link" in result.reason


@pytest.mark.parametrize(
    ("column", "value", "fault"), [("cp_voltage_pos", 7.5, "CP-RANGE"), ("cp_voltage_neg", -5.0, "CP-DIODE")]
)
def test_a_level_outside_its_window_fails(column: str, value: float, fault: str) -> None:
    charge = with_signals(Charge(seconds=300))
    charge.numbers[column] = np.where(charge.charging, value, charge.numbers[column])

    result = over("R04", charge.trace())

    assert result.verdict is Verdict.FAIL
    assert fault in result.faults


def test_an_output_that_stays_live_after_the_stop_fails() -> None:
    charge = with_signals(Charge(seconds=300, unplug_at=200))
    charge.numbers["output_voltage_l1"] = np.where(charge.t > 70, 231.0, 4.0)

    result = over("R04", charge.trace())

    assert result.verdict is Verdict.FAIL
    assert "CONN-VOLTAGE" in result.faults


def test_states_alone_only_show_that_the_map_is_plausible() -> None:
    assert over("R04", Charge(seconds=300).trace()).verdict is Verdict.INCONCLUSIVE


def test_a_protective_conductor_of_three_ohm_is_lost() -> None:
    result = over("R04", Charge(seconds=60).trace(), Facts(answers={"pe_continuity_ohm": 3.0}))

    assert result.verdict is Verdict.FAIL
    assert "PE-LOST" in result.faults


async def test_a_person_is_led_through_the_states() -> None:
    rig = Rig()
    vehicle = rig.simulation.behaviour.vehicle
    acts = {
        "walk_a": lambda: setattr(vehicle, "connected", False),
        "walk_b": lambda: (setattr(vehicle, "connected", True), setattr(vehicle, "paused", True)),
        "walk_c": lambda: setattr(vehicle, "paused", False),
        "walk_stop": lambda: setattr(vehicle, "paused", True),
        "walk_out": lambda: setattr(vehicle, "connected", False),
    }

    async def act(question: object) -> str | None:
        name = getattr(question, "name", "")
        if name not in acts:
            return None
        acts[name]()
        return "done"

    rig.bench._ask = act
    (result,) = await rig.run("R04")

    walked = {step.name: step.verdict for step in result.steps if step.name in acts}
    assert walked == dict.fromkeys(acts, Verdict.PASS)


async def test_a_state_that_is_not_reached_fails() -> None:
    rig = Rig(answers={"walk_a": "done"})  # said, and not done: the vehicle stays

    (result,) = await rig.run("R04")

    assert result.verdict is Verdict.FAIL
    assert "State A was not reached within 30 s" in result.reason


def test_a_walk_that_never_reaches_c_proves_nothing() -> None:
    result = over("R04", with_signals(Charge(seconds=60)).trace())

    assert result.verdict is Verdict.INCONCLUSIVE
    assert "was not seen" in result.reason
