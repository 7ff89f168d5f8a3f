"""``calibrate run`` on the simulated charger: its answer, its file, its report, and what it refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PLAN = """
limit_profile = { limit_pct = 50.0 }
decision_rule = "ilac_g8"
settling_s = 60
target_u_pct = 5.0
voltage_v = 230
phases = 3
[reference]
drift_pct = 0.03
influence_pct = 0.02
[reference.certificate]
number = "K-1"
U_pct = 0.05
k = 2
error_pct = -0.06
[[point]]
current_a = 16
runs = 3
"""
CHARGER, METER = "demo:keba-kecontact-p30", "demo:eastron-sdm630"
Finished = subprocess.CompletedProcess[str]


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "plan.toml"
    path.write_text(PLAN)
    return path


def evtech(folder: Path, *words: str, typed: str = "") -> Finished:
    return subprocess.run(
        [sys.executable, "-m", "evtech", *words, "--json"], capture_output=True, text=True, timeout=90, input=typed,
        env=os.environ | {"EVTECH_ARCHIVE": str(folder / "a.evtech")},
    )  # fmt: skip


def refused(done: Finished, said: str, code: int = 2) -> None:
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_answer_the_file_and_the_report_agree(tmp_path: Path, plan: Path) -> None:
    record = tmp_path / "run.json"
    words = ("--arm", "--technician", "Ada", "-o", str(record))

    done = evtech(tmp_path, "calibrate", "run", str(plan), "--link", CHARGER, "--reference", METER, *words)

    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    point = answer["points"][0]
    assert answer["verdict"] == "PASS"
    assert abs(point["error_pct"] - 0.62) < point["U_pct"]
    assert answer["file"] == str(record)
    again = json.loads(evtech(tmp_path, "calibrate", "evaluate", str(record)).stdout)
    assert again["points"] == answer["points"]
    report = evtech(tmp_path, "report", "calibration", answer["id"][:8], "--pdf", str(tmp_path / "r.pdf"))
    assert report.returncode == 0, report.stderr
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")


def test_a_portable_standard_is_read_from_standard_input(tmp_path: Path, plan: Path) -> None:
    plan.write_text(
        PLAN.replace('decision_rule = "ilac_g8"', 'decision_rule = "ilac_g8"\nstart_stop = "static"')
        .replace("drift_pct", 'manual = true\nmanual_entry = "energy"\nresolution_kwh = 0.001\ndrift_pct')
        .replace("runs = 3", "runs = 1\ndose_kwh = 0.5")
    )
    words = ("--arm", "--technician", "Ada", "-o", str(tmp_path / "run.json"))

    evtech(tmp_path, "calibrate", "run", str(plan), "--link", CHARGER, *words, typed="0.5\n")

    runs = json.loads((tmp_path / "run.json").read_text())["points"][0]["runs"]
    assert runs[0]["reference_kwh"] == 0.5
    assert runs[0]["device_end_kwh"] > runs[0]["device_start_kwh"]


def test_an_input_that_ends_before_the_reading_is_no_endless_wait(tmp_path: Path, plan: Path) -> None:
    plan.write_text(
        'start_stop = "static"\n' + PLAN.replace("drift_pct", "manual = true\nresolution_kwh = 0.001\ndrift_pct")
    )

    done = evtech(tmp_path, "calibrate", "run", str(plan), "--link", CHARGER, "--arm", "--technician", "Ada")

    assert done.returncode == 3
    assert "The input ended before the reference's reading was typed." in done.stderr
    assert json.loads(done.stdout)["unfinished"]


def test_without_a_reference_nothing_is_measured(tmp_path: Path, plan: Path) -> None:
    refused(evtech(tmp_path, "calibrate", "run", str(plan), "--link", CHARGER), "There is no reference")


def test_an_expired_certificate_blocks_where_the_plan_says_so(tmp_path: Path, plan: Path) -> None:
    text = PLAN.replace('number = "K-1"', 'number = "K-1"\ndue = 2020-01-01')
    plan.write_text('expired_certificate = "block"\n' + text)

    done = evtech(tmp_path, "calibrate", "run", str(plan), "--link", CHARGER, "--reference", METER)

    refused(done, "was due on 2020-01-01")


def test_a_charger_that_does_not_answer_is_no_connection(tmp_path: Path, plan: Path) -> None:
    words = ("--link", "tcp://127.0.0.1:9?unit=1", "--profile", "alfen-ng9xx", "--reference", METER)

    assert evtech(tmp_path, "calibrate", "run", str(plan), *words).returncode == 3


def test_resuming_needs_something_unfinished(tmp_path: Path, plan: Path) -> None:
    words = ("--link", CHARGER, "--reference", METER, "--resume")

    refused(evtech(tmp_path, "calibrate", "run", str(plan), *words), "no unfinished calibration")


def test_a_folder_that_is_not_there_is_refused_before_anything_is_measured(tmp_path: Path, plan: Path) -> None:
    words = ("--link", CHARGER, "--reference", METER, "-o", str(tmp_path / "no" / "run.json"))

    refused(evtech(tmp_path, "calibrate", "run", str(plan), *words), "There is no folder")


def test_a_current_that_the_charger_cannot_offer_ends_with_its_rating(tmp_path: Path, plan: Path) -> None:
    plan.write_text(PLAN.replace("current_a = 16", "current_a = 200"))
    words = ("--link", CHARGER, "--reference", METER, "--arm", "--technician", "Ada")

    done = evtech(tmp_path, "calibrate", "run", str(plan), *words)

    assert done.returncode == 2
    assert "current_limit = 200 is out of range" in done.stderr
    assert "Traceback" not in done.stderr
