"""Brings an older archive to this version's format, one step after another, each in one transaction.

Before the first step the file is copied beside itself. The steps so far only add tables and columns,
which SQLAlchemy does alone; the first one that changes a column should bring Alembic with it.
"""

import sqlite3
import uuid
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.schema import CreateColumn

from evtech.errors import ArchiveError
from evtech.store import session_rows
from evtech.store.file_format import SCHEMA_VERSION
from evtech.store.session_list import line_of
from evtech.store.tables import (
    RESULT_ROWS,
    SEARCH_INDEX,
    SESSION_COLUMNS,
    archive_identity,
    attachment,
    charging_session,
    result,
    session_correction,
)


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
    """1 → 2: results, attachments, corrections of sessions, and columns for lists of sessions."""
    for table in (result, attachment, session_correction, archive_identity):
        table.create(connection)
    connection.exec_driver_sql("INSERT INTO archive_identity (id) VALUES (?)", (str(uuid.uuid4()),))
    connection.exec_driver_sql(RESULT_ROWS)
    for column in SESSION_COLUMNS:
        made = CreateColumn(column).compile(dialect=connection.dialect)
        connection.exec_driver_sql(f"ALTER TABLE charging_session ADD COLUMN {made}")
    for index in charging_session.indexes:
        index.create(connection, checkfirst=True)
    _fill_columns(connection)
    connection.exec_driver_sql(SEARCH_INDEX)


def _fill_columns(connection: Connection) -> None:
    """Write the columns of sessions that have only a body; a damaged body is left for `archive check` to name."""
    rows = connection.exec_driver_sql("SELECT id, body FROM charging_session").fetchall()
    for row_id, body in rows:
        try:
            line = line_of(session_rows.from_text(body))
        except ArchiveError:
            continue
        names = [column.name for column in SESSION_COLUMNS]
        connection.exec_driver_sql(
            f"UPDATE charging_session SET {', '.join(f'{name} = ?' for name in names)} WHERE id = ?",
            (*(getattr(line, name) for name in names), row_id),
        )


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
