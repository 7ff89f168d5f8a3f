"""``evtech sessions`` and ``evtech report`` on the command line: filters, import, exports, exit codes."""

import json
from pathlib import Path

import pytest

from evtech.cli.app import run
from evtech.store.archive import Archive
from tests.evtech.insights.fleet import fill


@pytest.fixture
def file(tmp_path: Path) -> Path:
    archive = Archive.open(tmp_path / "a.evtech")
    fill(archive)
    archive.close()
    return tmp_path / "a.evtech"


def said(capsys: pytest.CaptureFixture[str], *words: object, code: int = 0) -> dict:
    assert run([str(word) for word in ("--json", *words)]) == code
    return json.loads(capsys.readouterr().out or "{}")


def test_the_list_takes_the_pages_filters(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = said(capsys, "--archive", file, "sessions", "list", "--site", "yard b", "--result", "failed")

    assert (data["shown"], data["hidden"], len(data["sessions"])) == (12, 58, 12)
    assert data["sessions"][0]["source"] == "recorded"


def test_an_export_is_taken_in_by_another_archive(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    export, other = tmp_path / "x.json", tmp_path / "b.evtech"
    said(capsys, "--archive", file, "sessions", "export", "A04", "--format", "json", "-o", export)
    data = said(capsys, "--archive", other, "sessions", "import", export)
    again = said(capsys, "--archive", other, "sessions", "import", export)

    assert (data["files"][0]["sessions"], data["files"][0]["source"]) == (1, "evtech")
    assert again["files"][0]["known"] == 1


def test_insights_of_an_archive_say_what_stands_out(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = said(capsys, "--archive", file, "insights", "--from", "2025-03-03", "--to", "2025-04-07")

    assert data["success"]["attempts"] == 70
    assert {each["kind"] for each in data["suggestions"]} >= {"busy", "port_fails"}


def test_a_wrong_word_is_refused(file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "x.csv").write_text("nothing")
    said(capsys, "--archive", file, "sessions", "list", "--result", "odd", code=2)
    said(capsys, "--archive", file, "sessions", "import", tmp_path / "x.csv", code=2)
    said(capsys, "--archive", file, "sessions", "export", "A04", "--format", "odd", code=2)
    said(capsys, "--archive", file, "report", "odd", "A04", "--pdf", tmp_path / "x.pdf", code=2)


LIST = "Port,Start,End,Energy (kWh),Token\nP1,01.03.2026 11:00,01.03.2026 12:00,5,x\nP1,bad,,1,y\n"


def test_a_list_is_tried_then_taken_in_with_a_zone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, archive = tmp_path / "s.csv", tmp_path / "b.evtech"
    file.write_text(LIST)
    words = ("--archive", archive, "sessions", "import", file, "--timezone", "Europe/Berlin")
    tried = said(capsys, *words, "--dry-run")["files"][0]
    assert (tried["sessions"], tried["import"], tried["problem_count"]) == (1, None, 1)
    assert said(capsys, "--archive", archive, "sessions", "list")["sessions"] == []
    said(capsys, *words, "--strict", code=2)
    taken = said(capsys, *words)["files"][0]
    (session,) = said(capsys, "--archive", archive, "sessions", "list")["sessions"]

    assert (taken["source"], taken["known"], len(taken["ids"])) == ("list", 0, 1)
    assert (session["started"], session["source"], session["token"]) == ("2026-03-01T10:00:00.000Z", "list", "x")


def test_what_was_imported_is_listed_withdrawn_and_brought_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, archive = tmp_path / "s.csv", tmp_path / "b.evtech"
    file.write_text(LIST)
    taken = said(capsys, "--archive", archive, "sessions", "import", file)["files"][0]
    said(capsys, "--archive", archive, "sessions", "withdraw", taken["import"][:8], "--reason", "test data")
    (listed,) = said(capsys, "--archive", archive, "sessions", "imports")["imports"]
    assert (listed["file"], listed["withdrawn"], listed["reason"]) == ("s.csv", True, "test data")
    assert said(capsys, "--archive", archive, "sessions", "list")["shown"] == 0
    said(capsys, "--archive", archive, "sessions", "withdraw", taken["import"], code=2)
    said(capsys, "--archive", archive, "sessions", "restore", taken["import"])
    assert said(capsys, "--archive", archive, "sessions", "list")["shown"] == 1


def test_a_file_read_in_another_way_is_refused_unless_it_replaces(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, archive = tmp_path / "s.csv", tmp_path / "b.evtech"
    file.write_text(LIST)
    words = ("--archive", archive, "sessions", "import", file)
    said(capsys, *words)
    again = said(capsys, *words, "--column", "Energy (kWh)=energy:Wh", code=2)
    assert "read in another way" in again["files"][0]["error"]
    said(capsys, *words, "--column", "Energy (kWh)=energy:Wh", "--replace")

    assert said(capsys, "--archive", archive, "sessions", "list")["total_energy_wh"] == 5


def test_one_bad_file_does_not_keep_the_others_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "s.csv", tmp_path / "x.json"
    good.write_text(LIST)
    bad.write_text("{")
    files = said(capsys, "--archive", tmp_path / "b.evtech", "sessions", "import", bad, good, code=2)["files"]

    assert ["error" in each for each in files] == [True, False]


def test_ports_and_sessions_are_said_to_be_the_same(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cdr = {"id": "1", "start_date_time": "2025-03-03T16:00:20Z", "end_date_time": "2025-03-03T16:30:00Z",
           "total_energy": 2.01, "cdr_location": {"evse_id": "DE*X*E1"}}  # fmt: skip
    (tmp_path / "c.json").write_text(json.dumps([cdr]))
    said(capsys, "--archive", file, "sessions", "import", tmp_path / "c.json")
    told = said(capsys, "--archive", file, "sessions", "same-port", "DE*X*E1", "KEBA P30 A")
    listed = said(capsys, "--archive", file, "sessions", "list", "--charger", "P30 A", "--to", "2025-03-04")["sessions"]
    (left,) = [each for each in listed if each["left_out"]]
    assert (told["repeated"], left["same_as"], left["source"]) == (1, "A00", "cdr")
    assert said(capsys, "--archive", file, "sessions", "apart", left["id"])["same_as"] is None
    assert said(capsys, "--archive", file, "sessions", "same", left["id"], "A01")["same_as"] == "A01"
    said(capsys, "--archive", file, "sessions", "same", "A01", "A01", code=2)
