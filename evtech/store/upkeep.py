"""Looking after an archive: is it sound, how much does it hold, a copy while it is in use."""

import shutil
import sqlite3
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evtech.errors import ArchiveError, InputError
from evtech.store import audit, results, samples, session_rows
from evtech.store.connection import Connection
from evtech.store.file_format import SCHEMA_VERSION


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What a check found; ``samples`` counts polls."""

    ok: bool
    problems: tuple[str, ...]
    sessions: int
    samples: int


def check(connection: Connection, *, is_file: bool) -> CheckResult:
    """Look at every row and chunk; ``is_file``: at SQLite's structure too, which a server looks after by itself."""
    problems = _check_file(connection) if is_file else []
    problems += samples.check_chunks(connection)
    problems += _check_sessions(connection)
    problems += results.unreadable(connection)
    problems += audit.broken_links(connection)
    found = counts(connection)
    return CheckResult(not problems, tuple(problems), found["sessions"], found["samples"])


def counts(connection: Connection) -> dict[str, int]:
    """Return how much an archive holds; ``samples`` counts polls."""
    tables = {"visits": "visit", "recordings": "recording", "sessions": "charging_session", "samples": "tail",
              "events": "event", "gaps": "gap"}  # fmt: skip
    found = {
        name: int(connection.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())
        for name, table in tables.items()
    }
    chunked = connection.exec_driver_sql("SELECT coalesce(sum(n), 0) FROM chunk_time").scalar_one()
    return found | {"samples": found["samples"] + int(chunked)}


def backup(path: Path, target: Path) -> None:
    """Copy an archive's file while it is in use; the copy appears under its name only when it is whole."""
    if target.exists():
        raise InputError(f"{target} exists already.", "Name a new file; evtech does not overwrite a backup.")
    aside = target.with_name(target.name + ".part")
    try:
        with sqlite3.connect(path) as source, sqlite3.connect(aside) as copy:
            source.backup(copy)
        copy.close()
        source.close()
        aside.replace(target)
    except (sqlite3.Error, OSError) as error:
        with suppress(OSError):  # a read-only place has nothing to remove
            aside.unlink(missing_ok=True)
        raise ArchiveError(f"The backup {target} cannot be written: {error}.", "Choose another folder.") from error


def _check_file(connection: Connection) -> list[str]:
    """Return what SQLite itself finds wrong."""
    rows = connection.exec_driver_sql("PRAGMA integrity_check(20)").fetchall()
    loose = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    return [row[0] for row in rows if row[0] != "ok"] + [f"{row[0]}: a row points to nothing" for row in loose]


def _check_sessions(connection: Connection) -> list[str]:
    """Return which sessions' rows cannot be read, or say another id or energy than their columns."""
    problems = []
    for row_id, energy, body in connection.exec_driver_sql("SELECT id, energy_wh, body FROM charging_session"):
        try:
            session = session_rows.from_text(body)
        except ArchiveError as error:
            problems.append(f"session {row_id}: {error}")
            continue
        if session.id != row_id or session.energy_wh != energy:
            problems.append(f"session {row_id}: its row and its columns do not agree")
    return problems


def info(connection: Connection, path: Path, *, is_file: bool) -> dict[str, Any]:
    """Return an archive's path, size and counts; a server tells no bytes."""
    files = path.parent.glob(path.name + "*") if is_file else []
    size = sum(f.stat().st_size for f in files if f.suffix != ".part")
    return {
        "path": str(path),
        "bytes": size if is_file else None,
        "schema_version": SCHEMA_VERSION,
        **counts(connection),
        "free_bytes": shutil.disk_usage(path.parent).free if is_file else None,
    }
