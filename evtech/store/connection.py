"""What the archive's queries ask of a connection: SQLAlchemy's, for writing and for a server, or a ``Reader``'s.

A file is read through the driver alone. Every statement is written out in SQL anyway, and to import SQLAlchemy takes
longer than to count a month of a fleet: a command that only reads never pays for it.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from types import SimpleNamespace
from typing import Any, Protocol

MOST_IDLE = 4  # connections that wait for the next query; as many threads read at once at most


class Found(Protocol):
    """What a statement gave; a row is a sequence of its columns."""

    @property
    def rowcount(self) -> int:
        """Return how many rows were changed."""

    def __iter__(self) -> Iterator[Any]: ...
    def fetchall(self) -> Sequence[Any]:
        """Return all rows."""

    def partitions(self, size: int, /) -> Iterator[Sequence[Any]]:
        """Give the rows so many at a time."""

    def first(self) -> Any:
        """Return the first row, ``None`` where there is none."""

    def one(self) -> Any:
        """Return the only row."""

    def scalar(self) -> Any:
        """Return the first column of the first row, ``None`` where there is none."""

    def scalar_one(self) -> Any:
        """Return the first column of the only row."""


class Connection(Protocol):
    """Runs statements in one transaction; ``dialect.name`` is sqlite or postgresql."""

    @property
    def dialect(self) -> Any:
        """Return what tells the databases apart; of its class only the name is ours."""

    def exec_driver_sql(self, statement: str, parameters: Any = None, /) -> Found:
        """Run a statement with ``?`` in the places of values."""

    def execution_options(self, *, stream_results: bool) -> "Connection":
        """Return the same connection; ``stream_results`` asks a server for rows as they are read."""


class Reader:
    """A connection to a file for queries that belong together: all of them see the same moment."""

    dialect = SimpleNamespace(name="sqlite")

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    def exec_driver_sql(self, statement: str, parameters: Sequence[Any] | None = None, /) -> "Rows":
        """Run a query with ``?`` in the places of values."""
        if not self._driver.in_transaction:
            self._driver.execute("BEGIN")
        return Rows(self._driver.execute(statement, parameters or ()))

    def execution_options(self, *, stream_results: bool) -> "Reader":
        """Return itself: rows come from a file as they are read."""
        return self


class Rows:
    """The rows of a query, fetched when they are asked for."""

    __slots__ = ("_cursor",)

    def __init__(self, cursor: sqlite3.Cursor) -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        """Return how many rows were changed."""
        return self._cursor.rowcount

    def __iter__(self) -> Iterator[Any]:
        return iter(self._cursor)

    def fetchall(self) -> list[Any]:
        """Return all rows."""
        return self._cursor.fetchall()

    def partitions(self, size: int, /) -> Iterator[list[Any]]:
        """Give the rows so many at a time."""
        return iter(lambda: self._cursor.fetchmany(size), [])

    def first(self) -> Any:
        """Return the first row, ``None`` where there is none."""
        row = self._cursor.fetchone()
        self._cursor.close()
        return row

    def one(self) -> Any:
        """Return the only row; raise ``ValueError`` where there are none or several."""
        (row,) = self._cursor.fetchmany(2)
        return row

    def scalar(self) -> Any:
        """Return the first column of the first row, ``None`` where there is none."""
        row = self.first()
        return None if row is None else row[0]

    def scalar_one(self) -> Any:
        """Return the first column of the only row; raise ``ValueError`` where there are none or several."""
        return self.one()[0]


class Readers:
    """The connections through which one file is read, on any thread; one that is free is used again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[sqlite3.Connection] = []
        self._lock = Lock()
        self._is_closed = False

    @contextmanager
    def one(self) -> Iterator[Reader]:
        """Give a connection; its transaction ends with the block, and nothing of it is kept."""
        with self._lock:
            driver = self._idle.pop() if self._idle else None
        driver = driver or self._opened()
        try:
            yield Reader(driver)
        finally:
            self._give_back(driver)

    def close(self) -> None:
        """Close the connections that wait; one in use is closed when its block ends."""
        with self._lock:
            self._is_closed, idle = True, self._idle
            self._idle = []
        for driver in idle:
            driver.close()

    def _opened(self) -> sqlite3.Connection:
        # one thread at a time has it; transactions begin where ``Reader`` says so
        return sqlite3.connect(self._path, timeout=10, isolation_level=None, check_same_thread=False)

    def _give_back(self, driver: sqlite3.Connection) -> None:
        try:
            if driver.in_transaction:
                driver.rollback()
        except sqlite3.Error:  # of a damaged file: the block has said so
            with suppress(sqlite3.Error):
                driver.close()
            return
        with self._lock:
            if not self._is_closed and len(self._idle) < MOST_IDLE:
                self._idle.append(driver)
                return
        driver.close()
