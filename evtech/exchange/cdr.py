"""OCPI charge detail records (2.1.1, 2.2.1) as sessions, to lay a back office's view beside the laptop's.

A CDR says when a session was and what it took, but not how it ended: such sessions count for energy and use and are
left out of success rates. A credit CDR is no session; it takes the one that it credits out of the sums.
"""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from evtech.errors import InputError
from evtech.exchange.incoming import Credit, Incoming, Item, Parcel, Problems, made_id
from evtech.exchange.json_stream import JsonStream, loads
from evtech.exchange.source_file import SourceFile
from evtech.exchange.times import Clock
from evtech.measure.sample import ChargerIdentity
from evtech.store.records import ChargingSession, PhaseSpan

SOURCE = "cdr"
ENVELOPES = ("data", "cdrs", "CDRs", "records", "items")  # keys under which answers and exports hold their list
LONGEST_S = 366 * 86400.0
MOST_KWH, MOST_KW = 1e6, 1e5
_PAYMENTS = {
    "RFID": "rfid", "APP_USER": "app", "AD_HOC_USER": "ad_hoc", "EMAID": "plug_and_charge", "OTHER": "other",
    "COMMAND": "remote", "AUTH_REQUEST": "contract", "WHITELIST": "contract",
}  # fmt: skip
_POWERS = ("MAX_POWER", "POWER")
_TOLERANCE_KWH = 0.001
_CLOCK = Clock()


class _RecordError(Exception):
    """A record that cannot be used, and why."""


def is_cdr(data: Any) -> bool:
    """Return whether a JSON value is one CDR."""
    return isinstance(data, dict) and "start_date_time" in data and "total_energy" in data


def read_cdrs(source: SourceFile) -> Parcel:
    """Return the CDRs of a document: one, a list, or a list in an answer."""
    problems = Problems()
    return Parcel(SOURCE, _items(_records(JsonStream(source)), problems, source), problems)


def read_cdr_lines(source: SourceFile) -> Parcel:
    """Return the CDRs of a file with one a line, or one after another with line breaks inside, as `jq` prints them."""
    problems = Problems()
    is_line_each = next(
        (_is_value(line.text) for line in source.lines() if line.text is None or line.text.strip()), True
    )
    records = _line_records(source, problems) if is_line_each else _values(JsonStream(source))
    return Parcel(SOURCE, _items(records, problems, source), problems)


def _records(stream: JsonStream) -> Iterator[tuple[str, Any]]:
    """Yield each record with the words that name its place."""
    if stream.peek() == "[":
        for number in stream.elements():
            yield f"CDR {number} (line {stream.line})", stream.value()
    else:
        yield from _enveloped(stream)
    stream.end()


def _enveloped(stream: JsonStream) -> Iterator[tuple[str, Any]]:
    found: dict[str, Any] = {}
    for key in stream.keys():  # noqa: SIM118  # no dict: the keys are read from the file
        if key in ENVELOPES and stream.peek() == "[":
            for number in stream.elements():
                yield f"CDR {number} (line {stream.line})", stream.value()
        else:
            found[key] = stream.value()
    for record in (found, *(found.get(key) for key in ENVELOPES)):
        if is_cdr(record):
            yield "the CDR", record


def _line_records(source: SourceFile, problems: Problems) -> Iterator[tuple[str, Any]]:
    for line in source.lines():
        if line.text is None:
            problems.add(f"line {line.number}: longer than any CDR; it is left out")
        elif line.text.strip():
            try:
                yield f"line {line.number}", loads(line.text)
            except ValueError as error:
                problems.add(f"line {line.number}: {error}; it is left out")


def _is_value(text: str | None) -> bool:
    try:
        loads(text or "")
    except ValueError:
        return text is None
    return True


def _values(stream: JsonStream) -> Iterator[tuple[str, Any]]:
    number = 0
    while stream.peek():
        number += 1
        yield f"CDR {number} (line {stream.line})", stream.value()


def _items(records: Iterator[tuple[str, Any]], problems: Problems, source: SourceFile) -> Iterator[Item]:
    count = used = 0
    for place, record in records:
        count += 1
        try:
            found = _item(record)
        except (_RecordError, KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError) as error:
            said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
            problems.add(f"{place}: {said}; it is left out")
            continue
        used += 1
        if found is not None:
            yield found
    if not used:
        first = "; ".join(problems.named[:3])
        raise InputError(f"{source.path}: not one of {count} CDRs can be used.", first or "It holds none.")


def _item(record: Any) -> Item | None:
    if not is_cdr(record):
        raise _RecordError("it is no CDR: start_date_time or total_energy is missing")
    if record.get("credit") is True or record.get("credit_reference_id"):
        of = record.get("credit_reference_id")
        return Credit(_id(record, of)) if of else None
    return _incoming(record)


def _id(record: dict[str, Any], number: Any) -> str:
    return made_id("cdr", record.get("country_code", ""), record.get("party_id", ""), number)


def _incoming(record: dict[str, Any]) -> Incoming:
    start, end = _moment(record["start_date_time"]), _moment(record.get("end_date_time") or record["stop_date_time"])
    if end < start:
        raise _RecordError(f"it ends {start - end:.0f} s before it begins")
    if end - start > LONGEST_S:
        raise _RecordError(f"it lasts {(end - start) / 86400:.0f} days")
    kwh = _number(record["total_energy"], "total_energy", MOST_KWH)
    spans = _charging(record, start, end) if kwh > 0 else []
    charging_s = sum(b - a for a, b in spans)
    place = record.get("cdr_location") or record.get("location") or {}
    token, payment, notes = _token(record)
    session = ChargingSession(
        id=_id(record, record["id"]), visit_id="", recording_id="", charger=_port(place), started=_at(start),
        ended=_at(end), charging_s=charging_s, energy_wh=1000.0 * kwh, energy_source="session_counter",
        peak_power_w=_peak(record), mean_power_w=kwh * 3.6e6 / charging_s if charging_s else None,
        phases=tuple(PhaseSpan("CHARGING", _at(a), _at(b)) for a, b in spans),
        notes=(f"CDR {record['id']}", *notes, *_doubts(record, kwh)), last_seen=_at(end), token=token,
        authorised=_at(start), payment_method=payment,
        transaction=str(record.get("session_id") or record["id"]),
    )  # fmt: skip
    return Incoming(session, str(place.get("name") or place.get("address") or ""))


def _port(place: dict[str, Any]) -> ChargerIdentity:
    """Return the port: the EVSE's public id, else the one of the platform, else the location and its connector."""
    evse = (place.get("evses") or [{}])[0]
    port = place.get("evse_id") or evse.get("evse_id") or place.get("evse_uid") or evse.get("uid")
    if port:
        return ChargerIdentity("", "", str(port)[:200])
    connector = place.get("connector_id") or (evse.get("connectors") or [{}])[0].get("id")
    name = place.get("id") or place.get("name") or place.get("address") or "CDR"
    return ChargerIdentity("", "", str(name)[:200], str(connector) if connector else None)


def _token(record: dict[str, Any]) -> tuple[str | None, str | None, list[str]]:
    """Return who charged, how it is paid, and whose token it was where that is another party (roaming)."""
    token = record.get("cdr_token") or {}
    uid = token.get("uid") or record.get("auth_id")
    kind = _PAYMENTS.get(str(token.get("type") or "").upper()) or _PAYMENTS.get(str(record.get("auth_method") or ""))
    home = [str(record.get(name) or "") for name in ("country_code", "party_id")]
    theirs = [str(token.get(name) or "") for name in ("country_code", "party_id")]
    notes = [f"roaming: token of {'*'.join(theirs)}"] if all(theirs) and all(home) and theirs != home else []
    return (str(uid) if uid else None), kind, notes


def _charging(record: dict[str, Any], start: float, end: float) -> list[tuple[float, float]]:
    """Return when energy flowed: the periods with energy, else all but the parking time at the end."""
    periods = record.get("charging_periods") or []
    begins = [_moment(p["start_date_time"]) for p in periods]
    spans: list[tuple[float, float]] = []
    for period, (a, b) in zip(periods, pairwise([*begins, end]), strict=True):
        kinds = {d.get("type"): d.get("volume") for d in period.get("dimensions") or ()}
        flows = bool(kinds.get("ENERGY") or kinds.get("ENERGY_IMPORT"))
        a, b = max(a, start), min(b, end)
        if flows and b > a:
            if spans and spans[-1][1] >= a:
                spans[-1] = (spans[-1][0], b)
            else:
                spans.append((a, b))
    parked = 3600.0 * _number(record.get("total_parking_time") or 0, "total_parking_time", 1e4)
    rest = (start, max(start, end - parked))
    if not spans:
        return [rest]
    # one period over the whole session tells nothing of its parking time
    return [rest] if len(periods) == 1 and parked else spans


def _peak(record: dict[str, Any]) -> float | None:
    """Return the highest power (W) that the periods state, ``None`` where none does."""
    found = [
        _number(each["volume"], each["type"], MOST_KW) * 1000
        for period in record.get("charging_periods") or ()
        for each in period.get("dimensions") or ()
        if each.get("type") in _POWERS
    ]
    return max(found, default=None)


def _doubts(record: dict[str, Any], kwh: float) -> list[str]:
    """Return what does not fit in the record."""
    volumes = [
        _number(each["volume"], "ENERGY", MOST_KWH)
        for period in record.get("charging_periods") or ()
        for each in period.get("dimensions") or ()
        if each.get("type") == "ENERGY"
    ]
    if volumes and abs(sum(volumes) - kwh) > _TOLERANCE_KWH:
        return [f"total_energy is {kwh:g} kWh, its periods have {sum(volumes):.3f} kWh"]
    return []


def _number(value: Any, name: str, most: float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise _RecordError(f"{name} is {str(value)[:40]!r}; it must be a number")
    try:
        number = float(value)
    except ValueError as error:
        raise _RecordError(f"{name} is {str(value)[:40]!r}; it must be a number") from error
    if not math.isfinite(number) or not 0 <= number <= most:
        raise _RecordError(f"{name} is {str(value)[:40]}: " + ("negative" if number < 0 else "beyond any session"))
    return number


def _moment(text: Any) -> float:
    found = _CLOCK.seconds(text) if isinstance(text, str) else None
    if found is None:
        raise _RecordError(f"{str(text)[:40]!r} is no time")
    return found


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
