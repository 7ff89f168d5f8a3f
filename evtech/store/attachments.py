"""Files kept with a result: what was examined, so that the result can be made again years later."""

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evtech.errors import ArchiveError

if TYPE_CHECKING:
    from evtech.store.archive import Archive

LARGEST = 1_000_000
"""Bytes of one attachment; what is larger stays where it is, only its hash is kept."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file of a result; ``at`` aware UTC, ``sha256`` of ``data`` in hex."""

    result_id: str
    name: str
    data: bytes
    media_type: str = "application/octet-stream"
    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    id: str = field(default_factory=lambda: str(uuid.uuid4()))

    @property
    def sha256(self) -> str:
        """Return the hash of the content."""
        return hashlib.sha256(self.data).hexdigest()


def attach(archive: "Archive", files: Sequence[Attachment]) -> None:
    """Keep files and wait until they are on disk; raise ``ArchiveError`` for one too large or a full disk."""
    for file in files:
        if len(file.data) > LARGEST:
            raise ArchiveError(f"{file.name} is larger than {LARGEST // 1_000_000} MB.", "It is not kept.")
        row = (file.id, file.at.timestamp(), file.result_id, file.name, file.media_type, file.sha256, file.data)
        archive.writer.add(
            lambda connection, row=row: connection.exec_driver_sql(  # type: ignore[misc]
                "INSERT INTO attachment (id, at, result_id, name, media_type, sha256, data)"
                " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                row,
            )
        )
    if not archive.writer.flush():
        raise ArchiveError(f"The files cannot be kept: {archive.writer.failing}.", "Make room on the disk.")


def attached(archive: "Archive", result_id: str) -> list[Attachment]:
    """Return the files of a result in the order of their names; raise ``ArchiveError`` for a damaged one."""
    with archive.reading() as connection:
        rows = connection.exec_driver_sql(
            "SELECT id, at, name, media_type, sha256, data FROM attachment WHERE result_id = ? ORDER BY name",
            (result_id,),
        ).fetchall()
    found = [
        Attachment(result_id, row[2], bytes(row[5]), row[3], datetime.fromtimestamp(row[1], UTC), row[0])
        for row in rows
    ]
    for file, row in zip(found, rows, strict=True):
        if file.sha256 != row[4]:
            raise ArchiveError(f"The kept file {file.name} is damaged.", "`evtech archive check` looks at the rest.")
    return found
