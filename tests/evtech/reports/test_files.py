"""A file is whole or not there, whatever the disk does."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evtech.errors import ArchiveError
from evtech.reports.files import write_parts, write_whole


def test_a_file_appears_whole(tmp_path: Path) -> None:
    write_whole(tmp_path / "report.pdf", b"whole")

    assert [(f.name, f.read_bytes()) for f in tmp_path.iterdir()] == [("report.pdf", b"whole")]


def test_a_place_that_takes_nothing_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, *args: object, **words: object) -> None:
        raise OSError(30, "Read-only file system")

    for name in ("write_bytes", "unlink"):  # as on a read-only mount, which a test cannot make
        monkeypatch.setattr(Path, name, refuse)

    with pytest.raises(ArchiveError, match=r"report\.pdf cannot be written: Read-only file system"):
        write_whole(tmp_path / "report.pdf", b"whole")


def test_a_target_that_is_a_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()

    with pytest.raises(ArchiveError):
        write_whole(tmp_path / "folder", b"whole")
    assert [f.name for f in tmp_path.iterdir()] == ["folder"]


def test_a_file_whose_parts_fail_is_not_there(tmp_path: Path) -> None:
    def parts() -> Iterator[bytes]:
        yield b"one"
        raise ArchiveError("the second part is damaged")

    with pytest.raises(ArchiveError, match="second part"):
        write_parts(tmp_path / "x.json", parts())
    assert list(tmp_path.iterdir()) == []
    write_parts(tmp_path / "x.json", [b"one", b"two"])
    assert (tmp_path / "x.json").read_bytes() == b"onetwo"
