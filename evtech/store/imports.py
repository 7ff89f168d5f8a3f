"""What was imported and taken out again, which sessions say the same thing twice, which names mean one port.

All of it are facts of this archive, kept as results: nothing is deleted, the last word counts. They do not travel with
a visit (``ARCHIVE_FACTS``): a foreign file must not hide sessions or rename ports here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from evtech.errors import NotFoundError
from evtech.store.connection import Connection

IMPORT, STANDING, TWIN, PORT_NAME = "import", "import_standing", "session_twin", "port_name"
ARCHIVE_FACTS = (IMPORT, STANDING, TWIN, PORT_NAME)
SCHEMA = "evtech.import/1"
WITHDRAWN, RESTORED = "withdrawn", "restored"
SAME, CREDITED, APART = "same", "credited", "apart"


@dataclass(frozen=True, slots=True)
class Import:
    """One file that was taken in: ``body`` is its record (``evtech.import/1``); ``at`` aware UTC."""

    id: str
    at: datetime
    file: str
    body: dict[str, Any]
    is_withdrawn: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Hidden:
    """What withdrawn imports brought: whole visits, and sessions and recordings of visits that stay."""

    visits: frozenset[str] = frozenset()
    sessions: frozenset[str] = frozenset()
    recordings: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.visits or self.sessions)


@dataclass(frozen=True, slots=True)
class Twin:
    """Why a session is left out of sums: it repeats another (``same``, ``of`` names it), or was credited.

    ``visit`` is its own visit: where it was, if the other one does not say it.
    """

    why: str
    of: str | None = None
    visit: str | None = None


@dataclass(frozen=True, slots=True)
class PortNames:
    """Which name stands for a port that has several; ``others`` the other way round."""

    names: Mapping[str, str] = field(default_factory=dict)

    def of(self, port: str) -> str:
        """Return the name under which a port is shown."""
        return self.names.get(port, port)

    def all_of(self, port: str) -> list[str]:
        """Return every name of a port as sources write it, the shown one first."""
        return [port, *(other for other, shown in self.names.items() if shown == port and other != port)]


def imports(connection: Connection) -> list[Import]:
    """Return the files taken in, newest first."""
    standing = _standing(connection)
    rows = connection.exec_driver_sql(
        f"SELECT id, at, title, body FROM result WHERE kind = '{IMPORT}' ORDER BY at DESC"
    ).fetchall()
    found = []
    for id_, at, title, text in rows:
        body = json.loads(text)
        if body.get("schema") == SCHEMA:
            verdict, reason = standing.get(id_, ("", ""))
            found.append(Import(id_, datetime.fromtimestamp(at, UTC), title, body, verdict == WITHDRAWN, reason))
    return found


def one_import(connection: Connection, id_or_prefix: str) -> Import:
    """Return an import by the beginning of its id; raise ``NotFoundError`` unless exactly one fits."""
    fitting = [each for each in imports(connection) if id_or_prefix and each.id.startswith(id_or_prefix)]
    if len(fitting) != 1:
        many = f"{len(fitting)} imports begin with" if fitting else "There is no import"
        raise NotFoundError(f"{many} {id_or_prefix!r}.", "`evtech sessions imports` lists them.")
    return fitting[0]


def hidden(connection: Connection) -> Hidden:
    """Return what withdrawn imports hide; a visit that came whole since then is there by its own right."""
    gone = [key for key, (verdict, _) in _standing(connection).items() if verdict == WITHDRAWN]
    if not gone:
        return Hidden()
    visits: set[str] = set()
    sessions: set[str] = set()
    recordings: set[str] = set()
    kept: set[str] = set()  # what an import that stands has as well
    for id_, text in connection.exec_driver_sql(f"SELECT id, body FROM result WHERE kind = '{IMPORT}'"):
        body = json.loads(text)
        if id_ in gone:
            visits.update(body.get("visits", ()))
            sessions.update(body.get("ids", ()))
            recordings.update(body.get("recordings", ()))
        else:
            kept.update(*(body.get(name, ()) for name in ("ids", "met_ids", "recordings", "met_recordings")))
    sessions, recordings = sessions - kept, recordings - kept
    whole = _whole_visits(connection)
    if whole:
        where = f"visit_id IN ({marks(len(whole))})"
        for table, gone_ones in (("charging_session", sessions), ("recording", recordings)):
            found = connection.exec_driver_sql(f"SELECT id FROM {table} WHERE {where}", tuple(whole))
            gone_ones.difference_update(row[0] for row in found)
    return Hidden(frozenset(visits - whole), frozenset(sessions), frozenset(recordings))


def twins(connection: Connection) -> dict[str, Twin]:
    """Return which sessions are left out of sums; one whose counterpart is hidden counts again."""
    rows = connection.exec_driver_sql(
        "SELECT t.session_id, t.verdict, t.replaces, s.visit_id, o.visit_id FROM result t"
        " LEFT JOIN charging_session s ON s.id = t.replaces LEFT JOIN charging_session o ON o.id = t.session_id"
        f" WHERE t.kind = '{TWIN}' ORDER BY t.at, t.id"
    ).fetchall()
    if not rows:
        return {}
    out, told = hidden(connection), _standing(connection)
    found: dict[str, Twin] = {}
    for session, verdict, other, visit, own in rows:
        is_gone = other in out.sessions or visit in out.visits or told.get(other, ("", ""))[0] == WITHDRAWN
        if verdict == APART:
            found.pop(session, None)
        elif not is_gone:  # what was said before holds again
            found[session] = Twin(verdict, other if verdict == SAME else None, own)
    return found


def port_names(connection: Connection) -> PortNames:
    """Return the names that were said to mean the same port, the last word of each."""
    rows = connection.exec_driver_sql(
        f"SELECT title, verdict FROM result WHERE kind = '{PORT_NAME}' ORDER BY at, id"
    ).fetchall()
    said = {str(name): str(shown) for name, shown in rows if shown}
    return PortNames({name: shown for name, shown in said.items() if name != shown})


def hidden_ids(connection: Connection, visits: frozenset[str]) -> set[str]:
    """Return the sessions of visits that withdrawn imports brought."""
    where, values = not_in(connection, "visit_id", visits)
    found = connection.exec_driver_sql(f"SELECT id FROM charging_session WHERE NOT (1 = 1{where})", values)
    return {str(row[0]) for row in found} if visits else set()


def unfinished(connection: Connection, source: str) -> list[str]:
    """Return the bodies of sessions of which a source told only a part, without those that were put together since."""
    gone = hidden(connection)
    visits, values = not_in(connection, "visit_id", gone.visits)
    rows = connection.exec_driver_sql(
        "SELECT id, body FROM charging_session WHERE source = ? AND (ended IS NULL OR body LIKE ?)" + visits,
        (source, '%"partial_start": true%', *values),
    ).fetchall()
    parts = twins(connection)
    return [str(body) for id_, body in rows if id_ not in parts]


def not_in(connection: Connection, column: str, values: frozenset[str]) -> tuple[str, tuple[str, ...]]:
    """Return a condition that keeps values out, with its parameters; empty where there are none.

    The values go as one JSON text: a statement takes some 30,000 placeholders, and an import may bring more.
    """
    if not values:
        return "", ()
    return f" AND {column} NOT IN ({listed(connection)})", (json.dumps(sorted(values)),)


def listed(connection: Connection) -> str:
    """Return the query that yields the texts of a JSON list given as one parameter."""
    if connection.dialect.name == "postgresql":
        return "SELECT json_array_elements_text(CAST(? AS json))"
    return "SELECT value FROM json_each(?)"


def marks(count: int) -> str:
    """Return as many placeholders."""
    return ", ".join("?" * count)


def _whole_visits(connection: Connection) -> set[str]:
    """Return the visits that somebody handed over as a whole."""
    rows = connection.exec_driver_sql(
        f"SELECT visit_id, body FROM result WHERE kind = '{IMPORT}' AND visit_id IS NOT NULL"
    ).fetchall()
    return {str(visit) for visit, body in rows if json.loads(body).get("whole")}


def _standing(connection: Connection) -> dict[str, tuple[str, str]]:
    """Return what was last said about each import: withdrawn or restored, and why."""
    rows = connection.exec_driver_sql(
        f"SELECT replaces, verdict, body FROM result WHERE kind = '{STANDING}' ORDER BY at, id"
    ).fetchall()
    return {str(of): (str(verdict), str(json.loads(body).get("reason", ""))) for of, verdict, body in rows}
