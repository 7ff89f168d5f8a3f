"""Visits and the recordings made on them: inserted once; what is corrected later is a row of its own."""

import time
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from evtech.errors import NotFoundError
from evtech.measure.sample import ChargerIdentity
from evtech.store.connection import Connection
from evtech.store.records import Visit

_COLUMNS = "id, started, site, technician, purpose, notes, simulated"
_NAMED = ("site", "technician", "purpose", "notes")
CorrectionRow = tuple[str, str, float, str, str]  # id, visit, moment, field, value


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording that begins (s since 1970) of points (name, unit), polled every ``interval`` s."""

    id: str
    visit_id: str
    started: float
    interval: float
    charger: ChargerIdentity
    points: Sequence[tuple[str, str]]
    # chosen here: two programs may write at once
    first_point: int = field(default_factory=lambda: uuid.uuid4().int & 0x3FFF_FFFF_FFFF)

    @property
    def point_ids(self) -> list[int]:
        """Return the points' ids in their order."""
        return [self.first_point + place for place in range(len(self.points))]


def insert(connection: Connection, visit: Visit) -> None:
    """Insert a visit."""
    connection.exec_driver_sql(
        f"INSERT INTO visit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (visit.id, visit.started.timestamp(), visit.site, visit.technician, visit.purpose, visit.notes,
         visit.simulated),
    )  # fmt: skip


def corrections(visit_id: str, fields: Mapping[str, str]) -> list[CorrectionRow]:
    """Return the rows that say what a visit is called now; raise ``ValueError`` for what a visit has not."""
    for name in fields:
        if name not in _NAMED:
            raise ValueError(f"a visit has no {name}")
    return [(str(uuid.uuid4()), visit_id, time.time(), name, value) for name, value in fields.items()]


def correct(connection: Connection, rows: Iterable[CorrectionRow]) -> None:
    """Insert corrections; the first entry stays as it was."""
    for row in rows:
        connection.exec_driver_sql(
            "INSERT INTO visit_correction (id, visit_id, at, field, value) VALUES (?, ?, ?, ?, ?)", row
        )


def one(connection: Connection, visit_id: str) -> Visit:
    """Return a visit with its corrections applied; raise ``NotFoundError``."""
    found = _read(connection, " WHERE id = ?", " WHERE visit_id = ?", (visit_id,))
    if not found:
        raise NotFoundError(f"There is no visit {visit_id}.")
    return found[0]


def every(connection: Connection) -> list[Visit]:
    """Return all visits with their corrections, newest first."""
    return _read(connection, "", "", ())


def _read(connection: Connection, which: str, whose: str, values: tuple[str, ...]) -> list[Visit]:
    rows = connection.exec_driver_sql(f"SELECT {_COLUMNS} FROM visit{which} ORDER BY started DESC", values).fetchall()
    said: dict[str, dict[str, Any]] = {}
    for visit_id, name, value in connection.exec_driver_sql(
        f"SELECT visit_id, field, value FROM visit_correction{whose} ORDER BY at", values
    ):
        said.setdefault(visit_id, {})[str(name)] = value
    visits = (
        Visit(row[0], datetime.fromtimestamp(row[1], UTC), row[2], row[3], row[4], row[5], bool(row[6])) for row in rows
    )
    return [replace(visit, **said.get(visit.id, {})) for visit in visits]


def insert_recording(connection: Connection, new: Recording) -> None:
    """Insert a recording with its points."""
    who = new.charger
    connection.exec_driver_sql(
        "INSERT INTO recording (id, visit_id, started, interval_s, profile, vendor, model, serial_number,"
        " firmware_version, link) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (new.id, new.visit_id, new.started, new.interval, who.profile, who.vendor, who.model, who.serial_number,
         who.firmware_version, who.link),
    )  # fmt: skip
    for place, (id_, (name, unit)) in enumerate(zip(new.point_ids, new.points, strict=True)):
        connection.exec_driver_sql(
            "INSERT INTO point (id, recording_id, position, name, unit) VALUES (?, ?, ?, ?, ?)",
            (id_, new.id, place, name, unit),
        )


def serial_numbers(connection: Connection) -> set[str]:
    """Return the serial numbers of all chargers that were recorded."""
    rows = connection.exec_driver_sql(
        "SELECT DISTINCT serial_number FROM recording WHERE serial_number IS NOT NULL"
    ).fetchall()
    return {str(row[0]) for row in rows}
