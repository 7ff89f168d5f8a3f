"""When which charger was watched, and the states seen: what availability and exposure may be computed from."""

from dataclasses import dataclass
from itertools import chain

from evtech.store import imports
from evtech.store.columns import BATCH, Floats, Numbers, Texts, Words, filled, turned
from evtech.store.connection import Connection

_OUT_OF_USE = ("IDLE", "FAULTED", "UNAVAILABLE", "RESERVED", "UNKNOWN")
# a recording's name, beginning, last chunk and last poll
_RECORDINGS = (
    "SELECT id, vendor || ' ' || model || ' ' || coalesce(nullif(serial_number, ''), link), started,"
    " coalesce((SELECT t1 FROM chunk_time WHERE recording_id = recording.id ORDER BY t0 DESC LIMIT 1), 0),"
    " coalesce((SELECT max(t) FROM tail WHERE recording_id = recording.id), 0)"
    " FROM recording WHERE started <= ?{} ORDER BY started"
)
# The changes out of use, each with the time of the recording's next change; of two at the same time the one written
# later is the next. A window function over all changes takes four times as long.
_OUT = (
    "SELECT e.recording_id, e.t,"
    " (SELECT n.t FROM event n WHERE n.recording_id = e.recording_id AND n.kind = 'state_changed' AND n.t >= e.t"
    "  AND n.t <= ? AND (n.t > e.t OR n.{row} > e.{row}) ORDER BY n.t LIMIT 1),"
    " {phase} FROM recording r CROSS JOIN event e WHERE r.started <= ? AND e.recording_id = r.id"
    " AND e.kind = 'state_changed' AND e.t >= ? AND e.t <= ?"
    f" AND {{phase}} IN ({', '.join(repr(phase) for phase in _OUT_OF_USE)})"
)
# each recording's first change
_FIRST = (
    "SELECT e.recording_id, e.t, {before} FROM recording r JOIN event e ON e.id ="
    " (SELECT n.id FROM event n WHERE n.recording_id = r.id AND n.kind = 'state_changed' AND n.t >= ? AND n.t <= ?"
    "  ORDER BY n.t, n.{row} LIMIT 1) WHERE r.started <= ?"
)


@dataclass(frozen=True, slots=True)
class WatchedSpan:
    """A recording: the port's name and its time (s since 1970 UTC)."""

    recording_id: str
    port: str
    start: float
    end: float
    gaps: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class StatesSeen:
    """States that are not ones of use: session phase, from when until when (NaN: the last one known), as columns.

    The phase is ``IDLE`` from the beginning of a recording on where its first change left state A.
    """

    recording: Texts
    at: Floats
    until: Floats
    phase: Texts


@dataclass(frozen=True, slots=True)
class Watched:
    """Everything watched in a period, recordings by time."""

    spans: list[WatchedSpan]
    states: StatesSeen


def find(connection: Connection, start: float, end: float, states_from: float) -> Watched:
    """Return recordings that touch [start, end], and the changes of state in them from a later moment on.

    What withdrawn imports brought is left out.
    """
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
    return Watched(spans, _states(connection, states_from, end))


def _states(connection: Connection, start: float, end: float) -> StatesSeen:
    is_team = connection.dialect.name == "postgresql"
    field = "(e.details::json ->> '{}')" if is_team else "json_extract(e.details, '$.{}')"
    words = {
        "phase": field.format("phase"), "before": field.format("from"), "row": "ctid" if is_team else "rowid",
    }  # fmt: skip
    first = connection.exec_driver_sql(_FIRST.format(**words), (start, end, end)).fetchall()
    idle = [(recording, 0.0, at, "IDLE") for recording, at, before in first if (before or "").startswith("A")]
    out = connection.exec_driver_sql(_OUT.format(**words), (end, end, start, end))
    return StatesSeen(*filled([Words(), Numbers(), Numbers(), Words()], turned(chain([idle], out.partitions(BATCH)))))
