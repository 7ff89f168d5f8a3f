"""R13: who ends charging?"""

import numpy as np

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge, pause
from tests.evtech.diagnostics.running import over


def test_an_undisturbed_charge_with_its_usual_end_passes() -> None:
    result = over("R13", Charge(unplug_at=1500).trace())

    assert result.verdict is Verdict.PASS
    assert result.measured["interruptions"] == 0


def test_a_vehicle_that_pauses_is_no_fault() -> None:
    charge = Charge()
    for start in (400, 900):
        pause(charge, start, start + 200)

    result = over("R13", charge.trace())

    assert result.verdict is Verdict.PASS
    assert result.faults == {"EV-PAUSED": None}
    assert result.measured["rows"][0]["first_mover"] == "state"


def test_a_withdrawn_limit_is_the_site() -> None:
    charge = Charge()
    for start in (400, 900):
        pause(charge, start, start + 200, "B1")
        charge.limit[charge.between(start - 1, start + 200)] = 0

    assert "LIM-EVSE-PAUSE" in over("R13", charge.trace()).faults


def test_a_rhythm_of_short_bursts_is_the_vehicle_s() -> None:
    charge = Charge()
    for start in range(100, 1700, 60):
        pause(charge, start, start + 40)

    result = over("R13", charge.trace())

    assert result.verdict is Verdict.WARN
    assert "EV-RETRY" in result.faults


def test_a_voltage_that_falls_first_is_the_supply() -> None:
    charge = Charge()
    for start in (400, 900):
        for volts in charge.base_v:
            volts[charge.between(start - 4, start + 20)] = 185
        pause(charge, start, start + 200)

    result = over("R13", charge.trace())

    assert result.verdict is Verdict.FAIL
    assert "SUP-UNDERVOLT" in result.faults


def test_a_fall_to_the_failsafe_is_the_watchdog() -> None:
    charge = Charge()
    for start in (400, 1000):
        pause(charge, start, start + 200, "B1")
        charge.limit[charge.between(start - 1, start + 200)] = 0

    result = over("R13", charge.trace(), Facts(registers={"watchdog_s": 600, "failsafe_a": 0}))

    assert "LIM-WATCHDOG" in result.faults


def test_different_causes_are_mixed() -> None:
    charge = Charge()
    pause(charge, 400, 500)
    pause(charge, 700, 800)
    for volts in charge.base_v:
        volts[charge.between(696, 720)] = 185

    result = over("R13", charge.trace())

    assert result.verdict is Verdict.WARN
    assert "mixed origin" in result.reason


def test_without_a_charge_or_a_state_it_is_inconclusive() -> None:
    charge = Charge()
    charge.state[:] = "A1"

    assert over("R13", charge.trace()).verdict is Verdict.INCONCLUSIVE
    assert over("R13", Charge().trace(drop=("cp_state",))).verdict is Verdict.INCONCLUSIVE
    assert np.isin("C2", Charge().state)
