"""Writes what is handed over: beside its place first, then renamed, so a file is whole or not there."""

import contextlib
from pathlib import Path

from evtech.errors import ArchiveError


def write_whole(target: Path, data: bytes) -> None:
    """Write a file; raise ``ArchiveError`` saying why it cannot be."""
    aside = target.with_name(target.name + ".part")
    try:
        aside.write_bytes(data)
        aside.replace(target)
    except OSError as error:
        with contextlib.suppress(OSError):  # there may be nothing to remove, or no right to
            aside.unlink(missing_ok=True)
        raise ArchiveError(f"{target} cannot be written: {error.strerror}.", "Choose another folder.") from error
