"""Files in pieces: lines with their numbers, encodings, fingerprints, progress that can stop."""

import hashlib
import threading
from pathlib import Path

import pytest

from evtech.errors import InputError
from evtech.exchange.progress import GivenUpError, Progress
from evtech.exchange.source_file import SourceFile


def test_lines_have_numbers_and_no_ends(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"\xef\xbb\xbfone\r\ntwo\n\nfour")

    assert [(line.number, line.text) for line in SourceFile(tmp_path / "x").lines()] == [
        (1, "one"), (2, "two"), (3, ""), (4, "four"),
    ]  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_line_that_is_too_long_is_passed_over(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "x").write_bytes(f"one\n{'x' * 5000}\nthree\n{'y' * 5000}".encode(encoding))
    found = [(line.number, line.text) for line in SourceFile(tmp_path / "x").lines(encoding, 100)]

    assert found == [(1, "one"), (2, None), (3, "three"), (4, None)]


def test_the_fingerprint_is_that_of_the_content(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc" * 10)

    assert SourceFile(tmp_path / "x").fingerprint() == hashlib.sha256(b"abc" * 10).hexdigest()


def test_progress_is_told_and_can_stop(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("line\n" * 10_000)
    told: list[tuple[str, int, int]] = []
    stop = threading.Event()
    source = SourceFile(tmp_path / "x", Progress(lambda *words: told.append(words), stop))
    lines = source.lines()
    for _ in range(1000):
        next(lines)
    assert told[0][0] == "reading"
    assert 0 < told[0][1] < told[0][2] == 50_000

    stop.set()
    with pytest.raises(GivenUpError):
        list(lines)


def test_a_file_that_cannot_be_read_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *words: object, **named: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "x").write_text("x")
    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match="x cannot be read: Permission denied"):
        SourceFile(tmp_path / "x")
