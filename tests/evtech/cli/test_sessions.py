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
