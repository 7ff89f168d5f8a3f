"""``evtech findings`` on the command line: list, judge, check again, limits, and what insights say of it."""

import json
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evtech.cli.app import run
from evtech.store.archive import Archive
from tests.evtech.insights.findings import fill


@pytest.fixture(autouse=True)
def own_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVTECH_FINDINGS", str(tmp_path / "findings.toml"))
    return tmp_path / "findings.toml"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    archive = Archive.open(tmp_path / "a.evtech")
    fill(archive)
    archive.close()
    return tmp_path / "a.evtech"


def said(capsys: pytest.CaptureFixture[str], file: Path, *words: object, code: int = 0) -> dict:
    assert run(["--json", "--archive", str(file), *map(str, words)]) == code
    return json.loads(capsys.readouterr().out or "{}")


def test_findings_are_listed_newest_first_with_their_ids(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = said(capsys, file, "findings", "list")

    assert [f["rule"] for f in data["findings"]] == ["gap", "creep", "clock"]
    assert all(len(f["id"]) == 12 and f["status"] == "open" for f in data["findings"])
    assert [f["rule"] for f in said(capsys, file, "findings", "list", "--rule", "clock")["findings"]] == ["clock"]
    assert said(capsys, file, "findings", "list", "--to", "2026-03-01")["shown"] == 0
    assert said(capsys, file, "findings", "list", "--site", "nowhere")["shown"] == 0


def test_a_finding_is_dismissed_counted_shown_and_reopened(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = next(f["id"] for f in said(capsys, file, "findings", "list")["findings"] if f["rule"] == "clock")
    who = ("--reason", "a test of the clock", "--technician", "N. Kim")
    assert said(capsys, file, "findings", "dismiss", wanted[:6], *who)["status"] == "dismissed"

    left = said(capsys, file, "findings", "list")
    assert (left["shown"], left["dismissed"]) == (2, 1)
    assert said(capsys, file, "findings", "list", "--all")["shown"] == 3
    insights = said(capsys, file, "insights")["anomalies"]
    assert {(a["rule"], a["status"], a["reason"]) for a in insights if a["rule"] == "clock"} == {
        ("clock", "dismissed", "a test of the clock")
    }
    assert run(["--archive", str(file), "insights"]) == 0
    assert "1 dismissed findings are not shown" in capsys.readouterr().out
    said(capsys, file, "findings", "reopen", wanted, "--technician", "N. Kim")
    assert said(capsys, file, "findings", "list")["shown"] == 3
    assert said(capsys, file, "findings", "accept", wanted, "--technician", "N. Kim")["status"] == "accepted"


def test_who_and_why_must_be_said(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = said(capsys, file, "findings", "list")["findings"][0]["id"]
    said(capsys, file, "findings", "dismiss", wanted, "--technician", "N. Kim", code=2)
    said(capsys, file, "findings", "accept", wanted, code=2)
    said(capsys, file, "findings", "dismiss", "zzzz", "--reason", "x", "--technician", "N. Kim", code=2)


def test_one_finding_is_shown_with_its_evidence_in_german(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = next(f["id"] for f in said(capsys, file, "findings", "list")["findings"] if f["rule"] == "clock")
    data = said(capsys, file, "findings", "show", wanted, "--lang", "de")

    assert data["text"].startswith("Die Uhr der Ladestation")
    assert [e["value"] for e in data["evidence"]] == [16.0, 0.1]
    assert run(["--archive", str(file), "findings", "show", wanted]) == 0
    assert "session s-1" in capsys.readouterr().out


def test_an_archive_is_checked_once_and_on_demand_again(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = said(capsys, file, "findings", "check")
    assert (first["checked"], first["interrupted"]) == (1, False)
    assert said(capsys, file, "findings", "check")["checked"] == 0
    assert said(capsys, file, "findings", "check", "--again", "--from", "2026-03-02")["checked"] == 1
    said(capsys, file, "findings", "check", "--from", "2026-03-02", "--to", "2026-03-01", code=2)


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Let Ctrl+C act as in a terminal: what a shell starts in the background ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_an_interrupted_check_keeps_what_it_did_and_goes_on(
    file: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, ctrl_c: None
) -> None:
    from evtech.insights import session_check

    archive = Archive.open(file)
    for n in (2, 3):
        archive.close_session(replace(archive.session("s-1"), id=f"s-{n}"))
    archive.close()
    whole = session_check.judged

    def interrupted(*words: Any) -> Any:
        signal.raise_signal(signal.SIGINT)  # as Ctrl+C does, in the middle of a session
        return whole(*words)

    monkeypatch.setattr(session_check, "judged", interrupted)
    first = said(capsys, file, "findings", "check", code=130)
    monkeypatch.undo()

    assert (first["checked"], first["interrupted"]) == (1, True)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert said(capsys, file, "findings", "check")["checked"] == 2


def test_limits_are_listed_and_a_wrong_file_is_named(
    file: Path, own_limits: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own_limits.write_text("clock_s = 12\n")
    rows = {row["name"]: row for row in said(capsys, file, "findings", "limits")["limits"]}
    assert (rows["clock_s"]["value"], rows["clock_s"]["default"], rows["clock_s"]["unit"]) == (12.0, 5.0, "s")
    own_limits.write_text("clock = 12\n")
    said(capsys, file, "findings", "limits", code=2)
    said(capsys, file, "findings", "check", code=2)


def test_an_adjustment_is_kept(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    who = ("--reason", "new meter", "--technician", "N. Kim")
    data = said(capsys, file, "findings", "adjusted", "p30", "--at", "2026-03-05", *who)
    assert (data["port"], data["at"]) == ("KEBA P30 A", 1772668800.0)
    said(capsys, file, "findings", "adjusted", "elsewhere", *who, code=2)
