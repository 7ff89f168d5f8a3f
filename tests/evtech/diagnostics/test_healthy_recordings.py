"""Legal behaviour close to the limits is accused of nothing: sessions of four hours, odd meters, odd loggers."""

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from evtech.diagnostics.engine import Diagnosis, diagnose
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.trace import Trace, read_trace
from tests.evtech.diagnostics.station import Row, Script, Station, change, plug, record, set_item, unplug, write_csv

FOUR_HOURS = 4 * 3600.0
END: Script = [(13_600, change(wants=False)), (13_640, unplug)]


def steps_of_limit(every: float, values: tuple[float, ...]) -> Script:
    return [(300 + every * n, change(wanted=values[n % len(values)])) for n in range(int(13_000 / every))]


BIG = {"rated": 32.0, "wanted": 32.0, "on_board_a": 32.0}
SESSIONS: dict[str, tuple[dict[str, Any], Script]] = {
    "one phase 16 A": ({"on_board_phases": 1}, [(30, plug), *END]),
    "one-phase box 32 A": ({**BIG, "fed": [True, False, False], "on_board_phases": 1}, [(30, plug), *END]),
    "one-phase box wired to L2": ({"fed": [False, True, False], "on_board_phases": 3}, [(30, plug), *END]),
    "two phases": ({"on_board_phases": 2}, [(30, plug), *END]),
    "three phases 32 A": ({**BIG, "ambient": 14.0}, [(30, plug), *END]),
    "taper to the end": ({"capacity_wh": 30_000.0, "soc": 0.5}, [(30, plug)]),
    "plug-in hybrid, full, topping up": (
        {"on_board_phases": 1, "capacity_wh": 9_000.0, "soc": 0.3},
        [(30, plug), (9000, change(wants=False)), *[(10_000 + 900 * n, change(wants=True, soc=0.95)) for n in range(4)],
         *[(10_015 + 900 * n, change(wants=False)) for n in range(4)]],
    ),
    "the vehicle's own schedule": (
        {"wants": False},
        [(30, plug), (5000, change(wants=True)), (9000, change(wants=False)), (11_000, change(wants=True))]
    ),
    "the charger's schedule": (
        {}, [(30, plug), (3000, change(enabled=False)), (6600, change(enabled=True)), (9000, change(wants=False)),
             (9900, change(wants=True))],
    ),
    "load management in steps": (
        BIG | {"ambient": 12.0}, [(30, plug), *steps_of_limit(60, (16.0, 10.0, 6.0, 20.0, 13.0))],
    ),
    "solar surplus with pauses": ({}, [(30, plug), *steps_of_limit(600, (6.0, 9.0, 14.0, 0.0, 7.0, 8.0))]),
    "a warm charger under its limit": ({"ambient": 40.0, "rated": 32.0, "wanted": 16.0}, [(30, plug), *END]),
    "warm and limited by its site since morning": ({"ambient": 46.0, "rated": 16.0, "wanted": 32.0}, [(30, plug)]),
    "a thin but legal feed": ({"on_board_phases": 1, "loop_ohm": [0.6, 0.6, 0.6]}, [(30, plug), *END]),
    "the neighbour cooks": (
        {}, [(30, plug), (4000, set_item("house", 1, 30.0)), (8000, set_item("house", 1, 0.0)),
             (9000, set_item("house", 0, 22.0))],
    ),
    "a high but legal network": ({"idle_v": [250.5, 249.8, 250.9]}, [(30, plug), *END]),
    "a watchdog served with the failsafe value": ({"wanted": 6.0, "failsafe": 6.0}, [(30, plug), *END]),
}  # fmt: skip


def answer(path: Path, facts: Facts | None = None) -> Diagnosis:
    return diagnose(Evidence(read_trace(path), facts))


def accused(diagnosis: Diagnosis) -> list[str]:
    return [finding.fault.id for finding in diagnosis.findings if finding.fault.severity != "info"]


@cache
def recorded(name: str, every: float) -> list[Row]:
    parts, script = SESSIONS[name]
    parts = {key: list(value) if isinstance(value, list) else value for key, value in parts.items()}
    return record(Station(step=min(every, 3.0), **parts), script, FOUR_HOURS, every, 0.05 if every > 3 else 0.0)


def session(name: str, every: float) -> list[Row]:
    return [dict(row) for row in recorded(name, every)]


def thinned(trace: Trace, every: int) -> Trace:
    numbers = {name: column[::every] for name, column in trace.numbers.items()}
    return Trace(trace.times[::every], numbers, {name: column[::every] for name, column in trace.texts.items()})


AT_ONE_HERTZ = ("one phase 16 A", "three phases 32 A", "two phases", "taper to the end", "the charger's schedule")


@pytest.mark.parametrize("name", SESSIONS)
def test_four_hours_of_a_healthy_vehicle(name: str, tmp_path: Path) -> None:
    pace = 1.0 if name in AT_ONE_HERTZ else 3.0
    trace = read_trace(write_csv(tmp_path / "t.csv", session(name, pace)))
    facts = Facts(registers={"watchdog_s": 600, "failsafe_a": 6})
    for every in (1, 5, 20, 60, 240):
        diagnosis = diagnose(Evidence(thinned(trace, every), facts if every == 1 else None))

        assert accused(diagnosis) == [], every * pace
        assert diagnosis.result == "healthy"


@pytest.mark.parametrize(
    "drop",
    [
        ("sw_cmd", "vout1", "vout2", "vout3"), ("lim_set", "lim_hw"), ("e",), ("p", "f"), ("v1", "v2", "v3"),
        ("v2", "v3", "i2", "i3"), ("fault", "auth_state", "uptime", "rcm_dc"), ("lim_eff", "lim_set", "duty"),
    ],
    ids=lambda drop: drop[0],
)  # fmt: skip
@pytest.mark.parametrize("name", ["load management in steps", "the charger's schedule"])
def test_missing_columns_accuse_nobody(name: str, drop: tuple[str, ...], tmp_path: Path) -> None:
    assert accused(answer(write_csv(tmp_path / "t.csv", session(name, 5.0), drop=drop))) == []


def coarse(row: Row) -> None:
    for key in ("v1", "v2", "v3", "i1", "i2", "i3"):
        row[key] = round(row[key])
    row["p"] = row["v1"] * row["i1"] + row["v2"] * row["i2"] + row["v3"] * row["i3"]


def kilowatt_hours(row: Row) -> None:
    row["e"] = row["e"] // 1000 * 1000


def letters_only(row: Row) -> None:
    row["state"] = row["state"][0]


def behind_the_contactor(row: Row) -> None:
    if row["sw_cmd"] == "open":
        row["v1"] = row["v2"] = row["v3"] = 0.0


def tethered(row: Row) -> None:
    row["pp_amp"] = 0


def open_proximity(row: Row) -> None:
    row["pp_ohm"] = 220.0 if row["state"][0] in "BC" else 65535.0


def sixty_hertz(row: Row) -> None:
    row["f"] = row["f"] + 10


def paused_meter(row: Row) -> None:
    if row["i1"] == 0:
        row["f"], row["pf"] = 0.0, 0.3
    else:
        row["pf"] = 0.96


def holes(row: Row) -> None:
    if int(row["time"]) % 7 < 2:
        row["p"] = row["e"] = row["v1"] = row["uptime"] = ""
    if int(row["time"]) % 11 == 0:
        row["state"] = "NaN" if row["time"] % 2 else ""


def enumeration(row: Row) -> None:
    row["state"] = {"A1": 2, "B1": 4, "B2": 5, "C1": 6, "C2": 7, "F": 10}[row["state"]]


@pytest.mark.parametrize(
    "odd",
    [
        coarse, kilowatt_hours, letters_only, behind_the_contactor, tethered, open_proximity, sixty_hertz, paused_meter,
        holes, enumeration,
    ],
)  # fmt: skip
@pytest.mark.parametrize("every", [3.0, 10.0])
def test_odd_meters_and_loggers_accuse_nobody(odd: Callable[[Row], None], every: float, tmp_path: Path) -> None:
    rows = [row for row in session("the charger's schedule", every) if not 7000 < row["time"] < 7900]
    for row in rows:
        odd(row)

    diagnosis = answer(write_csv(tmp_path / "t.csv", rows))

    assert accused(diagnosis) == []
    assert diagnosis.result == "healthy"


def test_a_register_written_once_a_minute_does_not_jump(tmp_path: Path) -> None:
    rows = session("three phases 32 A", 1.0)[:3000]
    for n, row in enumerate(rows):
        row["e"] = rows[n - n % 60]["e"]

    assert accused(answer(write_csv(tmp_path / "t.csv", rows))) == []


def test_a_session_counter_that_begins_anew_has_not_fallen_back(tmp_path: Path) -> None:
    station = Station(step=1.0)
    rows = record(
        station, [(30, plug), (900, change(wants=False)), (930, unplug), (1000, change(plugged=True, wants=True))], 1800
    )
    begin = 0.0
    for row in rows:
        begin = row["e"] if row["state"] == "A1" else begin
        row["session_energy"] = round(row.pop("e") - begin, 1)

    assert accused(answer(write_csv(tmp_path / "t.csv", rows))) == []
