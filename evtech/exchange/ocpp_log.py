"""OCPP 1.6 and 2.0.1 message logs (JSON lines) as sessions, attempts that never started, samples and states.

A line is a bare OCPP-J frame ``[2, id, action, payload]`` or an object around one, with its own time and the charge
point's name under one of the usual keys. Frames that say nothing of a session are passed over, broken
lines are counted.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from evtech.errors import InputError
from evtech.exchange.incoming import Incoming, Parcel, Series, StateLog, made_id
from evtech.exchange.ocpp_values import STATES, STOPS, point_of, value_of
from evtech.measure.sample import ChargerIdentity
from evtech.measure.vocabulary import TERMS
from evtech.store.records import ChargingSession, PhaseSpan

SOURCE = "ocpp"
_CALL, _RESULT = 2, 3
_NAMES = (
    "charge_point",
    "chargePoint",
    "chargePointId",
    "charge_point_id",
    "cp",
    "cpid",
    "station",
    "stationId",
    "identity",
)
_TIMES = ("timestamp", "time", "ts", "at")
_FRAMES = ("message", "msg", "frame", "payload", "data")
_ACTIONS = frozenset(
    ("StatusNotification", "MeterValues", "StartTransaction", "StopTransaction", "TransactionEvent", "Authorize")
)


@dataclass(slots=True)
class _Transaction:
    """One transaction as it grows."""

    station: str
    connector: str
    key: str
    started: datetime
    plugged: datetime | None = None
    token: str | None = None
    auth_ok: bool | None = None
    meter_start: float | None = None
    meter_stop: float | None = None
    ended: datetime | None = None
    reason: str | None = None
    code: str | None = None
    samples: dict[datetime, dict[str, float]] = field(default_factory=dict)


@dataclass(slots=True)
class _Log:
    """What has been read so far."""

    open: dict[tuple[str, str], _Transaction] = field(default_factory=dict)  # by station and transaction id
    pending: dict[tuple[str, str], _Transaction] = field(default_factory=dict)  # by station and message id
    done: list[_Transaction] = field(default_factory=list)
    plugged: dict[tuple[str, str], datetime] = field(default_factory=dict)
    states: dict[tuple[str, str], list[tuple[float, str]]] = field(default_factory=dict)
    faults: dict[tuple[str, str], str] = field(default_factory=dict)


def is_log(data: Any) -> bool:
    """Return whether JSON values are one frame, or a list of frames or of objects around them."""
    rows = data if isinstance(data, list) and data and not isinstance(data[0], int) else [data]
    return any(_frame(row) is not None for row in rows)


def read_log(lines: Iterable[tuple[int, Any]], name: str) -> Parcel:
    """Return the sessions of a log; ``name`` is the charge point where the lines name none."""
    log, problems, seen = _Log(), [], 0
    for number, row in lines:
        frame = _frame(row)
        if frame is None:
            problems.append(f"line {number}: no OCPP message; it is left out")
            continue
        seen += 1
        try:
            _take(log, frame, _said(row, _NAMES) or name, _said(row, _TIMES))
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            problems.append(f"line {number}: {error!r}; it is left out")
    if not seen:
        raise InputError(f"{name} holds no OCPP message.", "One JSON frame a line, such as [2, id, action, {…}].")
    log.done += [*log.open.values(), *(t for t in log.pending.values() if t not in log.open.values())]
    sessions = [_incoming(t) for t in log.done]
    states = [
        StateLog(_recording(*key), made_id("ocpp visit", key[0]), key[0], _identity(*key), sorted(set(changes)))
        for key, changes in log.states.items()
    ]
    extra = len(problems) - 20
    return Parcel(SOURCE, sessions, states, problems[:20] + ([f"{extra} more"] if extra > 0 else []))


def _frame(row: Any) -> list[Any] | None:
    if isinstance(row, list) and len(row) >= 3 and row[0] in (_CALL, _RESULT, 4) and isinstance(row[1], str):
        return row
    if not isinstance(row, dict):
        return None
    action = row.get("action")
    if isinstance(action, str) and isinstance(row.get("payload"), dict):
        return [_CALL, str(row.get("id") or row.get("messageId") or ""), action, row["payload"]]
    for key in _FRAMES:
        inner = row.get(key)
        if isinstance(inner, str) and inner.startswith("["):
            import json

            try:
                inner = json.loads(inner)
            except ValueError:
                continue
        if inner is not None and (found := _frame(inner)) is not None:
            return found
    return None


def _said(row: Any, names: tuple[str, ...]) -> str | None:
    found = next((row[n] for n in names if n in row), None) if isinstance(row, dict) else None
    return None if found is None else str(found)


def _take(log: _Log, frame: list[Any], station: str, logged: str | None) -> None:
    if frame[0] == _RESULT:
        _take_result(log, station, str(frame[1]), frame[2])
        return
    if frame[0] != _CALL or frame[2] not in _ACTIONS or len(frame) < 4:
        return
    action, body = str(frame[2]), dict(frame[3])
    when = body.get("timestamp") or logged
    at = _moment(str(when)) if when else None
    if action == "StatusNotification":
        _take_status(log, station, body, at)
    elif action == "MeterValues":
        _meter(log, station, body)
    elif at is None:
        if action != "Authorize":
            raise ValueError("a message without a time")
    elif action == "StartTransaction":
        connector = str(body.get("connectorId", 1))
        started = _Transaction(station, connector, f"start {frame[1]} {at.isoformat()}", at, token=body.get("idTag"),
                               meter_start=_float(body.get("meterStart")))  # fmt: skip
        started.plugged = log.plugged.pop((station, connector), None)
        log.pending[station, str(frame[1])] = started
    elif action == "StopTransaction":
        _stop_16(log, station, body, at)
    elif action == "TransactionEvent":
        _event_201(log, station, body, at)


def _take_result(log: _Log, station: str, message: str, body: Any) -> None:
    """Take an answer: to a start it brings the transaction's number."""
    waiting = log.pending.get((station, message))
    if waiting is None or not isinstance(body, dict) or "transactionId" not in body:
        return
    del log.pending[station, message]
    status = (body.get("idTagInfo") or {}).get("status")
    waiting.auth_ok = None if status is None else status == "Accepted"
    log.open[station, str(body["transactionId"])] = waiting


def _take_status(log: _Log, station: str, body: dict[str, Any], at: datetime | None) -> None:
    if at is None:
        raise ValueError("a status without a time")
    connector = str(body.get("evseId", body.get("connectorId", 1)))
    if connector == "0":
        return  # the station as a whole
    status = str(body.get("status") or body.get("connectorStatus"))
    phase = STATES.get(status, "UNKNOWN")
    key = (station, connector)
    log.states.setdefault(key, []).append((at.timestamp(), phase))
    code = body.get("vendorErrorCode") or body.get("errorCode")
    if phase == "FAULTED":
        log.faults[key] = str(code or "Faulted")
        for running in _running(log, station, connector):
            running.code = str(code or "Faulted")
    if phase == "PLUGGED" and not any(_running(log, station, connector)):
        log.plugged.setdefault(key, at)
    elif phase in ("IDLE", "FAULTED", "UNAVAILABLE"):
        since = log.plugged.pop(key, None)
        if since is not None:  # somebody was there, and nothing began
            failed = _Transaction(station, connector, f"attempt {since.isoformat()}", since, since, ended=at)
            failed.reason = "fault" if phase == "FAULTED" else "unknown"
            failed.code = str(code) if phase == "FAULTED" else None
            failed.key = f"none {failed.key}"
            log.done.append(failed)


def _running(log: _Log, station: str, connector: str) -> Iterator[_Transaction]:
    for each in (*log.open.values(), *log.pending.values()):
        if each.station == station and each.connector == connector:
            yield each


def _stop_16(log: _Log, station: str, body: dict[str, Any], at: datetime) -> None:
    number = str(body["transactionId"])
    running = log.open.pop((station, number), None)
    if running is None:  # the answer to its start is not in the log
        key = next((k for k, t in log.pending.items() if k[0] == station), None)
        running = log.pending.pop(key) if key is not None else _Transaction(station, "1", f"stop {number}", at)
    running.ended, running.meter_stop = at, _float(body.get("meterStop"))
    running.reason = STOPS.get(str(body.get("reason") or "Local"), "unknown")
    running.token = running.token or body.get("idTag")
    for value in body.get("transactionData") or ():
        _sample(running, value)
    log.done.append(running)


def _meter(log: _Log, station: str, body: dict[str, Any]) -> None:
    connector = str(body.get("evseId", body.get("connectorId", 1)))
    number = body.get("transactionId")
    running = log.open.get((station, str(number))) if number is not None else None
    running = running or next(_running(log, station, connector), None)
    for value in body.get("meterValue") or ():
        if running is not None:
            _sample(running, value)


def _event_201(log: _Log, station: str, body: dict[str, Any], at: datetime) -> None:
    info = body["transactionInfo"]
    number, evse = str(info["transactionId"]), body.get("evse") or {}
    key = (station, number)
    if key not in log.open:
        connector = str(evse.get("id", 1))
        log.open[key] = _Transaction(station, connector, number, at, log.plugged.pop((station, connector), None))
    running = log.open[key]
    if isinstance(body.get("idToken"), dict):
        running.token = running.token or body["idToken"].get("idToken")
    for value in body.get("meterValue") or ():
        _sample(running, value)
    state = info.get("chargingState")
    if state:
        phase = STATES.get(str(state), "UNKNOWN")
        log.states.setdefault((station, running.connector), []).append((at.timestamp(), phase))
    if body.get("eventType") == "Ended":
        running.ended = at
        running.reason = STOPS.get(str(info.get("stoppedReason") or "Local"), "unknown")
        log.done.append(log.open.pop(key))


def _sample(running: _Transaction, value: dict[str, Any]) -> None:
    row = running.samples.setdefault(_moment(str(value["timestamp"])), {})
    for each in value.get("sampledValue") or ():
        point = point_of(each)
        number = value_of(each)
        if point is not None and number is not None:
            row[point] = number


def _incoming(done: _Transaction) -> Incoming:
    times = sorted(done.samples)
    points = sorted({name for row in done.samples.values() for name in row})
    registers = [done.samples[t]["energy_import_total"] for t in times if "energy_import_total" in done.samples[t]]
    first = done.meter_start if done.meter_start is not None else (registers[0] if registers else None)
    last = done.meter_stop if done.meter_stop is not None else (registers[-1] if registers else None)
    energy = last - first if first is not None and last is not None else None
    has_started = not done.key.startswith("none ") and (energy is None or energy > 0)
    end = done.ended or (times[-1] if times else None)
    phases = (PhaseSpan("CHARGING", done.started, end),) if has_started and end is not None else ()
    powers = [row["power_total"] for row in done.samples.values() if "power_total" in row]
    port = f"{done.station} {done.connector}"
    session = ChargingSession(
        id=made_id("ocpp", done.station, done.connector, done.key), visit_id=made_id("ocpp visit", done.station),
        # samples of one port lie in one recording a session: each has points of its own
        recording_id=made_id("ocpp recording", port, done.key) if points else _recording(done.station, done.connector),
        charger=_identity(done.station, done.connector), started=done.plugged or done.started,
        ended=done.ended, charging_s=(end - done.started).total_seconds() if phases and end else 0.0, energy_wh=energy,
        energy_source="register_difference" if energy is not None else None, register_start_wh=first,
        register_end_wh=last, register_point="energy_import_total", peak_power_w=max(powers, default=None),
        stop_reason=done.reason or ("unknown" if done.ended else "comm_loss"), phases=phases, samples=len(times),
        errors=({"code": done.code, "meaning": None},) if done.code else (), last_seen=end,
    )  # fmt: skip
    series = Series(
        [(name, TERMS[name].unit) for name in points], [t.timestamp() for t in times],
        [[done.samples[t].get(name) for name in points] for t in times],
        [["good" if name in done.samples[t] else "missing" for name in points] for t in times],
    )  # fmt: skip
    extra = {"port": port, "token": done.token, "auth_ok": done.auth_ok,
             "ended": end.timestamp() if end is not None else None}  # fmt: skip
    return Incoming(session, done.station, series, extra)


def _identity(station: str, connector: str) -> ChargerIdentity:
    return ChargerIdentity("", "", station, connector)


def _recording(station: str, connector: str) -> str:
    return made_id("ocpp recording", f"{station} {connector}")


def _float(value: Any) -> float | None:
    return None if value is None else float(value)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
