"""R18: the output in A, by register, by tester, by current, by feedback."""

import numpy as np
import pytest

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge, outputs
from tests.evtech.diagnostics.running import over


def switched(charge: Charge | None = None) -> Charge:
    made = charge or Charge(seconds=600, unplug_at=500)
    made.command = np.where(made.charging, "closed", "open")
    out = outputs(made)
    made.numbers = {f"output_voltage_l{n + 1}": out[n] for n in range(3)}
    return made


def test_a_dead_output_passes() -> None:
    assert over("R18", switched().trace()).verdict is Verdict.PASS


@pytest.mark.parametrize("poles", [(1,), (2,), (1, 3)])
def test_a_welded_pole_fails_with_its_name(poles: tuple[int, ...]) -> None:
    charge = switched()
    for pole in poles:
        charge.numbers[f"output_voltage_l{pole}"] = np.full(len(charge.t), 231.0)

    result = over("R18", charge.trace())

    assert result.verdict is Verdict.FAIL
    assert result.faults["SW-WELD"] == ",".join(f"L{pole}" for pole in poles)


def test_a_voltage_between_is_not_decided() -> None:
    charge = switched()
    charge.numbers["output_voltage_l2"] = np.where(charge.charging, 231.0, 90.0)

    result = over("R18", charge.trace())

    assert any(s.verdict is Verdict.INCONCLUSIVE and "induced" in s.reason for s in result.steps)
    assert "SW-WELD" not in result.faults


def test_a_pole_that_stays_dead_does_not_close() -> None:
    charge = switched()
    charge.numbers["output_voltage_l3"] = np.full(len(charge.t), 4.0)

    assert over("R18", charge.trace()).faults == {"SW-NO-CLOSE": "L3"}


def test_current_with_an_open_contactor_fails() -> None:
    charge = Charge(seconds=600, unplug_at=500)
    charge.i[1][charge.t > 520] = 3.0

    assert over("R18", charge.trace()).faults == {"SW-WELD": "L2"}


def test_a_tester_at_the_outlet_decides() -> None:
    trace = Charge(seconds=60).trace()

    assert over("R18", trace, Facts(answers={"output_l1_v": 231})).faults == {"SW-WELD": "L1"}
    good = over("R18", trace, Facts(answers={f"output_l{n}_v": 2 for n in (1, 2, 3)}))
    assert good.verdict is Verdict.PASS


def test_a_meter_behind_the_contactor_sees_the_output() -> None:
    charge = Charge(seconds=600, unplug_at=500)
    for volts in charge.base_v:
        volts[~charge.charging] = 1.0

    assert over("R18", charge.trace(), Facts(answers={"meter_position": "behind"})).verdict is Verdict.PASS
    assert over("R18", charge.trace(), Facts(answers={"meter_position": "before"})).verdict is Verdict.INCONCLUSIVE
