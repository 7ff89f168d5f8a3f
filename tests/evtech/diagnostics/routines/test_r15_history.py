"""R15: restarts and faults, from counters and from what is told of the past."""

import numpy as np

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import over

TRACE = Charge(seconds=300).trace()


def events(*rows: tuple[str, str, str, str]) -> Facts:
    return Facts(previous=[dict(zip(("time", "event", "code", "text"), row, strict=True)) for row in rows])


def test_a_clean_history_passes() -> None:
    assert over("R15", TRACE).verdict is Verdict.PASS


def test_three_unexplained_restarts_in_a_day_fail() -> None:
    charge = Charge(seconds=900)
    charge.numbers = {"uptime": charge.t % 200}

    result = over("R15", charge.trace())

    assert result.verdict is Verdict.FAIL
    assert "4 restart(s)" in result.reason


def test_restarts_on_command_are_explained() -> None:
    rows = [(f"2026-03-01T0{n}:00:00Z", "boot", "", "reset by command") for n in range(5)]

    assert over("R15", TRACE, events(*rows)).verdict is Verdict.PASS


def test_the_same_fault_four_times_in_a_week_fails_and_a_consequence_does_not_count() -> None:
    rows = [(f"2026-03-0{n}T08:00:00Z", "fault", "F3", "") for n in range(1, 5)]
    rows += [(f"2026-03-0{n}T08:00:03Z", "fault", "F9", "") for n in range(1, 5)]

    result = over("R15", TRACE, events(*rows))

    assert result.verdict is Verdict.FAIL
    assert result.measured["faults"] == {"F3": 4}


def test_one_fault_warns_and_is_copied() -> None:
    charge = Charge(seconds=300)
    trace = charge.trace()
    codes = np.where(charge.t > 200, "0x9001", "0")
    trace = type(trace)(trace.times, trace.numbers, {**trace.texts, "error_code": codes})

    result = over("R15", trace)

    assert result.verdict is Verdict.WARN
    assert result.measured["copied"]["error_code"] == "0x9001"


def test_without_counters_and_codes_it_is_inconclusive() -> None:
    assert over("R15", Charge(seconds=60).trace(drop=("error_code",))).verdict is Verdict.INCONCLUSIVE
