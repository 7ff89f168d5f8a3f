"""Which archive files this evtech reads, and the refusal of what is not ours; nothing is written to a refused file."""

import sqlite3
from pathlib import Path

from evtech.errors import ArchiveError, NotAnArchiveError

APPLICATION_ID = 0x65767463  # "evtc": marks the file as ours
SCHEMA_VERSION = 2


def format_of(path: Path) -> int:
    """Return the format of an archive file; raise unless it is an archive of this version or an older one."""
    try:
        with path.open("rb") as file:
            head = file.read(100)
    except OSError as error:
        raise cannot(path, error) from error
    if head[:16] != b"SQLite format 3\0":
        raise NotAnArchiveError(f"{path} is not an evtech archive.", "It is no database; choose another file.")
    # the header may lag behind the write-ahead log of a file in use: ask the database itself
    try:
        with sqlite3.connect(path, timeout=10) as connection:
            marker = connection.execute("PRAGMA application_id").fetchone()[0]
            version = connection.execute("PRAGMA user_version").fetchone()[0]
        connection.close()
    except sqlite3.Error as error:
        raise cannot(path, error) from error
    if marker != APPLICATION_ID:
        raise NotAnArchiveError(f"{path} is a database, but not an evtech archive.", "Choose another file.")
    if version > SCHEMA_VERSION:
        raise NotAnArchiveError(
            f"{path} was written by a newer evtech (format {version}, this one knows {SCHEMA_VERSION}).",
            "Install the newer evtech; nothing was changed in the file.",
        )
    return int(version)


def cannot(path: Path, error: Exception) -> ArchiveError:
    text = str(getattr(error, "orig", None) or error)
    if "not a database" in text or "malformed" in text:
        return NotAnArchiveError(f"{path} is damaged: {text}.", "Restore it from a backup; the file was not changed.")
    hint = "Check that the folder exists, that you may write there and that the disk has room, or name another file."
    return ArchiveError(f"The archive {path} cannot be used: {text}.", hint)
