"""What is added to a session after it ended: corrections, notes, photographs. The record itself never changes."""

import hashlib
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from evtech.store.connection import Connection


@dataclass(frozen=True, slots=True)
class Correction:
    """One row: ``field`` is site, clock_s or note; ``at`` aware UTC."""

    at: datetime
    technician: str
    field: str
    value: str
    reason: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file kept with a session; ``at`` in s since 1970 UTC."""

    session_id: str
    name: str
    media_type: str
    data: bytes
    visit_id: str | None = None
    at: float = field(default_factory=time.time)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))


def corrections(connection: Connection, session_id: str) -> list[Correction]:
    """Return a session's corrections and notes, oldest first."""
    rows = connection.exec_driver_sql(
        "SELECT at, technician, field, value, reason, id FROM session_correction WHERE session_id = ? ORDER BY at, id",
        (session_id,),
    ).fetchall()
    return [Correction(datetime.fromtimestamp(row[0], UTC), *row[1:]) for row in rows]


def insert_correction(connection: Connection, session_id: str, made: Correction) -> None:
    """Insert a correction or a note; a correction without an id gets one."""
    connection.exec_driver_sql(
        "INSERT INTO session_correction (id, session_id, at, technician, field, value, reason)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (made.id or str(uuid.uuid4()), session_id, made.at.timestamp(), made.technician, made.field, made.value,
         made.reason),
    )  # fmt: skip


def insert(connection: Connection, attachment: Attachment) -> None:
    """Insert an attachment once."""
    connection.exec_driver_sql(
        "INSERT OR IGNORE INTO attachment (id, at, visit_id, session_id, result_id, name, media_type, sha256, data)"
        " VALUES (?, ?, ?, ?, NULL, ?, ?, ?, ?)",
        (
            attachment.id, attachment.at, attachment.visit_id, attachment.session_id, attachment.name,
            attachment.media_type, hashlib.sha256(attachment.data).hexdigest(), attachment.data,
        ),
    )  # fmt: skip


def attachments(connection: Connection, session_id: str) -> list[Attachment]:
    """Return a session's attachments, oldest first."""
    rows = connection.exec_driver_sql(
        "SELECT session_id, name, media_type, data, visit_id, at, id FROM attachment WHERE session_id = ?"
        " ORDER BY at, id",
        (session_id,),
    ).fetchall()
    return [Attachment(*row) for row in rows]
