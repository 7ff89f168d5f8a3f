"""R01 judges counts of requests; live links are in ``test_communication.py``."""

from typing import Any

import pytest

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.routine import Verdict
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import over

TRACE = Charge(seconds=60).trace()
SOUND = {
    "condition": "idle", "unit": 1, "registers": 16, "requests": 200, "ok_pct": 100, "crc_pct": 0, "timeout_pct": 0,
    "p50_ms": 40, "p95_ms": 60,
}  # fmt: skip


def link(kind: str, *rows: dict[str, Any], **answers: float) -> Facts:
    return Facts(answers=dict(answers), link={"kind": kind, "outcomes": [SOUND | row for row in rows]})


def test_a_sound_link_passes_and_says_what_that_proves() -> None:
    result = over("R01", TRACE, link("rtu", {}))

    assert result.verdict is Verdict.PASS
    assert "proves only under 1.5 %" in result.reason


@pytest.mark.parametrize(
    ("kind", "row", "verdict", "fault"),
    [
        ("rtu", {"crc_pct": 3.0}, Verdict.FAIL, "COM-CRC-NOISE"),
        ("rtu", {"crc_pct": 0.4}, Verdict.WARN, None),
        ("tcp", {"timeout_pct": 1.0}, Verdict.WARN, None),
        ("tcp", {"timeout_pct": 4.0}, Verdict.FAIL, "COM-INTERMITTENT"),
        ("tcp", {"timeout_pct": 100.0, "ok_pct": 0}, Verdict.FAIL, "COM-TCP-NO-REPLY"),
        ("rtu", {"timeout_pct": 100.0, "ok_pct": 0}, Verdict.FAIL, "COM-RTU-SILENT"),
        ("tcp", {"p95_ms": 400}, Verdict.WARN, None),
        ("tcp", {"p95_ms": 1200}, Verdict.FAIL, "COM-INTERMITTENT"),
        ("tcp", {"exception_pct": 60.0}, Verdict.FAIL, "COM-EXCEPTION"),
    ],
)
def test_each_limit_is_judged(kind: str, row: dict[str, Any], verdict: Verdict, fault: str | None) -> None:
    result = over("R01", TRACE, link(kind, row))

    assert result.verdict is verdict
    assert (fault in result.faults) if fault else not result.faults


def test_noise_that_follows_the_current_is_told() -> None:
    result = over("R01", TRACE, link("rtu", {}, {"condition": "C2 16 A", "crc_pct": 3.0}))

    assert "grows with the load" in result.reason


def test_one_damaged_id_among_clean_ones_is_two_devices() -> None:
    result = over("R01", TRACE, link("rtu", {}, {"unit": 2, "crc_pct": 20.0}, {"unit": 3}))

    assert "COM-DUP-ID" in result.faults
    assert "Only unit 2" in result.reason


def test_a_missing_terminator_is_measured() -> None:
    result = over("R01", TRACE, link("rtu", {"crc_pct": 3.0}, ab_resistance_ohm=118))

    assert "118 ohm, only one end is terminated" in result.reason
    assert ("COM-CRC-NOISE", "Termination is missing or there is too much of it") in result.favours


def test_without_counts_nothing_is_judged() -> None:
    assert over("R01", TRACE).verdict is Verdict.INCONCLUSIVE
