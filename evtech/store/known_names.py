"""What an archive knows by name: chargers, sites, the newest session, codes of faults. Choices are made of it."""

from dataclasses import dataclass

from evtech.store import fleet, imports, results
from evtech.store.connection import Connection


@dataclass(frozen=True, slots=True)
class KnownNames:
    """Ports and sites by name, and when the newest session began (s since 1970 UTC; ``None`` without any)."""

    ports: tuple[str, ...]
    sites: tuple[str, ...]
    newest: float | None


def find(connection: Connection) -> KnownNames:
    """Return the names in finished sessions, visits and corrections, and those entered, each once and sorted."""
    names = imports.port_names(connection)
    said = fleet.fold(results.find(connection, fleet.PORT), names)
    ports = {names.of(row[0]) for row in connection.exec_driver_sql("SELECT DISTINCT port FROM charging_session")}
    sites = {
        row[0]
        for query in (
            "SELECT DISTINCT site FROM visit",
            "SELECT DISTINCT value FROM visit_correction WHERE field = 'site'",
            "SELECT DISTINCT value FROM session_correction WHERE field = 'site'",
        )
        for row in connection.exec_driver_sql(query)
    }
    ports |= said.ports.keys()
    sites |= {facts.text("site") for facts in said.ports.values()}
    newest = connection.exec_driver_sql("SELECT max(started) FROM charging_session").scalar_one()
    return KnownNames(tuple(sorted(filter(None, ports))), tuple(sorted(filter(None, sites))), newest)


def error_codes(connection: Connection, start: float, end: float) -> list[tuple[str, str]]:
    """Return each pair of profile and code that ended a session begun in [start, end)."""
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT profile, error_code FROM charging_session"
        " WHERE started >= ? AND started < ? AND error_code IS NOT NULL",
        (start, end),
    ).fetchall()
    return sorted((row[0], row[1]) for row in rows)
