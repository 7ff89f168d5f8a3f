"""A retest closes a finding only with proof: same circumstances, value within its limit."""

from collections.abc import Mapping

import numpy as np

from evtech.diagnostics.engine import Finding, diagnose
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.retest import CLOSED, NOT_PROVEN, STILL_THERE, judge, watch_s
from evtech.diagnostics.routine import RoutineResult, Verdict
from evtech.diagnostics.trace import Trace


def trace(seconds: int, state: str, **columns: float | str) -> Evidence:
    times = np.arange(seconds, dtype=float)
    texts = {"cp_state": np.full(seconds, state)}
    numbers: dict[str, np.ndarray] = {}
    for name, value in columns.items():
        if isinstance(value, str):
            texts[name] = np.full(seconds, value)
        else:
            numbers[name] = np.full(seconds, float(value))
    return Evidence(Trace(times, numbers, texts))


def volts(l1: float, l2: float, l3: float) -> Mapping[str, float]:
    return {"output_voltage_l1": l1, "output_voltage_l2": l2, "output_voltage_l3": l3}


def welded() -> Finding:
    found = diagnose(trace(30, "A1", relay_command="open", current_l1=0.0, **volts(2, 231, 3)))
    assert found.findings[0].fault.id == "SW-WELD"
    return found.findings[0]


def test_a_pole_that_opens_again_closes_the_finding_with_before_and_after() -> None:
    after = trace(20, "A1", relay_command="open", current_l1=0.0, **volts(1, 2, 1))

    retest = judge(welded(), after)

    assert retest.verdict == CLOSED
    assert any(row["value"] == 231 for row in retest.before)
    assert any(row["point"].startswith("output_voltage") and row["value"] == 2 for row in retest.after)


def test_what_still_shows_is_still_there() -> None:
    after = trace(20, "A1", relay_command="open", current_l1=0.0, **volts(2, 229, 3))

    assert judge(welded(), after).verdict == STILL_THERE


def test_a_charging_vehicle_proves_no_open_contactor() -> None:
    after = trace(20, "C2", relay_command="closed", current_l1=15.0, **volts(230, 230, 230))

    assert judge(welded(), after).verdict == NOT_PROVEN


def test_a_missing_value_proves_nothing() -> None:
    assert judge(welded(), trace(20, "C2", relay_command="closed")).verdict == NOT_PROVEN
    assert judge(welded(), trace(0, "A1")).verdict == NOT_PROVEN


def test_leaving_the_faulty_state_is_proof() -> None:
    finding = next(f for f in diagnose(trace(30, "F")).findings if f.fault.id == "CP-STATE-F")

    assert judge(finding, trace(20, "B1")).verdict == CLOSED
    assert judge(finding, trace(20, "F")).verdict == STILL_THERE


def test_a_routine_that_fails_again_outweighs_a_quiet_watch() -> None:
    after = trace(20, "A1", relay_command="open", current_l1=0.0, **volts(1, 2, 1))
    failed = RoutineResult("R18", Verdict.FAIL, "L2 is live.", faults={"SW-WELD": "L2"})

    assert judge(welded(), after, [failed]).verdict == STILL_THERE


def test_it_watches_as_long_as_the_condition_needs() -> None:
    assert 8 <= watch_s(welded()) <= 60
