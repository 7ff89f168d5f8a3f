"""Writes what is handed over: beside its place first, then renamed, so a file is whole or not there."""

import contextlib
from collections.abc import Callable, Iterable
from pathlib import Path

from evtech.errors import ArchiveError


def write_whole(target: Path, data: bytes) -> None:
    """Write a file; raise ``ArchiveError`` saying why it cannot be."""
    _write(target, lambda aside: aside.write_bytes(data))


def write_parts(target: Path, parts: Iterable[bytes]) -> None:
    """Write a file that is made part by part; raise ``ArchiveError`` saying why it cannot be."""

    def write(aside: Path) -> None:
        with aside.open("wb") as file:
            file.writelines(parts)

    _write(target, write)


def _write(target: Path, write: Callable[[Path], object]) -> None:
    aside = target.with_name(target.name + ".part")
    try:
        write(aside)
        aside.replace(target)
    except OSError as error:
        _remove(aside)
        raise ArchiveError(f"{target} cannot be written: {error.strerror}.", "Choose another folder.") from error
    except BaseException:  # what makes the parts has failed, or was given up
        _remove(aside)
        raise


def _remove(aside: Path) -> None:
    with contextlib.suppress(OSError):  # there may be nothing to remove, or no right to
        aside.unlink(missing_ok=True)
