"""Opening the file behind an archive: engine settings, creation, and the refusal of what is not ours.

WAL with ``synchronous=FULL``: what was committed survives a power cut. Nothing is written to a file that is refused.
"""

import sqlite3
import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy import event as engine_event

from evtech.errors import ArchiveError, NotAnArchiveError
from evtech.store.tables import APPLICATION_ID, SCHEMA_VERSION, VIEWS, metadata


def make_engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": 10})

    def on_connect(connection: Any, _: object) -> None:
        """Set a new connection up; the driver's connection type is not SQLAlchemy's."""
        connection.isolation_level = None  # transactions begin where SQLAlchemy says so, not where the driver guesses
        for pragma in ("busy_timeout = 10000", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    engine_event.listen(engine, "connect", on_connect)
    engine_event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    return engine


def create_tables(path: Path, engine: Engine) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with engine.connect() as connection:
        raw = connection.connection.cursor()
        raw.execute("ROLLBACK") if connection.connection.dbapi_connection.in_transaction else None  # type: ignore[union-attr]
        raw.execute("PRAGMA journal_mode = WAL")
        raw.close()
    with engine.begin() as connection:
        metadata.create_all(connection)
        connection.exec_driver_sql("INSERT INTO archive_identity (id) VALUES (?)", (str(uuid.uuid4()),))
        for view in VIEWS:
            connection.exec_driver_sql(view)
        connection.exec_driver_sql(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_VERSION}")


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
