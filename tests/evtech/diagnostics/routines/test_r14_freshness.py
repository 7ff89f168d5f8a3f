"""R14: frozen values, a register that stands still, falls, jumps, torn reads."""

import numpy as np

from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import over


def changed(name: str, values: np.ndarray) -> Charge:
    charge = Charge()
    charge.numbers = {name: values}
    return charge


ENERGY = Charge().trace().numbers["energy_total"]
T = Charge().t


def test_living_values_pass() -> None:
    assert over("R14", Charge().trace()).verdict is Verdict.PASS


def test_all_values_frozen_are_stale() -> None:
    trace = Charge().trace()
    held = np.where(T > 600, 600, np.arange(len(T))).astype(int)
    charge = Charge()
    charge.numbers = {name: column[held] for name, column in trace.numbers.items()}

    result = over("R14", charge.trace())

    assert result.verdict is Verdict.FAIL
    assert "COM-STALE" in result.faults


def test_a_register_that_stands_still_is_overdue() -> None:
    result = over("R14", changed("energy_total", np.where(T > 600, ENERGY[600], ENERGY)).trace())

    assert result.verdict is Verdict.FAIL
    assert list(result.faults) == ["MTR-FREEZE"]


def test_a_register_that_falls_is_a_rollback() -> None:
    result = over("R14", changed("energy_total", np.where(T > 600, ENERGY - 5000, ENERGY)).trace())

    assert "MTR-ROLLBACK" in result.faults
    assert "only rises" in result.reason


def test_a_jump_that_no_power_explains_is_told() -> None:
    result = over("R14", changed("energy_total", np.where(T > 600, ENERGY + 5000, ENERGY)).trace())

    assert "MTR-ROLLBACK" in result.faults
    assert "jumped" in result.reason


def test_two_words_read_apart_are_a_torn_value() -> None:
    torn = np.where(T == 600, ENERGY - 65536 * 0.1, ENERGY)
    charge = changed("energy_total", np.round(torn, 1))
    for amps in charge.i:
        amps *= 0.02  # a slow register shows its smallest step

    result = over("R14", charge.trace())

    assert result.verdict is Verdict.FAIL


def test_a_short_charge_is_inconclusive_about_freshness() -> None:
    charge = Charge(seconds=120)

    steps = {step.name: step.verdict for step in over("R14", charge.trace()).steps}

    assert steps["freshness"] is Verdict.INCONCLUSIVE


def test_without_any_live_value_it_is_inconclusive() -> None:
    trace = Charge(seconds=60).trace()

    assert over("R14", type(trace)(trace.times, {}, trace.texts)).verdict is Verdict.INCONCLUSIVE


def test_a_register_at_rest_proves_nothing() -> None:
    assert over("R14", Charge(seconds=40).trace()).verdict is Verdict.INCONCLUSIVE
