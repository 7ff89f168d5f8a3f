"""One OCPP-J message in the shapes that logs have: bare arrays, arrays behind a prefix, objects around them.

Of a prefix the time is taken, and the charge point where it is named. Which way a message went is only used to tell two
messages with one number apart: whether ``sent`` means to the charger or from it depends on who wrote the log.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from evtech.exchange.json_stream import DECODER, loads

CALL, RESULT, ERROR = 2, 3, 4
_LONGEST = 400  # letters before a message in which its time and its charge point are looked for


def _places(*names: str) -> dict[str, int]:
    """Return names with their rank."""
    return {name: place for place, name in enumerate(names)}


_START = re.compile(r'\[\s*[234]\s*,\s*"')
_TIME = re.compile(
    r"\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?\s?(?:Z|UTC|[+-]\d\d:?\d\d)?|\b\d{2}[./]\d{2}[./]\d{4}[ ,T]+"
    r"\d\d:\d\d:\d\d(?:[.,]\d+)?|\b1\d{9}(?:\.\d+|\d{3})?\b"
)
_NAMED = re.compile(
    r"\b(?:charge_?box_?id|charge_?point_?id|charge_?point|charging_?station(?:_?id)?|station_?id|station|cp_?id|cp"
    r"|identity|client_?id)\s*[=:]\s*[\"']?([\w.*@+-]+)",
    re.IGNORECASE,
)
_SPLIT = re.compile(r"[\s\[\](){}<>|;,\"'=]+")
_TOKEN = re.compile(r"[A-Za-z0-9][\w.*@+-]*$")
_OUT = frozenset(("out", "outbound", "outgoing", "sent", "send", "sending", "tx", "->", ">>", ">"))
_IN = frozenset(("in", "inbound", "incoming", "received", "receive", "receiving", "recv", "rx", "<-", "<<", "<"))
_NO_NAME = _OUT | _IN | frozenset((
    "info", "debug", "warn", "warning", "error", "trace", "notice", "critical", "fatal", "ocpp", "ocpp16", "ocpp1.6",
    "ocpp201", "ocpp2.0.1", "ws", "wss", "websocket", "message", "msg", "messages", "json", "frame", "payload", "data",
    "text", "call", "callresult", "callerror", "request", "response", "req", "res", "conf", "from", "to", "csms", "cs",
    "central", "system", "server", "backend", "charger", "chargepoint", "chargingstation", "raw", "log", "main", "utc",
    "gmt", "z", "for", "is", "the", "a",
))  # fmt: skip
_NAMES = _places(
    "charge_point", "chargePoint", "chargePointId", "charge_point_id", "chargepoint", "chargeBoxId", "charge_box_id",
    "chargingStation", "chargingStationId", "charging_station_id", "cp", "cpid", "cpId", "cp_id", "station",
    "stationId", "station_id", "identity", "clientId", "client_id",
)  # fmt: skip
_TIMES = _places(
    "timestamp", "time", "ts", "at", "@timestamp", "datetime", "date", "created_at", "createdAt", "received_at"
)
_WAYS = _places("direction", "dir", "way", "sender", "origin")
_FRAMES = ("message", "msg", "frame", "payload", "data", "raw", "body", "content", "_source")
_KINDS = {"2": CALL, "3": RESULT, "4": ERROR, "call": CALL, "callresult": RESULT, "callerror": ERROR, "request": CALL,
          "req": CALL, "response": RESULT, "conf": RESULT, "res": RESULT, "error": ERROR}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: its kind and number, what it carries, and what the log says around it."""

    kind: int
    id: str
    action: str
    payload: dict[str, Any]
    station: str | None = None
    logged: str | None = None
    way: str | None = None


def frame_of(row: Any) -> Frame | None:
    """Return the message in a line or in a JSON value, the first where there are two; ``None`` where there is none."""
    found = frames_of(row)
    return found[0] if found else None


def frames_of(row: Any) -> list[Frame]:
    """Return the messages in a line of text or in a JSON value: a request and its answer may stand in one object."""
    if isinstance(row, str):
        return _of_text(row)
    if isinstance(row, list):
        found = _of_array(row)
        return [found] if found is not None else []
    return _of_object(row) if isinstance(row, dict) else []


def _of_text(line: str) -> list[Frame]:
    bare = line.strip()
    if bare.startswith("{"):
        try:
            return frames_of(loads(bare))
        except ValueError:
            return []
    match = _START.search(bare)
    if match is None:
        return []
    try:
        array, _ = DECODER.raw_decode(bare, match.start())
    except (ValueError, RecursionError):
        return []
    before = bare[max(0, match.start() - _LONGEST) : match.start()]
    if not before.strip():
        return frames_of(array)
    station, logged, way = _around(before)
    found = _of_array(array, station, logged, way)
    return [found] if found is not None else []


def _of_array(
    row: list[Any], station: str | None = None, logged: str | None = None, way: str | None = None
) -> Frame | None:  # fmt: skip
    if len(row) < 3 or row[0] not in (CALL, RESULT, ERROR) or isinstance(row[0], bool) or not _is_id(row[1]):
        return None
    kind, number = row[0], str(row[1])
    if kind == CALL:
        if not isinstance(row[2], str) or len(row) < 4:
            return None
        return Frame(kind, number, row[2], _object(row[3]), station, logged, way)
    if kind == RESULT:
        return Frame(kind, number, "", _object(row[2]), station, logged, way)
    said = {"code": str(row[2]), "description": str(row[3]) if len(row) > 3 else ""}
    return Frame(kind, number, "", said, station, logged, way)


def _of_object(row: dict[str, Any], station: str | None = None, logged: str | None = None,
               way: str | None = None) -> list[Frame]:  # fmt: skip
    station, logged = _said(row, _NAMES) or station, _said(row, _TIMES) or logged
    way = _way(_said(row, _WAYS)) or way
    if isinstance(row.get("action"), str):
        found = _of_action(row, station, logged, way)
        if found:
            return found
    for key in _FRAMES:
        inner = row.get(key)
        if isinstance(inner, str) and inner.lstrip()[:1] in ("[", "{"):
            try:
                inner = loads(inner)
            except ValueError:
                continue
        if isinstance(inner, list):
            frame = _of_array(inner, station, logged, way)
            if frame is not None:
                return [frame]
        elif isinstance(inner, dict) and (found := _of_object(inner, station, logged, way)):
            return found
    return _of_answer(row, station, logged, way)


def _of_action(row: dict[str, Any], station: str | None, logged: str | None, way: str | None) -> list[Frame]:
    """Return the messages of an object that names its action: a request, an answer, or both."""
    number = _number(row)
    asked, answered = _object(row.get("request")), _object(row.get("response"))
    if asked or answered:
        both = [Frame(CALL, number, row["action"], asked, station, logged, None)] if asked else []
        return both + ([Frame(RESULT, number, "", answered, station, logged, None)] if answered else [])
    payload = next((_object(row[key]) for key in ("payload", "data", "body", "message") if key in row), None)
    if payload is None:
        return []
    kind = _kind(row) or CALL
    return [Frame(kind, number, row["action"] if kind == CALL else "", payload, station, logged, way)]


def _of_answer(row: dict[str, Any], station: str | None, logged: str | None, way: str | None) -> list[Frame]:
    """Return the answer in an object that names only its number and kind."""
    kind = _kind(row)
    if kind not in (RESULT, ERROR) or not _number(row) or "payload" not in row:
        return []
    return [Frame(kind, _number(row), "", _object(row["payload"]), station, logged, way)]


def _kind(row: dict[str, Any]) -> int | None:
    said = next((row[k] for k in ("messageTypeId", "messageType", "message_type", "type", "kind") if k in row), None)
    return _KINDS.get(str(said).casefold())


def _number(row: dict[str, Any]) -> str:
    keys = ("messageId", "message_id", "uniqueId", "unique_id", "id", "callId")
    return next((str(row[key]) for key in keys if row.get(key) is not None), "")


def _is_id(value: Any) -> bool:
    return isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool))


def _object(value: Any) -> dict[str, Any]:
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}


def _said(row: dict[str, Any], names: Mapping[str, int]) -> str | None:
    """Return what the first of some keys says."""
    for name in sorted(row.keys() & names.keys(), key=names.__getitem__):
        value = row[name]
        if isinstance(value, dict):
            value = value.get("id") or value.get("identity") or value.get("name")
        if isinstance(value, str | int | float) and not isinstance(value, bool) and value != "":
            return str(value)
    return None


def _way(word: str | None) -> str | None:
    if word is None:
        return None
    folded = word.casefold()
    return "out" if folded in _OUT else "in" if folded in _IN else folded


@lru_cache(4096)  # but for the time, the prefixes of a log are few
def _names(before: str) -> tuple[str | None, str | None]:
    """Return the charge point and the way that a prefix without its time names."""
    words = [word.strip(":.-") for word in _SPLIT.split(before.replace("->", " > ").replace("<-", " < "))]
    ways = [_way(word) for word in re.split(r"[\s\[\](){}|;,:]+", before) if word.casefold() in _OUT | _IN]
    match = _NAMED.search(before)
    if match:
        return match.group(1), (ways[0] if ways else None)
    found = []
    for word in (part for each in words for part in each.split(":")):
        name = word.rpartition("/")[2] if "/" in word else word
        is_module = name.count(".") > 1 or name.endswith((".py", ".js", ".java", ".log"))
        if _TOKEN.match(name) and name.casefold() not in _NO_NAME and not is_module and not _is_small(name):
            found.append(name)
    with_digits = [name for name in found if any(c.isdigit() for c in name)]
    named = with_digits[-1] if with_digits else found[-1] if found else None
    return named, (ways[0] if ways else None)


def _is_small(word: str) -> bool:
    """Return whether a word is a number of a line, a thread or a process rather than a name."""
    return word.isdigit() and len(word) < 5


def _around(before: str) -> tuple[str | None, str | None, str | None]:
    """Return charge point, time and way of what stands before a message."""
    match = _TIME.search(before)
    rest = before[: match.start()] + " " + before[match.end() :] if match else before
    station, way = _names(rest)
    return station, (match.group().strip() if match else None), way
