"""``evtech diagnose`` with routines: over a recording, live, without a profile; writing only when armed."""

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from evtech.diagnostics.routines import ROUTINES
from tests.evtech.diagnostics.bad_servers import BadTcp
from tests.evtech.diagnostics.recordings import Charge

ALL = [routine.id for routine in ROUTINES]
WORDS = {"PASS", "WARN", "FAIL", "INCONCLUSIVE", "NOT_APPLICABLE", "SKIPPED"}


def evtech(*words: str) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run([sys.executable, "-m", "evtech", *words], capture_output=True, text=True, timeout=120)
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout) if done.stdout.strip() else {}, done.stderr


def saved(charge: Charge, path: Path) -> Path:
    trace = charge.trace()
    columns = {**trace.numbers, **trace.texts}
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["time", *columns])
        writer.writerows([t, *(column[i] for column in columns.values())] for i, t in enumerate(trace.times))
    return path


def verdicts(data: dict[str, Any]) -> dict[str, str]:
    return {routine["id"]: routine["verdict"] for routine in data["routines"]}


def test_a_recording_is_answered_by_all_eighteen_in_the_words_of_the_contract(tmp_path: Path) -> None:
    code, data, _ = evtech("diagnose", "--trace", str(saved(Charge(), tmp_path / "a.csv")), "--json")

    assert code == 0
    assert list(verdicts(data)) == ALL
    assert set(verdicts(data).values()) <= WORDS
    assert all({"id", "verdict", "reason", "measured"} <= routine.keys() for routine in data["routines"])


def test_named_routines_alone_are_listed_and_a_fail_names_the_fault(tmp_path: Path) -> None:
    charge = Charge(seconds=3600)
    charge.energy_error = 0.97
    path = str(saved(charge, tmp_path / "slow.csv"))

    code, data, _ = evtech("diagnose", "--trace", path, "--routine", "R12", "--routine", "r08", "--json")

    assert code == 1
    assert verdicts(data) == {"R12": "FAIL", "R08": "INCONCLUSIVE"}
    assert data["findings"][0]["id"] == "MTR-MISMATCH"


def test_facts_are_judged_and_put_their_cause_first(tmp_path: Path) -> None:
    facts = {
        "answers": {"ab_resistance_ohm": 118, "something_else": 1},
        "link": {"kind": "rtu", "outcomes": [{"condition": "C2 16 A", "unit": 1, "registers": 16, "requests": 200,
                 "ok_pct": 95.5, "crc_pct": 3.0, "timeout_pct": 1.5, "p50_ms": 42, "p95_ms": 1012}]},
    }  # fmt: skip
    (tmp_path / "facts.json").write_text(json.dumps(facts))
    path = str(saved(Charge(seconds=120), tmp_path / "a.csv"))

    code, data, said = evtech("diagnose", "--trace", path, "--facts", str(tmp_path / "facts.json"), "--json")

    assert code == 1
    assert data["findings"][0]["id"] == "COM-CRC-NOISE"
    assert data["findings"][0]["causes"][0]["cause"].startswith("Termination")
    assert verdicts(data)["R01"] == "FAIL"
    assert "no step asks for something_else" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--routine", "R77"], "R77 is no routine"),
        (["--routine", "R06", "--arm", "--technician", "A"], "--arm needs a link"),
        (["--facts", "FACTS"], "ab_resistance_ohm = -4"),
    ],
)
def test_wrong_use_is_a_sentence(tmp_path: Path, words: list[str], said: str) -> None:
    (tmp_path / "facts.json").write_text('{"answers": {"ab_resistance_ohm": -4}}')
    words = [str(tmp_path / "facts.json") if word == "FACTS" else word for word in words]

    code, _, error = evtech("diagnose", "--trace", str(saved(Charge(seconds=60), tmp_path / "a.csv")), *words)

    assert code == 2
    assert said in error


def test_live_a_routine_runs_on_the_device() -> None:
    code, data, _ = evtech(
        "diagnose", "demo:heidelberg-energy-control", "--routine", "R03", "--duration", "3", "--json"
    )

    assert code == 0
    assert data["routines"][0]["measured"]["profile"] == "heidelberg-energy-control"


async def test_without_a_profile_the_link_alone_is_diagnosed() -> None:
    async with BadTcp(lambda *_: None) as server:
        pass
    code, data, _ = evtech("diagnose", f"tcp://127.0.0.1:{server.port}", "--routine", "R02", "--json")

    assert code == 1
    assert data["findings"][0]["id"] == "COM-TCP-UNREACHABLE"
    assert data["routines"][0]["measured"]["connection"] == "refused"


def test_arming_needs_a_name() -> None:
    code, _, error = evtech("diagnose", "demo:heidelberg-energy-control", "--routine", "R06", "--arm")

    assert code == 2
    assert "Nobody is named" in error
