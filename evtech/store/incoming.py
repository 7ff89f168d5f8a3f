"""Recordings that come from elsewhere: their rows as if they had been polled, in the transaction of the caller."""

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from evtech.measure.sample import ChargerIdentity, Quality, Value
from evtech.store.records import Gap, Visit
from evtech.store.writer import CHUNK, close_chunk


@dataclass(frozen=True, slots=True)
class IncomingRecording:
    """A recording to insert: who, when (s since 1970), points with units, one row a moment."""

    id: str
    visit: Visit
    charger: ChargerIdentity
    started: float
    points: Sequence[tuple[str, str]] = ()
    times: Sequence[float] = ()
    rows: Sequence[Sequence[Value | None]] = ()
    qualities: Sequence[Sequence[str]] = ()


def insert_recording(connection: Connection, new: IncomingRecording, gaps: Sequence[Gap] = ()) -> None:
    """Insert a recording with its visit and samples; one that is there already only gets what it lacks of samples."""
    run = connection.exec_driver_sql
    visit, who = new.visit, new.charger
    run(
        "INSERT OR IGNORE INTO visit (id, started, site, technician, purpose, notes, simulated)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (visit.id, visit.started.timestamp(), visit.site, "", "", "", visit.simulated),
    )
    run(
        "INSERT OR IGNORE INTO recording (id, visit_id, started, interval_s, profile, vendor, model, serial_number,"
        " firmware_version, link) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (new.id, visit.id, new.started, 0.0, who.profile, who.vendor, who.model, who.serial_number,
         who.firmware_version, who.link),
    )  # fmt: skip
    for gap in gaps:
        run(
            "INSERT INTO gap (id, recording_id, t0, t1, reason) VALUES (?, ?, ?, ?, ?)",
            (str(uuid.uuid4()), new.id, gap.start.timestamp(), gap.end.timestamp(), gap.reason),
        )
    ids = _points(connection, new)
    if not ids:
        return
    for first in range(0, len(new.times), CHUNK):
        part = slice(first, first + CHUNK)
        rows = [
            (new.id, t, json.dumps([_cell(v, q) for v, q in zip(row, marks, strict=True)], separators=(",", ":")))
            for t, row, marks in zip(new.times[part], new.rows[part], new.qualities[part], strict=True)
        ]
        run("INSERT INTO tail (recording_id, t, body) VALUES (?, ?, ?)", rows)
        if len(rows) == CHUNK:
            close_chunk(connection, new.id, ids)


def _points(connection: Connection, new: IncomingRecording) -> list[int]:
    """Insert the points and return their ids; sessions of one recording share them."""
    found = connection.exec_driver_sql(
        "SELECT name, id FROM point WHERE recording_id = ? ORDER BY position", (new.id,)
    ).fetchall()
    if found:
        names = [name for name, _ in found]
        return [row[1] for row in found] if names == [name for name, _ in new.points] else []
    base = uuid.uuid4().int & 0x3FFF_FFFF_FFFF
    rows = [(base + i, new.id, i, name, unit) for i, (name, unit) in enumerate(new.points)]
    if rows:
        connection.exec_driver_sql(
            "INSERT INTO point (id, recording_id, position, name, unit) VALUES (?, ?, ?, ?, ?)", rows
        )
    return [row[0] for row in rows]


def _cell(value: Value | None, quality: str) -> object:
    if value is None:
        return None
    return value if quality == Quality.GOOD.value else {"v": value, "q": quality}
