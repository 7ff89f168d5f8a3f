"""`evtech calibrate` keeps its contract: JSON, exit codes, no stack trace."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.evtech.calibration.records import ac_record, coarse_record

Finished = subprocess.CompletedProcess[str]


def calibrate(*words: str) -> Finished:
    """Run a command and return how it ended."""
    return subprocess.run(
        [sys.executable, "-m", "evtech", "calibrate", *words], capture_output=True, text=True, timeout=60
    )


def record_file(folder: Path, record: Any) -> str:
    """Return the path of a record's file."""
    path = folder / "run.json"
    path.write_text(record if isinstance(record, str) else json.dumps(record), "utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("record", "verdict", "code"),
    [
        (ac_record(), "PASS", 0),
        (coarse_record(limit=1.0), "FAIL", 1),
        (coarse_record(limit=2.0), "CONDITIONAL_FAIL", 1),
        (ac_record(limit=0.6), "CONDITIONAL_PASS", 0),
        (ac_record(limit="us_hb44_dc", started="2026-05-05"), "INDICATIVE", 0),
    ],
)
def test_verdict_and_exit_code(tmp_path: Path, record: dict[str, Any], verdict: str, code: int) -> None:
    done = calibrate("evaluate", record_file(tmp_path, record), "--json")
    data = json.loads(done.stdout)
    assert (data["schema"], data["verdict"], done.returncode) == ("evtech.calibration/1", verdict, code)
    assert (data["reason"] is None) == (verdict != "INDICATIVE")
    assert done.stderr == ""


def test_the_object_has_the_promised_keys(tmp_path: Path) -> None:
    data = json.loads(calibrate("evaluate", record_file(tmp_path, ac_record()), "--json").stdout)
    promised = {
        "name", "n", "error_pct", "s_pct", "u_c_pct", "nu_eff", "k", "U_pct", "limit_pct", "acceptance_limit_pct",
        "verdict", "n_rejected", "tur", "p_c", "reported", "budget",
    }  # fmt: skip
    assert promised <= set(data["points"][0])
    assert {"id", "name", "distribution", "u_pct", "nu", "share"} <= set(data["points"][0]["budget"][0])
    assert sum(line["share"] for line in data["points"][0]["budget"]) == pytest.approx(1.0)
    assert data["conditions_not_met"] == []


@pytest.mark.parametrize(
    "record", ["", "{", "[]", '{"schema": "x"}', ac_record(limit="nowhere"), ac_record(limit=-1.0)]
)
def test_a_wrong_file_is_said_in_two_lines(tmp_path: Path, record: Any) -> None:
    done = calibrate("evaluate", record_file(tmp_path, record), "--json", "--pdf", str(tmp_path / "r.pdf"))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("evtech: ")
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "r.pdf").exists()


def test_reports_are_written_and_the_result_stays_alone_on_standard_output(tmp_path: Path) -> None:
    files = [str(tmp_path / name) for name in ("r.pdf", "r.html")]
    words = ("--pdf", files[0], "--html", files[1], "--lang", "de", "--seed", "4", "--json")
    done = calibrate("evaluate", record_file(tmp_path, ac_record()), *words)
    assert json.loads(done.stdout)["points"][0]["monte_carlo"]["seed"] == 4
    assert Path(files[0]).read_bytes().startswith(b"%PDF")
    assert "BESTANDEN" in Path(files[1]).read_text("utf-8")


def test_a_dose_from_options_says_why() -> None:
    words = ("--limit-profile", "us_hb44_ac", "--resolution-kwh", "0.01", "--power-kw", "22", "--json")
    data = json.loads(calibrate("plan", *words).stdout)
    point = data["points"][0]
    assert (point["dose_kwh"], point["decided_by"]) == (pytest.approx(4.082, abs=5e-4), "resolution")
    assert point["duration_s"] == pytest.approx(668, abs=1)
    assert data["limits"]["mark"] == "not verified against the legal text"


@pytest.mark.parametrize(
    "words", [(), ("--limit-pct", "1"), ("--limit-profile", "x", "--resolution-kwh", "1"), ("--limit-pct", "-1")]
)
def test_a_dose_that_cannot_be_computed_is_refused(words: tuple[str, ...]) -> None:
    done = calibrate("plan", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "Traceback" not in done.stderr
