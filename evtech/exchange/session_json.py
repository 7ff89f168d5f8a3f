"""Sessions as JSON (``evtech.session/1``) with everything that belongs to them, written piece by piece.

What is read back from it (``evtech_json.py``) is the same: record, samples with qualities, notes and corrections,
attachments, events, and where the session came from.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from evtech.errors import NotFoundError
from evtech.reports.samples_csv import plain, session_rows
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession
from evtech.store.samples import Row
from evtech.store.session_extras import Attachment
from evtech.store.session_rows import contract, iso


def pieces(archive: Archive, ids: Sequence[str]) -> Iterator[str]:
    """Yield the text of a list of sessions."""
    yield "["
    for number, id_ in enumerate(ids):
        session = archive.session(id_)
        text = json.dumps(head(archive, session), ensure_ascii=False)
        yield (", " if number else "") + text[:-1] + ', "rows": ['
        for place, row in enumerate(session_rows(archive, session)):
            yield (", " if place else "") + json.dumps(_row(row), ensure_ascii=False)
        yield "]}"
    yield "]"


def head(archive: Archive, session: ChargingSession) -> dict[str, Any]:
    """Return all of a session but its samples."""
    end = session.ended or session.last_seen or datetime.now(UTC)
    recordings = (*session.earlier_recordings, session.recording_id)
    events = [e for recording in recordings for e in archive.events(recording, session.started, end)]
    return contract(session) | {
        "site": _site(archive, session),
        "corrections": [
            {"id": c.id, "at": iso(c.at), "technician": c.technician, "field": c.field, "value": c.value,
             "reason": c.reason}
            for c in archive.corrections(session.id)
        ],
        "attachments": [_attachment(a) for a in archive.attachments(session.id)],
        "events": [{"time": iso(e.time), "event": e.kind.value, "details": dict(e.details)} for e in events],
        "units": dict(archive.points(session.recording_id)),
    }  # fmt: skip


def _attachment(attached: Attachment) -> dict[str, Any]:
    return {
        "id": attached.id, "at": iso(datetime.fromtimestamp(attached.at, UTC)), "name": attached.name,
        "media_type": attached.media_type, "sha256": hashlib.sha256(attached.data).hexdigest(),
        "data": base64.b64encode(attached.data).decode("ascii"),
    }  # fmt: skip


def _row(row: Row) -> dict[str, Any]:
    values = {name: None if value is None else plain(value) for name, value in row.values.items()}
    return {"time": iso(row.time), "values": values, "quality": row.qualities}


def _site(archive: Archive, session: ChargingSession) -> str:
    try:
        return archive.visit(session.visit_id).site
    except NotFoundError:
        return ""
