"""OCPP 1.6: StartTransaction, StopTransaction, MeterValues, StatusNotification, Authorize and their answers."""

from typing import Any

from evtech.exchange.ocpp_frames import Frame
from evtech.exchange.ocpp_station import WHOLE, Station, phase_of
from evtech.exchange.ocpp_transaction import Auth, Transaction
from evtech.exchange.ocpp_values import STOPS

NO_ERROR = "NoError"


def take_status(station: Station, body: dict[str, Any], logged: str | None) -> None:
    """Take StatusNotification of a connector, or with 0 of the station."""
    at = station.time(body.get("timestamp"), logged)
    if at is None:
        raise ValueError("a status without a time")
    station.hear(at, logged)
    word = str(body.get("status") or "")
    code, meaning = _error(body)
    station.status(str(body.get("connectorId", 1)), phase_of(word), word, at, code, meaning)


def take_authorise(station: Station, frame: Frame) -> None:
    """Take Authorize: the answer says whether the card may charge."""
    at = station.time(None, frame.logged)
    station.hear(at, frame.logged)
    station.call(frame, Auth(_token(frame.payload.get("idTag")), at if at is not None else station.now))


def take_start(station: Station, frame: Frame) -> None:
    """Take StartTransaction; a charger repeats it until it is answered."""
    body = frame.payload
    at = station.time(body.get("timestamp"), frame.logged)
    if at is None:
        raise ValueError("a start without a time")
    station.hear(at, frame.logged)
    token, meter = _token(body.get("idTag")), number_of(body.get("meterStart"))
    port = station.port(body.get("connectorId", 1))
    for running in port.open:
        if running.started == at and running.meter_start == meter and running.auth and running.auth.token == token:
            station.call(frame, running)
            return
    new = Transaction(station.name, port.number, None, at, meter_start=meter, line=station.line)
    new.auth = station.take_auth(token, at) or Auth(token, None)
    new.seen(at)
    station.begin(port, new)
    station.call(frame, new)


def take_stop(station: Station, frame: Frame) -> None:
    """Take StopTransaction: of the number it names, else of the only transaction without one."""
    body = frame.payload
    at = station.time(body.get("timestamp"), frame.logged)
    if at is None:
        raise ValueError("an end without a time")
    station.hear(at, frame.logged)
    number = str(body.get("transactionId"))
    running = station.numbers.get(number)
    if running is None:
        if number in station.done:  # said again
            return
        running = _without_number(station, at, _token(body.get("idTag"))) or Transaction(
            station.name, None, number, None, line=station.line
        )
        running.number = number
    if running.started is not None and at < running.started:
        station.forget(running)
        raise ValueError(f"transaction {number} ends {running.started - at:.0f} s before it begins")
    running.ended, running.meter_stop = at, number_of(body.get("meterStop"))
    running.reason = STOPS.get(str(body.get("reason") or "Local"), "unknown")
    if running.auth is None:
        running.auth = Auth(_token(body.get("idTag")), None)
    for value in body.get("transactionData") or ():
        take_values(station, running, value, frame.logged)
    station.end(running)


def take_meter(station: Station, frame: Frame) -> None:
    """Take MeterValues of a transaction; those of no transaction say nothing of a session."""
    body = frame.payload
    running = _of_meter(station, body)
    first = None
    for value in body.get("meterValue") or ():
        at = take_values(station, running, value, frame.logged)
        first = at if first is None else first
    station.hear(first, frame.logged)


def take_values(
    station: Station, running: Transaction | None, value: dict[str, Any], logged: str | None
) -> float | None:
    """Take the sampled values of one moment, and return it."""
    at = station.time(value.get("timestamp"), logged)
    if at is None:
        raise ValueError("meter values without a time")
    if running is not None:
        running.sample(at, value.get("sampledValue") or [])
    return at


def take_answer(station: Station, asked: Frame, about: Any, answer: Frame) -> None:
    """Take the answer to a request that was remembered."""
    told = answer.payload.get("idTagInfo")
    status = str(told.get("status") or "") if isinstance(told, dict) else ""
    if isinstance(about, Auth):
        about.ok, about.status = (status == "Accepted" if status else None), status
        if status:
            station.authorise(about)
        return
    assert isinstance(about, Transaction)
    if status:
        auth = about.auth or Auth(None, None)
        auth.ok, auth.status = status == "Accepted", status
        about.auth = auth
        if not auth.ok:
            about.faults.setdefault(status, "authorisation")
    number = answer.payload.get("transactionId")
    if number is not None and about.number is None and about.ended is None:
        station.number(about, str(number))


def take_error(station: Station, about: Any, answer: Frame) -> None:
    """Take the refusal of a request: whoever asked was not let charge."""
    if isinstance(about, Auth):
        about.ok, about.status = False, str(answer.payload.get("code") or "CallError")
        station.authorise(about)


def fits(asked: Frame, payload: dict[str, Any]) -> bool:
    """Return whether an answer can be one to a request."""
    if asked.action == "StartTransaction":
        return "transactionId" in payload
    if asked.action == "Authorize":
        return "idTagInfo" in payload or "idTokenInfo" in payload
    if asked.action == "BootNotification":
        return "interval" in payload or "currentTime" in payload
    return True


def number_of(value: Any) -> float | None:
    """Return a meter's reading (Wh), ``None`` where it is not told; raise ``ValueError`` for what cannot be one."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        raise ValueError(f"{value!r} is no meter reading")
    number = float(value)
    if not abs(number) < 1e15:
        raise ValueError(f"{str(value)[:40]} is no meter reading")
    return number


def _of_meter(station: Station, body: dict[str, Any]) -> Transaction | None:
    """Return the transaction that meter values belong to; one that began before the log is noted from here on."""
    connector = str(body.get("evseId", body.get("connectorId", 1)))  # 2.0.1 has the same message for an EVSE
    if body.get("transactionId") is None:
        running = station.ports[connector].open if connector in station.ports else []
        return running[-1] if len(running) == 1 else None
    number = str(body["transactionId"])
    if number in station.numbers:
        return station.numbers[number]
    if number in station.done:
        closing = station.ports[connector].closing if connector in station.ports else None
        return closing if closing is not None and closing.number == number else None
    if connector == WHOLE:
        return None
    port = station.port(connector)
    unnumbered = [each for each in port.open if each.number is None]
    if len(unnumbered) == 1:
        found = unnumbered[0]
    else:
        found = Transaction(station.name, connector, None, None, line=station.line)
        station.adopt(port, found)
    station.number(found, number)
    return found


def _without_number(station: Station, at: float, token: str | None) -> Transaction | None:
    """Return the running transaction to which the log brought no number: the only one, or the only one of a token."""
    found = [t for p in station.ports.values() for t in p.open if t.number is None and (t.started or 0.0) <= at]
    if len(found) > 1:
        found = [each for each in found if token and each.auth and each.auth.token == token]
    return found[0] if len(found) == 1 else None


def _error(body: dict[str, Any]) -> tuple[str | None, str | None]:
    """Return the code of a status and what it says: the maker's code where there is one, OCPP's as its meaning."""
    standard = str(body.get("errorCode") or NO_ERROR)
    vendor, info = body.get("vendorErrorCode"), body.get("info")
    is_fault = standard != NO_ERROR or body.get("status") == "Faulted"
    if not is_fault or (standard == NO_ERROR and not vendor):
        return ("Faulted", None) if body.get("status") == "Faulted" else (None, None)
    said = [word for word in (standard if vendor and standard != NO_ERROR else "", str(info or "")) if word]
    return str(vendor or standard)[:100], ": ".join(said)[:200] or None


def _token(value: Any) -> str | None:
    return str(value)[:255] if isinstance(value, str | int) and value != "" else None
