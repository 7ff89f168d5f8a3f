"""evtech's own export (``sessions export --format json``) back into an archive: the same ids, samples, qualities.

The rows of samples are read one after another, so that a session of any length needs little memory.
"""

import base64
import binascii
import hashlib
import math
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from evtech.errors import InputError
from evtech.events import EventKind
from evtech.exchange.incoming import Incoming, Item, Parcel, Stretch
from evtech.exchange.json_stream import JsonStream
from evtech.exchange.source_file import SourceFile
from evtech.measure.sample import Quality
from evtech.store.foreign import checked_session
from evtech.store.session_extras import Attachment, Correction
from evtech.store.spool import Block

SOURCE = "evtech"
MARK = '"evtech.session/'
_ROWS = 8192  # of one stretch
_QUALITIES = frozenset(Quality)
_FIELDS = ("site", "clock_s", "note")
_EVENTS = frozenset(EventKind)
_MOST = 1e18


def is_export(head: str) -> bool:
    """Return whether a document begins as an export of sessions."""
    return MARK in head[:400]


def read_export(source: SourceFile) -> Parcel:
    """Return the sessions of an export; reading them raises ``InputError`` naming the one that is damaged."""
    return Parcel(SOURCE, _items(JsonStream(source), source.path.name))


def _items(stream: JsonStream, name: str) -> Iterator[Item]:
    if stream.peek() == "{":
        yield from _Session(stream, name, 1).items()
    else:
        for number in stream.elements():
            yield from _Session(stream, name, number).items()
    stream.end()


class _Session:
    """Reads one session of an export."""

    def __init__(self, stream: JsonStream, name: str, number: int) -> None:
        self._stream = stream
        self._place = f"{name}: session {number}"
        self._data: dict[str, Any] = {}
        self._points: list[str] = []
        self._last = -math.inf

    def items(self) -> Iterator[Item]:
        """Yield its samples, then the session."""
        try:
            for key in self._stream.keys():  # noqa: SIM118  # no dict: the keys are read from the file
                if key == "rows":
                    yield from self._rows()
                else:
                    self._data[key] = self._stream.value()
            yield self._incoming()
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            raise InputError(
                f"{self._place} is damaged (line {self._stream.line}): {said}.",
                "Export it again; nothing was imported.",
            ) from error

    def _rows(self) -> Iterator[Stretch]:
        key, recording = self._text("id"), self._text("recording_id")
        if "units" in self._data:
            self._points = list(units_of(self._data))
        times: list[float] = []
        rows: list[dict[str, Any]] = []
        for _ in self._stream.elements():
            row = self._stream.value()
            at = _seconds(row["time"])
            if at < self._last:
                raise ValueError(f"the row of {row['time']} stands after a later one")
            self._last = at
            if not self._points:
                self._points = list(row["values"])
            times.append(at)
            rows.append(row)
            if len(rows) == _ROWS:
                yield Stretch(key, self._named(), self._block(times, rows), recording)
                times, rows = [], []
        if rows:
            yield Stretch(key, self._named(), self._block(times, rows), recording)

    def _named(self) -> list[tuple[str, str]]:
        return [(name, "") for name in self._points]

    def _block(self, times: list[float], rows: list[dict[str, Any]]) -> Block:
        columns = [[value_of(row["values"].get(name)) for row in rows] for name in self._points]
        marks = [[_quality(row["quality"].get(name, "missing")) for row in rows] for name in self._points]
        return Block(times, columns, marks)

    def _incoming(self) -> Incoming:
        if self._last == -math.inf and "units" in self._data:
            self._points = list(units_of(self._data))
        return incoming_of(self._data, self._points)

    def _text(self, key: str) -> str:
        found = self._data[key]
        if not isinstance(found, str) or not found:
            raise ValueError(f"{key} is {str(found)[:40]!r}")
        return found


def incoming_of(data: dict[str, Any], points: Sequence[str]) -> Incoming:
    """Return the session of an export whose samples were read; raise ``ValueError`` or ``KeyError`` if damaged."""
    if not str(data.get("schema", "")).startswith("evtech.session/"):
        raise ValueError("it is no evtech.session")
    session, units = checked_session(data), units_of(data)
    site = data.get("site", "")
    if not isinstance(site, str):
        raise ValueError("site is no text")
    return Incoming(
        session, site, [(name, units.get(name, "")) for name in points],
        corrections=[_correction(each) for each in data.get("corrections", ())],
        attachments=[_attachment(session.id, each) for each in data.get("attachments", ())],
        events=[_event(each) for each in data.get("events", ())],
    )  # fmt: skip


def units_of(data: dict[str, Any]) -> dict[str, str]:
    """Return the units of an export's points; raise ``ValueError`` where they are none."""
    units = data.get("units", {})
    if not isinstance(units, dict) or not all(isinstance(unit, str) for unit in units.values()):
        raise ValueError("units are not told as texts")
    return units


def _seconds(text: Any) -> float:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"the time {text} has no zone")
    return moment.timestamp()


def value_of(value: object) -> int | float | str | None:
    """Return a value of a sample; raise ``ValueError`` for what cannot be one."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and abs(value) < _MOST:
        return value
    raise ValueError(f"{str(value)[:40]!r} is no value of a sample")


def _quality(word: object) -> str:
    if word not in _QUALITIES:
        raise ValueError(f"{str(word)[:40]!r} is no quality")
    return str(word)


def _correction(data: dict[str, Any]) -> Correction:
    texts = [data[name] for name in ("id", "technician", "field", "value", "reason")]
    if not all(isinstance(text, str) for text in texts) or data["field"] not in _FIELDS:
        raise ValueError("a correction cannot be read")
    if data["field"] == "clock_s" and not abs(float(data["value"])) < 1e10:
        raise ValueError("a correction of the clock is out of range")
    at = datetime.fromtimestamp(_seconds(data["at"]), UTC)
    return Correction(at, data["technician"], data["field"], data["value"], data["reason"], data["id"])


def _attachment(session_id: str, data: dict[str, Any]) -> Attachment:
    try:
        content = base64.b64decode(data["data"], validate=True)
    except (binascii.Error, TypeError) as error:
        raise ValueError("an attachment is no base64") from error
    texts = [data[name] for name in ("id", "name", "media_type")]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("an attachment cannot be read")
    if data.get("sha256") not in (None, hashlib.sha256(content).hexdigest()):
        raise ValueError(f"the attachment {texts[1]} is not what it was")
    return Attachment(session_id, texts[1], texts[2], content, at=_seconds(data["at"]), id=texts[0])


def _event(data: dict[str, Any]) -> tuple[float, str, dict[str, Any]]:
    kind, details = data["event"], data["details"]
    if kind not in _EVENTS or not isinstance(details, dict):
        raise ValueError(f"the event {str(kind)[:40]!r} is not known")
    return _seconds(data["time"]), kind, details
