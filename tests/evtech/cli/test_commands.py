"""Commands keep their contract: JSON, exit codes, and a sentence instead of a stack trace."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from operator import sub
from pathlib import Path
from statistics import median

import pytest

Finished = subprocess.CompletedProcess[str]


def evtech(*words: str, archive: Path | None = None) -> Finished:
    environment = os.environ | ({"EVTECH_ARCHIVE": str(archive)} if archive else {})
    return subprocess.run(
        [sys.executable, "-m", "evtech", *words], capture_output=True, text=True, env=environment, timeout=60
    )


@pytest.fixture
def charger() -> Iterator[str]:
    words = [sys.executable, "-m", "evtech", "--json", "simulate", "keba-kecontact-p30", "--tcp", "0"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["link"]
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130


def test_the_version_needs_no_library() -> None:
    code = "import sys; from evtech.__main__ import main; sys.argv[1:] = ['--version']; main(); "
    heavy = (
        "print([m for m in sys.modules if m.split('.')[0] in ('typer', 'PySide6', 'pymodbus', 'sqlalchemy', 'numpy')])"
    )
    done = subprocess.run([sys.executable, "-c", code + heavy], capture_output=True, text=True)

    assert done.stdout.splitlines()[1] == "[]"


def test_help_needs_no_heavy_library() -> None:
    code = "import sys; from evtech.cli.app import run; run(['--help']); "
    heavy = "print([m for m in sys.modules if m in ('PySide6', 'pyqtgraph', 'pymodbus', 'sqlalchemy', 'pydantic')])"
    done = subprocess.run([sys.executable, "-c", code + heavy], capture_output=True, text=True)

    assert done.stdout.splitlines()[-1] == "[]"


def test_read_recognises_and_gives_every_point(charger: str) -> None:
    done = evtech("read", charger, "--json")

    data = json.loads(done.stdout)
    assert done.returncode == 0
    assert data["schema"] == "evtech.read/1"
    assert data["device"]["profile"] == "keba-kecontact-p30"
    assert data["device"]["serial_number"] == "20260001"
    assert data["points"]["voltage_l1"]["unit"] == "V"
    assert "current_limit" not in data["points"]
    assert data["state"]["pilot"][0] in "ABC"
    assert "Recognised keba-kecontact-p30" in done.stderr


def test_monitor_writes_lines_and_a_summary_and_records(charger: str, tmp_path: Path) -> None:
    words = ["monitor", charger, "--profile", "keba-kecontact-p30", "--interval", "0.5", "--duration", "6", "--record"]
    done = evtech("--json", *words, archive=tmp_path / "a.evtech")

    lines = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert lines[-1]["type"] == "summary"
    assert lines[-1]["failed"] == 0
    times = [datetime.fromisoformat(line["time"]).timestamp() for line in lines if line["type"] == "sample"]
    assert lines[-1]["interval"]["median"] == pytest.approx(median(map(sub, times[1:], times)), abs=0.02)
    assert any(line.get("event") == "session_started" for line in lines)
    listed = json.loads(evtech("sessions", "list", "--json", archive=tmp_path / "a.evtech").stdout)
    assert listed["shown"] == 1
    checked = json.loads(evtech("archive", "check", "--json", archive=tmp_path / "a.evtech").stdout)
    assert checked["ok"]
    assert checked["samples"] == sum(line["type"] == "sample" for line in lines)
    exported = evtech(
        "sessions", "export", listed["sessions"][0]["id"], "--format", "csv", archive=tmp_path / "a.evtech"
    )
    assert exported.stdout.startswith("time,state,")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["read", "tcp://127.0.0.1:9", "--profile", "keba-kecontact-p30"], 3, "port 9 is closed"),
        (["read", "tcp://no.such.host.invalid"], 3, "not known"),
        (["read", "banana"], 2, "no kind of link"),
        (["read", "tcp://127.0.0.1:9", "--profile", "keba"], 2, "no profile 'keba'"),
        (["read", "rtu:///dev/no-such-port", "--profile", "eastron-sdm630"], 3, "There is no port"),
        (["profiles", "check", "no-such.toml"], 2, ""),
        (["profiles", "show", "nothing"], 2, "no profile"),
        (["sessions", "show", "zzz"], 2, "no session"),
        (["simulate", "keba-kecontact-p30", "--scenario", "nothing"], 2, "no scenario"),
        (["monitor", "tcp://127.0.0.1:9", "--profile", "eastron-sdm630"], 3, "port 9 is closed"),
        (["frobnicate"], 2, "frobnicate"),
    ],
)
def test_a_failure_is_a_sentence_and_an_exit_code(tmp_path: Path, words: list[str], code: int, said: str) -> None:
    done = evtech(*words, archive=tmp_path / "a.evtech")

    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_archive_that_is_none_is_refused_untouched(tmp_path: Path) -> None:
    path = tmp_path / "x.evtech"
    path.write_text("something else")

    done = evtech("archive", "check", archive=path)

    assert done.returncode == 2
    assert "not an evtech archive" in done.stderr
    assert path.read_text() == "something else"


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")
def test_a_killed_recording_goes_on_as_the_same_session(charger: str, tmp_path: Path) -> None:
    archive = tmp_path / "a.evtech"
    words = [sys.executable, "-m", "evtech", "--json", "--archive", str(archive), "monitor", charger, "--profile",
             "keba-kecontact-p30", "--interval", "0.5", "--record"]  # fmt: skip
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if json.loads(line).get("phase") == "CHARGING":
                break
        for _ in range(5):
            process.stdout.readline()
        process.kill()

    done = evtech("--json", *words[4:], "--duration", "3", archive=archive)

    session = json.loads(done.stdout.splitlines()[-1])["session"]
    assert len(session["earlier_recordings"]) == 1
    assert session["gaps"][0]["reason"] == "evtech was not running"
    assert session["energy_wh"] > 0


@pytest.mark.parametrize("words", [("explain", "温度"), ("explain", "温度", "--json")])
def test_a_console_of_256_characters_ends_no_command(words: tuple[str, ...]) -> None:
    environment = os.environ | {"PYTHONIOENCODING": "cp1252", "PYTHONUTF8": "0"}
    done = subprocess.run([sys.executable, "-m", "evtech", *words], capture_output=True, env=environment, timeout=60)

    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    if "--json" in words:
        assert json.loads(done.stdout.decode("utf-8"))["query"] == "温度"


def test_a_visit_alone_is_opened_in_the_window(monkeypatch: pytest.MonkeyPatch) -> None:
    from evtech.cli import app, gui

    seen: list[object] = []
    monkeypatch.setattr(gui, "open_window", lambda *words, files=(): seen.append(list(files)) or 0)

    assert app.run(["/x/visit.evvisit"]) == 0
    assert seen == [["/x/visit.evvisit"]]


@pytest.mark.parametrize("words", [["explain", "--help"], ["--archive", "read", "explain", "--help"]])
def test_a_command_loads_no_other_group(words: list[str]) -> None:
    code = f"import sys; from evtech.cli.app import GROUPS, run; run({words!r}); "
    loaded = "print([group for group in GROUPS if f'evtech.cli.{group}' in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code + loaded], capture_output=True, text=True)

    assert done.stdout.splitlines()[-1] == "['explain']"
