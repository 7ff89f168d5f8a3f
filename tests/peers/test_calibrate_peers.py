"""A whole calibration against two servers that are built on libmodbus, one of them on a serial line at 9600 baud."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evtech.devices.library import Library
from tests.peers.advancing import AdvancingServer, Load, build

TRUE_ERROR_PCT = 2.0
PLAN = """
limit_profile = { limit_pct = 100.0 }
decision_rule = "ilac_g8"
settling_s = 1.0
target_u_pct = 20.0
voltage_v = 230
phases = 3

[device]
resolution_kwh = 0.00001

[reference]
drift_pct = 0.05
influence_pct = 0.05

[reference.certificate]
U_pct = 0.1
k = 2
error_pct = 0.0

[[point]]
current_a = 20
runs = 2

[[point]]
current_a = 40
runs = 3
"""
Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="session")
def advancing_program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("gcc") is None or shutil.which("pkg-config") is None:
        pytest.skip("gcc and pkg-config are missing")
    words = ["pkg-config", "--cflags", "--libs", "libmodbus"]
    flags = subprocess.run(words, capture_output=True, text=True, check=False)
    if flags.returncode:
        pytest.skip("libmodbus-dev is missing")
    return build(tmp_path_factory.mktemp("advancing"), flags.stdout.split())


@pytest.fixture
def load() -> Load:
    return Load()


@pytest.fixture
def charger(advancing_program: Path, load: Load) -> Iterator[AdvancingServer]:
    def values() -> dict[str, float | str]:
        wh = 4_000_000 + load.energy_wh * (1 + TRUE_ERROR_PCT / 100)
        amperes = load.amperes
        state = "C2" if amperes else "B2"
        currents = {f"current_l{n}": amperes for n in (1, 2, 3)}
        volts = {f"voltage_l{n}": load.volts for n in (1, 2, 3)}
        shown = int(wh * 100) / 100
        return {"energy_total": shown, "power_total": load.watts, "cp_state": state, **currents, **volts}

    server = AdvancingServer(advancing_program, ["tcp"], Library().find("alfen-ng9xx"), values)
    yield server
    server.stop()


@pytest.fixture
def meter(advancing_program: Path, load: Load, pty_pair: tuple[str, str]) -> Iterator[str]:
    def values() -> dict[str, float | str]:
        currents = {f"current_l{n}": load.amperes for n in (1, 2, 3)}
        volts = {f"voltage_l{n}": load.volts for n in (1, 2, 3)}
        wh = int(1_000_000 + load.energy_wh)
        return {"energy_import_total": wh, "power_total": load.watts, "frequency": 50.0, **currents, **volts}

    words = ["rtu", pty_pair[0], "9600", "1"]
    server = AdvancingServer(advancing_program, words, Library().find("eastron-sdm630"), values)
    yield f"rtu://{pty_pair[1]}?baud=9600&parity=N&unit=1"
    server.stop()


@pytest.fixture
def start(tmp_path: Path, charger: AdvancingServer, meter: str, load: Load) -> Iterator[Start]:
    plan = tmp_path / "plan.toml"
    plan.write_text(PLAN)
    running: list[subprocess.Popen[str]] = []

    def begin(*words: str) -> subprocess.Popen[str]:
        command = [
            sys.executable, "-m", "evtech", "calibrate", "run", str(plan), "--link",
            f"tcp://127.0.0.1:{charger.port}?unit=1", "--profile", "alfen-ng9xx", "--reference", meter,
            "--reference-profile", "eastron-sdm630", "--json", *words,
        ]  # fmt: skip
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"EVTECH_ARCHIVE": str(tmp_path / "a.evtech"), "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        running.append(process)
        return process

    yield begin
    for process in running:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        process.communicate()


def follow(process: subprocess.Popen[str], load: Load, until: str = "") -> list[str]:
    """Be the technician: set the load that is asked for; return what was said, up to a line that begins so."""
    said = []
    assert process.stderr is not None
    for line in process.stderr:
        said.append(line.rstrip())
        if asked := re.search(r"set the load to (\d+) A", line):
            load.set(float(asked.group(1)))
        if until and line.startswith(until):
            break
    return said


def test_a_calibration_finds_the_true_error(start: Start, load: Load, tmp_path: Path) -> None:
    process = start("-o", str(tmp_path / "run.json"))
    said = follow(process, load)
    assert process.stdout is not None
    answer = json.loads(process.stdout.read())

    assert process.wait(timeout=60) == 0, said
    assert answer["points"][1]["verdict"] == "PASS"
    for point in answer["points"]:
        assert abs(point["error_pct"] - TRUE_ERROR_PCT) < min(point["U_pct"], 10.0)
    record = json.loads((tmp_path / "run.json").read_text())
    assert [len(point["runs"]) for point in record["points"]] == [2, 3]
    words = record["points"][0]["runs"][0]["readings"]
    assert {(r["instrument"], r["when"]) for r in words} == {
        (i, w) for i in ("device", "reference") for w in ("start", "end")
    }
    assert all(len(r["words"]) == (4 if r["instrument"] == "device" else 2) for r in words)
    assert record["device"]["register"] == {
        "point": "energy_total", "table": "holding", "address": 374, "type": "float64", "unit": "Wh"
    }  # fmt: skip


def test_a_killed_calibration_goes_on_with_its_finished_runs(start: Start, load: Load, tmp_path: Path) -> None:
    process = start()
    follow(process, load, until="40 A, run 2: done")
    time.sleep(0.6)  # inside the third run of the second point
    process.send_signal(signal.SIGKILL)
    process.wait()

    again = start("-o", str(tmp_path / "run.json"))
    said = follow(again, load)

    assert again.wait(timeout=60) == 0, said
    assert re.fullmatch(r"Going on with calibration \w{8}: 4 runs are kept\.", said[0])
    done = [line for line in said if "done in" in line]
    assert done[-1].startswith("40 A, run 3: done")
    record = json.loads((tmp_path / "run.json").read_text())
    assert [sum(run["valid"] for run in point["runs"]) for point in record["points"]] == [2, 3]


def test_an_interrupted_calibration_keeps_its_runs_and_says_so(start: Start, load: Load, tmp_path: Path) -> None:
    process = start("-o", str(tmp_path / "run.json"))
    follow(process, load, until="20 A, run 1: done")
    process.send_signal(signal.SIGINT)
    said = follow(process, load)

    assert process.stdout is not None
    answer = json.loads(process.stdout.read())
    assert process.wait(timeout=60) == 130, said
    assert answer["unfinished"]
    runs = json.loads((tmp_path / "run.json").read_text())["points"][0]["runs"]
    assert runs[0]["valid"]
    assert all(run["reason"].startswith("interrupted") for run in runs if not run["valid"])


def test_a_reference_that_stays_silent_ends_with_a_sentence(start: Start, load: Load, charger: AdvancingServer) -> None:
    process = start("--patience", "2")
    follow(process, load, until="20 A, run 1: done")
    charger.stop()
    said = follow(process, load)

    assert process.wait(timeout=60) == 3
    assert any("finished runs are kept" in line for line in said)
    assert not any("Traceback" in line for line in said)
