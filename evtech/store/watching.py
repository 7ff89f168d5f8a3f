"""When which charger was watched, and the states seen: what availability and exposure may be computed from."""

from dataclasses import dataclass

from sqlalchemy import Connection

from evtech.store import imports

_OUT_OF_USE = ("IDLE", "FAULTED", "UNAVAILABLE", "RESERVED", "UNKNOWN")
# a recording's name, beginning, last chunk and last poll
_RECORDINGS = (
    "SELECT id, vendor || ' ' || model || ' ' || coalesce(nullif(serial_number, ''), link), started,"
    " coalesce((SELECT t1 FROM chunk_time WHERE recording_id = recording.id ORDER BY t0 DESC LIMIT 1), 0),"
    " coalesce((SELECT max(t) FROM tail WHERE recording_id = recording.id), 0)"
    " FROM recording WHERE started <= ?{} ORDER BY started"
)


@dataclass(frozen=True, slots=True)
class WatchedSpan:
    """A recording: the port's name and its time (s since 1970 UTC)."""

    recording_id: str
    port: str
    start: float
    end: float
    gaps: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class StateSeen:
    """A state that is not one of use: its session phase, from when until when (``None``: the last one known).

    ``phase`` is ``IDLE`` from the beginning of a recording on where its first change left state A.
    """

    recording_id: str
    at: float
    until: float | None
    phase: str | None


@dataclass(frozen=True, slots=True)
class Watched:
    """Everything watched in a period, by time."""

    spans: list[WatchedSpan]
    states: list[StateSeen]


def find(connection: Connection, start: float, end: float) -> Watched:
    """Return recordings that touch [start, end] and the changes of state in them, without withdrawn imports."""
    gone, names = imports.hidden(connection), imports.port_names(connection)
    visits, visit_values = imports.not_in(connection, "visit_id", gone.visits)
    own, own_values = imports.not_in(connection, "id", gone.recordings)
    found = connection.exec_driver_sql(_RECORDINGS.format(visits + own), (end, *visit_values, *own_values))
    rows = [row for row in found.fetchall() if max(row[2:]) >= start]
    gaps: dict[str, list[tuple[float, float]]] = {}
    for recording, t0, t1 in connection.exec_driver_sql(
        "SELECT recording_id, t0, t1 FROM gap WHERE t1 >= ? AND t0 <= ? ORDER BY t0", (start, end)
    ):
        gaps.setdefault(recording, []).append((t0, t1))
    spans = [
        WatchedSpan(row[0], names.of(" ".join(row[1].split())), row[2], max(row[2:]), tuple(gaps.get(row[0], ())))
        for row in rows
    ]
    field = "(details::json ->> '{}')" if connection.dialect.name == "postgresql" else "json_extract(details, '$.{}')"
    seen = connection.exec_driver_sql(
        "SELECT recording_id, t, until, phase, before, number FROM"
        f" (SELECT recording_id, t, {field.format('phase')} AS phase, {field.format('from')} AS before,"
        "  lead(t) OVER own AS until, row_number() OVER own AS number FROM event"
        "  WHERE kind = 'state_changed' AND t >= ? AND t <= ? WINDOW own AS (PARTITION BY recording_id ORDER BY t))"
        f" AS changes WHERE number = 1 OR phase IN ({', '.join(repr(phase) for phase in _OUT_OF_USE)})",
        (start, end),
    ).fetchall()
    states = []
    for recording, at, until, phase, before, number in seen:
        if number == 1 and (before or "").startswith("A"):
            states.append(StateSeen(recording, 0.0, at, "IDLE"))
        if phase in _OUT_OF_USE:
            states.append(StateSeen(recording, at, until, phase))
    return Watched(spans, states)
