# ruff: noqa: E501  (a recording reads best on one line)
"""Short recordings with few columns: what they can show is found, what they cannot is not accused."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from evtech.diagnostics.engine import Diagnosis, diagnose
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.trace import read_trace

Line = Callable[[int], tuple[Any, ...]]


def answer(folder: Path, head: str, line: Line, rows: int, facts: dict[str, Any] | None = None) -> Diagnosis:
    text = "".join(",".join(map(str, line(n))) + "\n" for n in range(rows))
    (folder / "t.csv").write_text(f"{head}\n{text}")
    return diagnose(Evidence(read_trace(folder / "t.csv"), Facts(**(facts or {}))))


WATCHDOG = {"registers": {"watchdog_s": 600, "failsafe_a": 6}}
FOUND: dict[str, tuple[str, Line, int, str, str | None, float, dict[str, Any]]] = {
    "weld, five samples a second": (
        "t,state,sw_cmd,vout1,vout2,vout3",
        lambda n: (round(-5 + 0.2 * n, 1), *(("C2", "closed", 230, 229, 231) if n < 25 else ("B1", "open", 4, 228.6, 3))),
        80, "SW-WELD", "L2", 0, {},
    ),
    "weld, a sample a minute": (
        "t,state,vout1,vout2,vout3", lambda n: (60 * n, *(("C2", 230, 229, 231) if n < 5 else ("A1", 4, 2, 229))),
        12, "SW-WELD", "L3", 300, {},
    ),
    "weld, a bare letter and numbers": (
        "t,state,sw_cmd,vout1,vout2,vout3,lim_eff",
        lambda n: (n, *(("C", 1, 230, 229, 231, 16) if n < 25 else ("A", 0, 231, 2, 3, 16))), 60, "SW-WELD", "L1", 25, {},
    ),
    "weld, by current in B": (
        "t,state,i1,i2,i3", lambda n: (n, *(("C", 16, 16, 16) if n < 25 else ("B", 0, 2.1, 0))), 60, "SW-WELD", "L2", 25, {},
    ),
    "a lost phase that is fed back": (
        "t,state,v1,v2,v3,i1,i2,i3",
        lambda n: (n, "C2", 230.4, 229.1, *((231.2, 16, 16, 16) if n < 60 else (61.2, 16, 16, 0))),
        120, "SUP-PHASE-LOSS", "L3", 60, {},
    ),
    "L1 lost to 40 V is no wrong map": (
        "t,state,v1,v2,v3,i1", lambda n: (n, "C2", 231 if n < 60 else 40.3, 229, 231, 16), 120, "SUP-PHASE-LOSS", "L1", 60, {},
    ),
    "a lost supply is no dead contactor": (
        "t,state,sw_cmd,v1,v2,v3,vout1,vout2,vout3", lambda n: (n, "C2", "closed", 231, 229, 3, 231, 229, 3),
        60, "SUP-PHASE-LOSS", "L3", 0, {},
    ),
    "feedback stays open": (
        "t,state,sw_cmd,sw_fb,i1", lambda n: (n, "C2", "closed", "open", 0), 30, "SW-NO-CLOSE", None, 0, {}
    ),
    "watchdog, only the offer": (
        "t,state,lim_eff,i1", lambda n: (5 * n, "C2", *((16, 16) if 5 * n % 900 < 600 else (6, 6))),
        700, "LIM-WATCHDOG", None, 600, WATCHDOG,
    ),
    "derating without a set limit": (
        "t,state,lim_eff,t_int,i1",
        lambda n: (10 * n, "C2", round(32 - min(12, max(0, n - 60) * 0.1), 1), round(40 + min(n, 80) * 0.35, 1), 20),
        200, "TMP-DERATE", None, 710, {},
    ),
    "a hot terminal": (
        "t,state,i1,i2,i3,t_term1,t_term2,t_term3,ambient",
        lambda n: (30 * n, "C2", 32, 32, 32, 37, round(30 + min(n, 60) * 0.9, 1), 36, 22), 100, "SUP-HIGH-Z", "L2", 1260, {},
    ),
    "a stuck register, steady power": (
        "t,state,p,e,i1", lambda n: (10 * n, "C2", 11000, 512345, 16), 60, "MTR-FREEZE", None, 0, {}
    ),
    "a fall across missing values": (
        "t,state,p,e", lambda n: (n, "C2", 11000, "" if 100 <= n < 110 else 500000 + 3 * n - 3000 * (n >= 110)),
        300, "MTR-ROLLBACK", None, 110, {},
    ),
    "a restart in a gap": (
        "t,state,i1,uptime", lambda n: (n if n < 100 else n + 12, "C2", 16, 5000 + n if n < 100 else n - 99),
        200, "SUP-POWER-LOSS", None, 112, {},
    ),
    "an insulation fault": (
        "t,state,dc_v,dc_i,insulation_resistance", lambda n: (n, "C2", 400, 100, 120_000 if n < 50 else 22_000),
        100, "DC-ISO", None, 50, {},
    ),
    "a symmetric pilot": ("t,state,cp_v,cp_v_neg,i1", lambda n: (n, "B2", 9, -8.8, 0), 60, "CP-DIODE", None, 0, {}),
    "a meter of zeros": ("t,state,v1,v2,v3,i1,p", lambda n: (n, "C2", 0, 0, 0, 0, 0), 60, "MTR-UNREADABLE", None, 0, {}),
    "a flapping pilot": ("t,state,i1", lambda n: (n / 2, "C2" if n // 4 % 2 else "B2", 0), 200, "CP-FLAP", None, 14, {}),
    "a residual current of the other polarity": (
        "t,state,i1,rcm_dc", lambda n: (n, *(("C2", 16, -0.4) if n < 50 else ("C2", 16, -7.5) if n < 60 else ("F", 0, -0.4))),
        90, "RCD-DC", None, 50, {},
    ),
    "a joint under a limit that is stepped": (
        "t,state,v1,i1", lambda n: (n, "C2", round(231 - 1.1 * (a := (6, 16)[n // 25 % 2]), 1), a),
        300, "SUP-HIGH-Z", "L1", 27, {},
    ),
    "one phase above the offer": (
        "t,state,i1,i2,i3,lim_eff", lambda n: (n, "C2", 36.4 if n > 30 else 31, 31, 31, 32), 60, "EV-OVERCURRENT", "L1", 31, {},
    ),
    "a digital link that fails": (
        "t,state,duty,hlc_state,i1", lambda n: (n, "B2", 5, "matching" if n < 60 else "timeout", 0), 150, "EV-HLC", None, 0, {},
    ),
    "a register of hundreds, seldom read": (
        "t,state,p,e,i1", lambda n: (30 * n, "C2", 10_450, 1e6 + int(n * 30 * 10_450 * 0.9 / 3600 // 100) * 100, 15),
        240, "MTR-MISMATCH", None, 570, {},
    ),
    "starts of a vehicle that tops up from the beginning": (
        "t,state,i1,lim_eff", lambda n: (n, *(("C2", 9, 16) if n % 300 > 285 else ("B2", 0, 16))), 2700, "EV-RETRY", None, 890, {},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_what_it_shows_is_found(name: str, tmp_path: Path) -> None:
    head, line, rows, fault, phase, since, facts = FOUND[name]
    first = answer(tmp_path, head, line, rows, facts).findings[0]

    assert (first.fault.id, first.phase) == (fault, phase)
    assert first.began == pytest.approx(since, abs=15)


def test_all_phases_above_the_offer_name_none(tmp_path: Path) -> None:
    found = answer(tmp_path, "t,state,i1,i2,i3,lim_eff", lambda n: (n, "C2", 20, 20, 20, 16), 60).findings[0]

    assert (found.fault.id, found.phase) == ("EV-OVERCURRENT", None)


HEALTHY: dict[str, tuple[str, Line, int, dict[str, Any]]] = {
    "an orderly unplugging": (
        "t,state,i1", lambda n: (n, "C2" if n < 50 else "B2" if n < 54 else "A1", 16 if n < 50 else 0), 100, {}
    ),
    "an unplugging between slow polls": ("t,state,i1", lambda n: (10 * n, *(("C2", 16) if n < 50 else ("A1", 0))), 100, {}),
    "induced voltage beside one phase": (
        "t,state,sw_cmd,vout1,vout2,vout3,v1,v2,v3,i1", lambda n: (n, "C2", "closed_L1", 230, 88, 91, 231, 230, 229, 16), 99, {}
    ),
    "a limit that is the failsafe current": (
        "t,state,lim_set,lim_eff,i1", lambda n: (5 * n, "C2", *(3 * (16 if n < 130 else 6,))), 300, WATCHDOG
    ),
    "a vehicle that follows in five seconds": (
        "t,state,i1,lim_eff", lambda n: (n, "C2", 16 if n < 105 else 10, 16 if n < 100 else 10), 300, {}
    ),
    "a pilot without PWM": (
        "t,state,i1,cp_v,cp_v_neg,duty", lambda n: (n, *(("A", 0, 12, 12, 100) if n < 20 else ("C", 16, 6, -12, 26.7))), 99, {}
    ),
    "one damaged answer of 200": (
        "t,state,i1", lambda n: (n, "C2", 16), 60, {"link": {"kind": "rtu", "outcomes": [{"unit": 1, "crc_pct": 0.5}]}}
    ),
    "a pulse that wakes the vehicle": (
        "t,state,i1,lim_eff",
        lambda n: (n, *(("B2", 0, 16) if n < 30 else ("E", 0, 16) if n < 34 else ("B2", 0, 16) if n < 40 else ("C2", 15, 16))),
        200, {},
    ),
    "a limit that pauses six times an hour": (
        "t,state,i1,lim_eff", lambda n: (2 * n, *(("B1", 0, 0) if n % 250 < 60 else ("C2", 10, 10))), 1800, {}
    ),
    "a DC charge": ("t,state,dc_v,dc_i,insulation_resistance", lambda n: (n, "C2", 400, 300, 900_000), 99, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", HEALTHY)
def test_what_is_legal_is_accused_of_nothing(name: str, tmp_path: Path) -> None:
    assert answer(tmp_path, *HEALTHY[name]).result == "healthy"


@pytest.mark.parametrize(
    ("head", "line", "rows", "missing"),
    [
        ("t,v1,v2,v3", lambda n: (n, 230, 230, 230), 300, "evse.state"),
        ("t,state", lambda n: (n, "C2"), 300, "m.i_max"),
        ("t,state,i1", lambda n: (n, "C2", 16), 2, "samples"),
        ("t,state,i1", lambda n: (n, "B", 0), 300, "lim.eff"),
        ("t,state,i1,fault", lambda n: (n, "C2", 16, 37), 300, "meaning of code 37"),
        ("t,state,i1", lambda n: (n, 3, 0), 300, "evse.state"),
    ],
)
def test_what_cannot_be_told_is_inconclusive(head: str, line: Line, rows: int, missing: str, tmp_path: Path) -> None:
    diagnosis = answer(tmp_path, head, line, rows)

    assert diagnosis.result == "inconclusive"
    assert missing in diagnosis.missing


def test_the_pace_that_proves_nothing_is_said(tmp_path: Path) -> None:
    diagnosis = answer(tmp_path, "t,state,i1,rcm_dc", lambda n: (5 * n, "C2", 16, 1), 100)

    assert any("RCD-DC" in text and "not measurable over this link" in text for text in diagnosis.not_measurable)
