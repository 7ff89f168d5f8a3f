"""The team's archive: the same tables in one PostgreSQL database, filled by `archive sync` from many laptops.

Statements are written once, with ``?`` for values and SQL that SQLite and PostgreSQL share; this engine hands them to
the driver in its own style. Recording never goes to a server: a laptop records into its file and pushes it.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Column, Connection, Engine, Integer, MetaData, String, Table, create_engine
from sqlalchemy import event as engine_event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from evtech.errors import ArchiveError, EvtechError, InputError, NotAnArchiveError
from evtech.store.file_format import APPLICATION_ID, SCHEMA_VERSION
from evtech.store.tables import BIG, metadata

# Only on the server: what makes pushing idempotent and resumable.
UNIQUE = (("chunk", "point_id, t0"), ("chunk_time", "recording_id, t0"))
server_metadata = MetaData()
sync_state = Table(
    "sync_state",
    server_metadata,
    Column("archive", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("last_row", BIG, nullable=False),
    Column("pushed", BIG, nullable=False),
)
team_schema = Table("team_schema", server_metadata, Column("version", Integer, primary_key=True))
_QMARK = re.compile(r"'(?:[^']|'')*'|\?|%")


class TeamError(EvtechError):
    """The team's server cannot be used: not reachable, refused, or lost in the middle."""


def shown(url: str) -> str:
    """Return the address without its password."""
    return make_url(url).render_as_string(hide_password=True)


def team_engine(url: str) -> Engine:
    """Return an engine for the team's server; raise ``InputError`` for an address that is none."""
    try:
        parsed = make_url(url)
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed, connect_args={"connect_timeout": 10}, pool_pre_ping=True)
    except ModuleNotFoundError as error:
        raise InputError(
            "The team archive needs the package psycopg.", "Install evtech with `pip install evtech[team]`."
        ) from error
    except (ArgumentError, NoSuchModuleError, ValueError) as error:
        raise InputError(
            f"{url!r} is no address of a team archive.", "Such as postgresql+psycopg://host/evtech."
        ) from error

    def translate(
        connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> tuple[str, Any]:
        is_ours = context is None or not getattr(context, "compiled", None)
        return (in_drivers_style(statement) if is_ours and "?" in statement else statement), parameters

    engine_event.listen(engine, "before_cursor_execute", translate, retval=True)
    return engine


def in_drivers_style(statement: str) -> str:
    """Return a statement with ``?`` as ``%s``; quoted texts keep their question marks."""

    def put(found: re.Match[str]) -> str:
        text = found.group()
        return {"?": "%s", "%": "%%"}.get(text) or text.replace("%", "%%")

    return _QMARK.sub(put, statement)


def prepare(engine: Engine) -> None:
    """Make the tables where they are missing; raise ``TeamError`` for a newer server or missing rights."""
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({APPLICATION_ID})")  # one laptop makes them
            if not engine.dialect.has_table(connection, "team_schema"):
                _create(connection)
            version = connection.exec_driver_sql("SELECT max(version) FROM team_schema").scalar_one()
    except DBAPIError as error:
        raise lost(error) from error
    if version != SCHEMA_VERSION:
        newer = version > SCHEMA_VERSION
        raise TeamError(
            f"The team archive has format {version}, this evtech writes {SCHEMA_VERSION}.",
            "Install the newer evtech." if newer else "Ask whoever runs the server to bring it up to date.",
        )


def lost(error: DBAPIError) -> TeamError:
    """Return what a driver's error means for the person at the laptop."""
    text = str(error.orig).strip().split("\n")[0]
    if "permission denied" in text:
        return TeamError(f"The team archive refuses: {text}.", "The role needs the rights that the manual names.")
    return TeamError(
        f"The team archive cannot be reached: {text}.",
        "Check address, network and password. Nothing is lost: sync goes on where it stopped.",
    )


def foreign(error: DBAPIError) -> ArchiveError:
    """Return the same as an archive's error, for reading."""
    told = lost(error)
    return ArchiveError(str(told), told.hint)


def opened(url: str) -> Engine:
    """Return the engine of a team's archive that is there; raise ``ArchiveError`` where it is not, or not reached."""
    engine = team_engine(url)
    try:
        with engine.connect() as connection:
            if not engine.dialect.has_table(connection, "team_schema"):
                raise NotAnArchiveError(f"{shown(url)} holds no team archive.", "`evtech archive sync` makes it.")
    except DBAPIError as error:
        engine.dispose()
        raise foreign(error) from error
    except NotAnArchiveError:
        engine.dispose()
        raise
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection for queries; raise ``ArchiveError`` where the server is lost."""
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        raise foreign(error) from error


def _create(connection: Connection) -> None:
    metadata.create_all(connection)
    server_metadata.create_all(connection)
    for name, columns in UNIQUE:
        connection.exec_driver_sql(f"CREATE UNIQUE INDEX IF NOT EXISTS {name}_once ON {name} ({columns})")
    connection.exec_driver_sql("INSERT INTO team_schema (version) VALUES (?)", (SCHEMA_VERSION,))
