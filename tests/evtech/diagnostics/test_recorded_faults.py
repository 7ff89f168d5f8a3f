"""Recordings of a station with a defect: the right fault first, on the right phase, since the right moment."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from evtech.diagnostics.engine import Diagnosis, diagnose
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.trace import read_trace
from tests.evtech.diagnostics.station import (
    LONG_NAMES,
    Row,
    Script,
    Station,
    change,
    plug,
    record,
    set_item,
    unplug,
    write_csv,
)


@dataclass
class Case:
    """A station, what happens to it, and what must be found: fault, phase, since when (None = not judged)."""

    fault: str
    script: Script
    parts: dict[str, Any] = field(default_factory=dict)
    phase: str | None = None
    since: float | None = None
    seconds: float = 900.0
    step: float = 0.25
    facts: dict[str, Any] = field(default_factory=dict)
    result: str = "findings"
    needs: tuple[str, ...] = ()  # columns that show it: not dropped
    slow: bool = True  # also provable with samples five seconds apart


PLUG: Script = [(30, plug)]
ORDERLY: Script = [(30, plug), (400, change(wants=False)), (420, unplug)]


def weld(index: int) -> Callable[[Station], None]:
    return set_item("poles_stuck_closed", index, True)


def trip(word: str) -> Callable[[Station], None]:
    return change(code=word)


def bursts(first: float, every: float, length: float, count: int) -> Script:
    script: Script = []
    for n in range(count):
        script += [(first + n * every, change(wants=True)), (first + n * every + length, change(wants=False))]
    return script


CASES: dict[str, Case] = {
    "one pole welds while charging": Case("SW-WELD", [*ORDERLY, (200, weld(1))], phase="L2", since=402),
    "two poles welded": Case("SW-WELD", [*ORDERLY, (200, weld(0)), (200, weld(2))], phase="L1,L3"),
    "a welded pole before anybody came": Case(
        "SW-WELD", [], {"poles_stuck_closed": [False, False, True]}, "L3", 0, seconds=120
    ),
    "a welded pole seen by its current": Case(
        "SW-WELD", [(30, plug), (100, weld(0)), (200, change(enabled=False, wants=False, draws_anyway=3.0))],
        {"on_board_phases": 1}, "L1", needs=("i1",),
    ),
    "a phase is lost upstream": Case("SUP-PHASE-LOSS", [*PLUG, (300, set_item("fed", 2, False))], {}, "L3", 300),
    "L1 is lost upstream": Case("SUP-PHASE-LOSS", [*PLUG, (300, set_item("fed", 0, False))], {}, "L1", 300),
    "two phases are lost": Case(
        "SUP-PHASE-LOSS", [*PLUG, (300, set_item("fed", 0, False)), (300, set_item("fed", 1, False))], {}, "L1,L2", 300
    ),
    "a pole does not close": Case("SW-NO-CLOSE", PLUG, {"poles_dead": [False, True, False]}, "L2"),
    "no pole closes": Case("SW-NO-CLOSE", PLUG, {"poles_dead": [True, True, True]}, "L1,L2,L3"),
    "earth breaks while charging": Case(
        "PE-LOST", [*PLUG, (300, change(pilot_lost=True))], since=300, slow=False
    ),
    "the charger says no earth": Case("PE-LOST", [*PLUG, (300, trip("no_earth"))], since=300),
    "a vehicle leaks direct current": Case(
        "RCD-DC", [*PLUG, (300, change(leak_ma=7.5)), (303, trip("rcd_dc"))], since=301, slow=True
    ),
    "a leak without a code": Case("RCD-DC", [*PLUG, (300, change(leak_ma=8.0)), (320, change(latched_f=True))]),
    "the charger trips on AC": Case("RCD-AC", [*PLUG, (300, trip("rcd_ac"))], since=300),
    "the vehicle never starts": Case("EV-NO-START", PLUG, {"wants": False}, since=30),
    "a vehicle takes more than offered": Case(
        "EV-OVERCURRENT", [*PLUG, (300, change(follows=False)), (305, change(wanted=8.0))], since=305
    ),
    "a hot charger derates": Case(
        "TMP-DERATE", PLUG, {"ambient": 49.0, "rated": 32.0, "wanted": 32.0, "on_board_a": 32.0}, seconds=5400, step=1.0
    ),
    "a hot charger stops": Case(
        "TMP-STOP", PLUG, {"ambient": 52.0, "rated": 32.0, "wanted": 32.0, "on_board_a": 32.0, "derates": False},
        seconds=5400, step=1.0,
    ),
    "a joint warms and grows": Case(
        "SUP-HIGH-Z", PLUG,
        {"joint_ohm": [0.0, 0.16, 0.0], "joint_growth": 0.03, "rated": 32.0, "wanted": 32.0, "on_board_a": 32.0},
        "L2", seconds=4000, step=1.0,
    ),
    "a thin feed on one phase": Case("SUP-HIGH-Z", PLUG, {"loop_ohm": [0.2, 0.2, 1.05]}, "L3"),
    "a single-phase box on a bad joint": Case(
        "SUP-HIGH-Z", PLUG, {"loop_ohm": [1.1, 0.2, 0.2], "fed": [True, False, False], "on_board_phases": 1}, "L1"
    ),
    "the register stands still": Case("MTR-FREEZE", [*PLUG, (120, change(register_stuck=True))], seconds=1500),
    "the register is 3 % slow": Case("MTR-MISMATCH", PLUG, {"register_gain": 0.97}, seconds=3600, step=1.0),
    "the register is 4 % fast": Case("MTR-MISMATCH", PLUG, {"register_gain": 1.04}, seconds=3600, step=1.0),
    "the register falls back": Case("MTR-ROLLBACK", [*PLUG, (300, change(register_shift=-4000.0))], since=300),
    "the register jumps": Case("MTR-ROLLBACK", [*PLUG, (300, change(register_shift=6500.0))], since=300),
    "the meter is gone": Case("MTR-UNREADABLE", [*PLUG, (300, change(meter_dead=True))], since=300),
    "the meter's values stand": Case("COM-STALE", [*PLUG, (300, change(meter_hangs=True))]),
    "the neutral floats": Case("GND-OPEN-PEN", [*PLUG, (300, change(floating_neutral=True))], since=300),
    "the network is too high": Case("SUP-OVERVOLT", PLUG, {"idle_v": [258.0, 257.5, 258.5]}, "L1,L2,L3", seconds=1500),
    "the network sags": Case("SUP-UNDERVOLT", PLUG, {"idle_v": [206.0, 230.0, 229.0]}, "L1", seconds=1500),
    "the watchdog falls back again and again": Case(
        "LIM-WATCHDOG", PLUG, {"watchdog_s": 300.0, "refresh_s": 500.0}, seconds=2400, step=1.0,
        facts={"registers": {"watchdog_s": 300, "failsafe_a": 6}},
    ),
    "nothing is written any more": Case(
        "LIM-WATCHDOG", PLUG, {"watchdog_s": 600.0}, since=600, seconds=1200, step=0.5,
        facts={"registers": {"watchdog_s": 600, "failsafe_a": 6}},
    ),
    "the charger restarts": Case(
        "SUP-POWER-LOSS", [*PLUG, (300, change(up_since=300.0, ready_for=0.0))], since=300
    ),
    "earth check of a vehicle": Case(
        "EV-EARTH-CHECK", [(30, plug), (36, change(wants=False)), *bursts(60, 77, 9, 3), *bursts(390, 41, 13, 3)]
    ),
    "interrupted again and again": Case(
        "SES-PATTERN", [*PLUG, *[(300 + 310 * n + 40 * (n % 3), change(wants=False)) for n in range(6)],
                        *[(400 + 310 * n + 70 * (n % 2), change(wants=True)) for n in range(6)]], seconds=2500,
    ),
    "no return after a pause": Case(
        "EV-NO-RESUME", [*PLUG, (300, change(enabled=False)), (420, change(enabled=True, wants=False))], since=None
    ),
    "the pilot flaps": Case(
        "CP-FLAP", [*PLUG, *[(300 + 3 * n, change(wants=bool(n % 2))) for n in range(20)]], slow=False
    ),
    "a write is not adopted": Case(
        "LIM-WRITE-IGNORED", [*PLUG, (200, lambda s: setattr(s, "wanted", 14.0)), (300, change(wanted=10.0))],
        {"rated": 16.0}, seconds=500, needs=("lim_set",), slow=False,
    ),
    "the sensor drifts with heat": Case(
        "RCD-NUISANCE", [(30, plug), (1500, trip("rcd_dc")), (1520, trip("0")), (2000, trip("rcd_dc")),
                         (2030, trip("0")), (2500, trip("rcd_dc")), (2550, trip("0")),
                         (2600, change(wants=False)), (2610, unplug)],
        {"offset_per_k": 0.09, "rated": 32.0, "wanted": 32.0, "on_board_a": 32.0, "ambient": 30.0,
         "heat_per_a2": 0.03}, seconds=3000, step=1.0,
    ),
}  # fmt: skip


def station(case: Case, **more: Any) -> Station:
    return Station(
        step=case.step, **{**{k: (list(v) if isinstance(v, list) else v) for k, v in case.parts.items()}, **more}
    )


def answer(path: Path, case: Case) -> Diagnosis:
    return diagnose(Evidence(read_trace(path), Facts(**case.facts)))


def ids(diagnosis: Diagnosis) -> list[str]:
    return [finding.fault.id for finding in diagnosis.findings if finding.fault.severity != "info"]


def rows_of(case: Case, every: float = 1.0, jitter: float = 0.0) -> list[Row]:
    rows = record(station(case), case.script, case.seconds, every, jitter)
    if case.fault == "LIM-WRITE-IGNORED":
        for row in rows:
            row["lim_eff"] = 14.0 if row["time"] >= 200 else 16.0
            row["lim_hw"] = 16.0
    return rows


@pytest.mark.parametrize("name", CASES)
def test_the_right_fault_stands_first(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    diagnosis = answer(write_csv(tmp_path / "t.csv", rows_of(case)), case)

    assert ids(diagnosis)[:1] == [case.fault]
    first = diagnosis.findings[0]
    assert first.phase == case.phase
    assert case.since is None or first.began == pytest.approx(case.since, abs=6)
    assert diagnosis.result == case.result


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.slow])
def test_also_with_slow_jittering_samples_and_long_names(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    rows = rows_of(case, every=5.0, jitter=0.4)

    assert ids(answer(write_csv(tmp_path / "t.csv", rows, names=LONG_NAMES, iso=True), case))[:1] == [case.fault]
