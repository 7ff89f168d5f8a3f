"""Writing to the file behind an archive: engine settings, creation, and what an older file needs first.

WAL with ``synchronous=FULL``: what was committed survives a power cut. Nothing is written to a file that is refused.
"""

import uuid
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy import event as engine_event
from sqlalchemy.exc import DatabaseError

from evtech.store.file_format import APPLICATION_ID, SCHEMA_VERSION, cannot
from evtech.store.tables import VIEWS, metadata


def prepared(path: Path, version: int | None) -> Engine:
    """Make the file (``version`` ``None``), or bring an older one to this format; raise ``ArchiveError``."""
    engine = make_engine(path)
    try:
        if version is None:
            create_tables(path, engine)
        elif version < SCHEMA_VERSION:
            from evtech.store.migrations import migrate  # rarely due

            migrate(path, engine, version)
    except (DatabaseError, OSError) as error:
        engine.dispose()
        raise cannot(path, error) from error
    return engine


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
