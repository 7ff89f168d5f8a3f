"""R07: missing phases, a shifted neutral, unbalance, rotation."""

import numpy as np

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge, outputs
from tests.evtech.diagnostics.running import over


def test_three_sound_phases_pass() -> None:
    assert over("R07", Charge(seconds=900).trace()).verdict is Verdict.PASS


def test_a_phase_lost_at_the_supply_fails_with_its_name() -> None:
    charge = Charge(seconds=900)
    charge.base_v[1] = np.where(charge.t > 400, 3.0, charge.base_v[1])
    charge.i[1][charge.t > 400] = 0

    result = over("R07", charge.trace())

    assert result.verdict is Verdict.FAIL
    assert result.faults["SUP-PHASE-LOSS"] == "L2"


def test_a_pole_that_does_not_close_fails_with_its_name() -> None:
    charge = Charge(seconds=900)
    out = outputs(charge)
    out[2][:] = 4.0
    charge.i[2][:] = 0
    charge.command = np.where(charge.charging, "closed", "open")
    charge.numbers = {f"output_voltage_l{n + 1}": out[n] for n in range(3)}

    assert over("R07", charge.trace()).faults["SW-NO-CLOSE"] == "L3"


def test_a_one_phase_vehicle_is_no_fault() -> None:
    result = over("R07", Charge(seconds=900, phases=1).trace())

    assert result.verdict is Verdict.PASS
    assert "one-phase vehicle" in result.reason


def test_a_phase_without_current_beside_two_others_warns() -> None:
    result = over("R07", Charge(seconds=900, phases=2).trace())

    assert result.verdict is Verdict.WARN
    assert result.faults["PH-MISSING"] == "L3"


def test_phases_that_move_against_each_other_show_the_neutral() -> None:
    charge = Charge(seconds=900, phases=1)
    charge.base_v[0] = charge.base_v[0] - 1.2 * charge.i[0]
    charge.base_v[1] = charge.base_v[1] + 1.0 * charge.i[0]

    result = over("R07", charge.trace())

    assert result.verdict is Verdict.FAIL
    assert "GND-OPEN-PEN" in result.faults


def test_typed_measurements_are_judged() -> None:
    result = over("R07", Charge(seconds=60).trace(), Facts(answers={"n_pe_v": 60, "phase_rotation": "left"}))

    assert result.verdict is Verdict.FAIL
    assert {"GND-OPEN-PEN", "SUP-ROTATION"} <= result.faults.keys()


def test_without_voltages_and_currents_it_is_inconclusive() -> None:
    dropped = tuple(f"{kind}_l{n}" for kind in ("voltage", "current") for n in (1, 2, 3))

    assert over("R07", Charge(seconds=60).trace(drop=dropped)).verdict is Verdict.INCONCLUSIVE


def test_without_voltages_nothing_is_decided() -> None:
    charge = Charge(seconds=120, plug_at=1000)

    assert over("R07", charge.trace(drop=("voltage_l1", "voltage_l2", "voltage_l3"))).verdict is Verdict.INCONCLUSIVE
