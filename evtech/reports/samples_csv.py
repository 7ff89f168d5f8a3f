"""A session's samples as CSV, and as JSON: what exports write and reports attach."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from evtech.measure.sample import Value
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession
from evtech.store.samples import Row
from evtech.store.session_rows import contract, iso


def session_rows(archive: Archive, session: ChargingSession) -> Iterator[Row]:
    """Yield every poll of a session, across the recordings it was watched in."""
    end = session.ended or session.last_seen or datetime.now(UTC)
    for recording in (*session.earlier_recordings, session.recording_id):
        yield from archive.rows(recording, session.started, end)


def samples_csv(archive: Archive, session: ChargingSession) -> str:
    """Return samples as CSV: time, points in base units, a quality column where a point is not always good."""
    rows = list(session_rows(archive, session))
    names = [name for name, _ in archive.points(session.recording_id)]
    marked = [n for n in names if any(row.qualities.get(n, "missing") not in ("good", "missing") for row in rows)]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["time", *names, *(f"quality:{name}" for name in marked)])
    for row in rows:
        values = ["" if (value := row.values.get(name)) is None else plain(value) for name in names]
        writer.writerow([iso(row.time), *values, *(row.qualities.get(name, "missing") for name in marked)])
    return out.getvalue()


def samples_json(archive: Archive, session: ChargingSession) -> dict[str, Any]:
    """Return a session with its samples as JSON values."""
    return contract(session) | {
        "units": dict(archive.points(session.recording_id)),
        "rows": [
            {
                "time": iso(row.time),
                "values": {name: None if v is None else plain(v) for name, v in row.values.items()},
                "quality": row.qualities,
            }
            for row in session_rows(archive, session)
        ],
    }


def plain(value: Value) -> Value:
    """Return a whole number without decimals, so that a file does not depend on how the archive packs it."""
    return int(value) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else value
