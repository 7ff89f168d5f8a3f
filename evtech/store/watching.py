"""When which charger was watched, and the states seen: what availability and exposure may be computed from."""

from dataclasses import dataclass

from sqlalchemy import Connection


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
    """A change of state: ``before`` is the pilot left, ``phase`` the session phase that began."""

    recording_id: str
    at: float
    before: str | None
    phase: str | None


@dataclass(frozen=True, slots=True)
class Watched:
    """Everything watched in a period, by time."""

    spans: list[WatchedSpan]
    states: list[StateSeen]


def find(connection: Connection, start: float, end: float) -> Watched:
    """Return recordings that touch [start, end] and the changes of state in them."""
    rows = connection.exec_driver_sql(
        "SELECT id, vendor || ' ' || model || ' ' || coalesce(nullif(serial_number, ''), link), started,"
        " max(started, coalesce((SELECT t1 FROM chunk_time WHERE recording_id = recording.id"
        " ORDER BY t0 DESC LIMIT 1), 0),"
        " coalesce((SELECT max(t) FROM tail WHERE recording_id = recording.id), 0)) AS ended"
        " FROM recording WHERE started <= ? AND ended >= ? ORDER BY started",
        (end, start),
    ).fetchall()
    gaps: dict[str, list[tuple[float, float]]] = {}
    for recording, t0, t1 in connection.exec_driver_sql(
        "SELECT recording_id, t0, t1 FROM gap WHERE t1 >= ? AND t0 <= ? ORDER BY t0", (start, end)
    ):
        gaps.setdefault(recording, []).append((t0, t1))
    spans = [WatchedSpan(row[0], " ".join(row[1].split()), row[2], row[3], tuple(gaps.get(row[0], ()))) for row in rows]
    seen = connection.exec_driver_sql(
        "SELECT recording_id, t, json_extract(details, '$.from'), json_extract(details, '$.phase') FROM event"
        " WHERE kind = 'state_changed' AND t >= ? AND t <= ? ORDER BY recording_id, t",
        (start, end),
    ).fetchall()
    return Watched(spans, [StateSeen(*row) for row in seen])
