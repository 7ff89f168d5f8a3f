"""Brings an older archive to this version's format, one step after another, each in one transaction.

Before the first step the file is copied beside itself. The steps so far only add tables, which SQLAlchemy does alone;
the first one that alters a table should bring Alembic with it.
"""

import sqlite3
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine

from evtech.errors import ArchiveError
from evtech.store.tables import RESULT_ROWS, SCHEMA_VERSION, attachment, result, session_correction


def migrate(path: Path, engine: Engine, version: int) -> Path:
    """Bring the archive from ``version`` to ``SCHEMA_VERSION`` and return the copy of what it was before.

    Raises ``ArchiveError`` when no copy can be made; a failed step leaves the file at the last whole version.
    """
    copy = _copy(path, version)
    for number in range(version, SCHEMA_VERSION):
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE visit SET site = site WHERE 0")  # takes the write lock: one migrates
            if connection.exec_driver_sql("PRAGMA user_version").scalar_one() > number:
                continue  # another evtech was quicker
            STEPS[number](connection)
            connection.exec_driver_sql(f"PRAGMA user_version = {number + 1}")
    return copy


def _add_results(connection: Connection) -> None:
    """1 → 2: results of diagnoses, calibrations and billing checks, attachments, corrections of sessions."""
    for table in (result, attachment, session_correction):
        table.create(connection)
    connection.exec_driver_sql(RESULT_ROWS)


STEPS: dict[int, Callable[[Connection], None]] = {1: _add_results}


def _copy(path: Path, version: int) -> Path:
    copy = path.with_name(f"{path.name}.format-{version}")
    aside = path.with_name(copy.name + ".part")
    try:
        with sqlite3.connect(path) as source, sqlite3.connect(aside) as target:
            source.backup(target)
        target.close()
        source.close()
        aside.replace(copy)
    except (sqlite3.Error, OSError) as error:
        aside.unlink(missing_ok=True)
        raise ArchiveError(
            f"{path} is of an older format and cannot be copied before it is brought up to date: {error}.",
            "Make room and check that you may write to the folder; nothing was changed.",
        ) from error
    return copy
