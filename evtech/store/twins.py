"""Sessions side by side, to find those that say the same twice; and the note that one does."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass

from evtech.store import imports, results
from evtech.store.connection import Connection
from evtech.store.imports import APART, SAME, TWIN
from evtech.store.results import Result
from evtech.store.session_list import RECORDED, not_withdrawn, signers_of

BY_HAND, BY_RULE, JOINED = "by hand", "by rule", "joined"  # how it came to be known
OWN = (RECORDED, "evtech")  # watched by a laptop


@dataclass(frozen=True, slots=True)
class Told:
    """A session as one source tells it: ``port`` as it is shown, ``teller`` who; times in s since 1970, energy in Wh.

    ``flow`` is when energy began and ended to flow.
    """

    id: str
    port: str
    teller: str
    start: float
    end: float
    energy_wh: float | None
    flow: tuple[float | None, float | None]

    @property
    def is_watched(self) -> bool:
        """Return whether a laptop watched it."""
        return self.teller in OWN or self.teller.startswith("visit of ")


def told_between(connection: Connection, low: float, high: float) -> list[Told]:
    """Return the sessions that began in [low, high], by start; without withdrawn and credited ones.

    One of which no end is known lasts as long as energy was seen to flow; one that has not begun to charge is left out.
    """
    names, signers = imports.port_names(connection), signers_of(connection)
    seen, values = not_withdrawn(connection, imports.hidden(connection))
    credited = {id_ for id_, twin in imports.twins(connection).items() if twin.why == imports.CREDITED}
    rows = connection.exec_driver_sql(
        "SELECT id, port, source, started, coalesce(ended, energy_ended), energy_wh, energy_started, energy_ended,"
        " visit_id"
        f" FROM charging_session WHERE started >= ? AND started <= ?{seen} ORDER BY started",
        (low, high, *values),
    )
    return [
        Told(row[0], names.of(row[1]), signers.get(row[8]) or row[2], row[3], row[4], row[5], (row[6], row[7]))
        for row in rows
        if row[4] is not None and row[0] not in credited
    ]


def count(connection: Connection, low: float, high: float) -> int:
    """Return how many sessions began in [low, high]."""
    query = "SELECT count(*) FROM charging_session WHERE started >= ? AND started <= ?"
    return int(connection.exec_driver_sql(query, (low, high)).scalar_one())


def tellers(connection: Connection, low: float, high: float) -> set[str]:
    """Return the sources of the sessions that began in [low, high]."""
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT source FROM charging_session WHERE started >= ? AND started <= ?", (low, high)
    ).fetchall()
    return {str(row[0]) for row in rows} | set(signers_of(connection).values())


def span_of(connection: Connection, ports: list[str]) -> tuple[float | None, float | None]:
    """Return the first and the last beginning of the sessions of some ports, by the names that sources write."""
    row = connection.exec_driver_sql(
        f"SELECT min(started), max(started) FROM charging_session WHERE port IN ({imports.marks(len(ports))})",
        tuple(ports),
    ).one()
    return row[0], row[1]


def decided(connection: Connection) -> dict[str, tuple[str, str | None]]:
    """Return what somebody decided by hand about sessions: verdict, and the other one."""
    rows = connection.exec_driver_sql(
        f"SELECT session_id, verdict, replaces FROM result WHERE kind = '{TWIN}' AND title = ? ORDER BY at, id",
        (BY_HAND,),
    ).fetchall()
    return {str(row[0]): (str(row[1]), row[2]) for row in rows}


def note(connection: Connection, session_id: str, of: str | None, how: str) -> None:
    """Note that a session says the same as another, or (``of`` ``None``) that it stands for itself."""
    verdict = SAME if of is not None else APART
    new = Result(TWIN, how, {}, verdict, session_id=session_id, replaces=of, id=str(uuid.uuid4()))
    results.insert(connection, new)


def pairs(connection: Connection) -> Iterator[tuple[str, str]]:
    """Yield each session that says the same as another, with that one."""
    for session_id, twin in imports.twins(connection).items():
        if twin.of is not None:
            yield session_id, twin.of
