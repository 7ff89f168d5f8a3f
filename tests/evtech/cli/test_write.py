"""``evtech write`` describes without arming, and with it writes, holds, restores and audits."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from evtech.store.archive import Archive


def evtech(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "evtech", *words], capture_output=True, text=True, timeout=60)


WORDS = ["--profile", "heidelberg-energy-control", "--json"]


def test_without_arming_it_only_says_what_it_would_do(tmp_path: Path) -> None:
    done = evtech("write", "demo:heidelberg-energy-control", "current_limit", "10", *WORDS)

    assert done.returncode == 0
    assert json.loads(done.stdout) == {
        "point": "current_limit", "before": 16.0, "wanted": 10.0, "after": None, "read_back": None, "restored": None,
        "audit_id": None,
    }  # fmt: skip


def test_armed_it_writes_holds_restores_and_audits(tmp_path: Path) -> None:
    archive = tmp_path / "a.evtech"
    words = [
        "write",
        "demo:heidelberg-energy-control",
        "current_limit",
        "10",
        *WORDS,
        "--arm",
        "--technician",
        "A. Novak",
    ]

    done = evtech("--archive", str(archive), *words, "--hold", "1")

    data = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr
    assert (data["before"], data["after"], data["read_back"], data["restored"]) == (16.0, 10.0, True, True)
    opened = Archive.open(archive)
    assert [row["result"] for row in opened.audit_rows()] == ["intended", "written", "restored"]
    assert opened.check().ok
    opened.close()


@pytest.mark.parametrize(
    ("more", "said"),
    [(["32", "--arm", "--technician", "x"], "too much"), (["10", "--arm"], "Nobody is named"), (["4"], "not possible")],
)
def test_a_wrong_write_is_a_sentence(tmp_path: Path, more: list[str], said: str) -> None:
    words = ["write", "demo:heidelberg-energy-control", "current_limit", *more, *WORDS]

    done = evtech("--archive", str(tmp_path / "a.evtech"), *words)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
