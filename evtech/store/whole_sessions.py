"""Sessions with all that is kept of them, one by one or of a time; lists and counts read less (``session_list``)."""

from evtech.errors import NotFoundError
from evtech.store import imports, session_list, session_rows
from evtech.store.connection import Connection
from evtech.store.records import ChargingSession


def between(
    connection: Connection, low: float, high: float, charger: str | None, text: str | None
) -> list[ChargingSession]:
    """Return sessions that began in [low, high) (s since 1970), newest first; the running ones are among them."""
    seen, values = session_list.not_withdrawn(connection, imports.hidden(connection))
    rows = connection.exec_driver_sql(
        f"SELECT body FROM charging_session WHERE started >= ? AND started < ?{seen} ORDER BY started DESC",
        (low, high, *values),
    ).fetchall()
    running = connection.exec_driver_sql("SELECT body FROM open_session").fetchall()
    found = [session_rows.from_text(row[0]) for row in (*running, *rows)]
    found = [s for s in found if low <= s.started.timestamp() < high]
    found = [s for s in found if session_rows.is_about(s, charger) and session_rows.mentions(s, text)]
    return sorted(found, key=lambda session: session.started, reverse=True)


def one(connection: Connection, id_or_prefix: str) -> ChargingSession:
    """Return one session by its id or an unambiguous beginning of it; raise ``NotFoundError``."""
    pattern = id_or_prefix.replace("%", "").replace("_", "") + "%"
    rows = connection.exec_driver_sql(
        "SELECT body FROM charging_session WHERE id LIKE ? UNION SELECT body FROM open_session WHERE id LIKE ?",
        (pattern, pattern),
    ).fetchall()
    if len(rows) > 1:
        raise NotFoundError(f"{len(rows)} sessions begin with {id_or_prefix!r}.", "Give more of the id.")
    if not rows or not id_or_prefix:
        raise NotFoundError(f"There is no session {id_or_prefix!r}.", "`evtech sessions list` shows those that exist.")
    return session_rows.from_text(rows[0][0])
