"""OCPP 2.0.1 (and what 2.1 shares): TransactionEvent, StatusNotification, NotifyEvent, Authorize and their answers."""

from typing import Any

from evtech.exchange.ocpp_16 import take_values
from evtech.exchange.ocpp_frames import Frame
from evtech.exchange.ocpp_station import WHOLE, Port, Station, better, phase_of
from evtech.exchange.ocpp_transaction import Auth, Transaction
from evtech.exchange.ocpp_values import PAYMENTS, STOPS

_PLUGGED = ("CablePluggedIn", "EVDetected")
_GONE = ("EVDeparted", "EVCommunicationLost")


def is_status(body: dict[str, Any]) -> bool:
    """Return whether a StatusNotification is one of 2.0.1."""
    return "connectorStatus" in body


def take_status(station: Station, body: dict[str, Any], logged: str | None) -> None:
    """Take StatusNotification of one connector of an EVSE: the EVSE's state is seen over all its connectors."""
    at = station.time(body.get("timestamp"), logged)
    if at is None:
        raise ValueError("a status without a time")
    station.hear(at, logged)
    number = str(body.get("evseId", WHOLE))
    word = str(body["connectorStatus"])
    if number == WHOLE:
        station.status(WHOLE, phase_of(word), word, at, None, None)
        return
    port = station.port(number)
    port.connectors[str(body.get("connectorId", 1))] = (phase_of(word), word, None)
    _show(station, port, at, None, None)


def take_notify(station: Station, body: dict[str, Any], logged: str | None) -> None:
    """Take NotifyEvent: availability and problems of the station, an EVSE or a connector."""
    for event in body.get("eventData") or ():
        at = station.time(event.get("timestamp") or body.get("generatedAt"), logged)
        component, name = event.get("component") or {}, (event.get("variable") or {}).get("name")
        if at is None or component.get("name") not in ("ChargingStation", "EVSE", "Connector"):
            continue
        evse = component.get("evse") or {}
        number, value = str(evse.get("id", WHOLE)), str(event.get("actualValue") or "")
        code, meaning = event.get("techCode"), event.get("techInfo")
        station.hear(at, logged)
        if name == "AvailabilityState":
            if number == WHOLE:
                station.status(WHOLE, phase_of(value), value, at, code, meaning)
                continue
            port = station.port(number)
            port.connectors[str(evse.get("connectorId", 1))] = (phase_of(value), value, code)
            _show(station, port, at, code, meaning)
        elif name == "Problem" and number != WHOLE and value.casefold() == "true" and code:
            for running in station.port(number).open:
                running.faults.setdefault(str(code)[:100], str(meaning)[:200] if meaning else None)


def take_authorise(station: Station, frame: Frame) -> None:
    """Take Authorize: the answer says whether the token may charge."""
    at = station.time(None, frame.logged)
    station.hear(at, frame.logged)
    station.call(frame, _auth(frame.payload.get("idToken"), at if at is not None else station.now))


def take_event(station: Station, frame: Frame) -> None:
    """Take TransactionEvent: Started, Updated or Ended."""
    body = frame.payload
    info = body.get("transactionInfo")
    at = station.time(body.get("timestamp"), frame.logged)
    if at is None or not isinstance(info, dict) or info.get("transactionId") in (None, ""):
        raise ValueError("an event of a transaction without its time or number")
    station.hear(at, frame.logged)
    number = str(info["transactionId"])
    if number in station.done:  # an event that was sent again, or came after the end
        return
    running = station.numbers.get(number) or _new(station, body, number, at)
    evse = body.get("evse")
    if running.connector is None and isinstance(evse, dict) and "id" in evse:
        _settle(station, running, str(evse["id"]))
    running.seen(at)
    _take_token(station, frame, running, at)
    trigger = str(body.get("triggerReason") or "")
    if trigger in _PLUGGED and running.plugged is None:
        running.plugged = at
    if trigger in _GONE:
        running.unplugged = at
    for value in body.get("meterValue") or ():
        take_values(station, running, value, frame.logged)
    state = info.get("chargingState")
    if state:
        _take_state(station, running, str(state), at)
    if body.get("eventType") == "Ended":
        _end(station, running, info, at, number)


def take_answer(station: Station, asked: Frame, about: Any, answer: Frame) -> None:
    """Take the answer to a request with a token."""
    told = answer.payload.get("idTokenInfo")
    status = str(told.get("status") or "") if isinstance(told, dict) else ""
    if not status or not isinstance(about, tuple | Auth):
        return
    auth = about if isinstance(about, Auth) else about[1]
    auth.ok, auth.status = status == "Accepted", status
    if isinstance(about, Auth):
        station.authorise(about)
        return
    running = about[0]
    running.auth = better(running.auth, auth)
    if not auth.ok:
        running.faults.setdefault(status, "authorisation")


def _new(station: Station, body: dict[str, Any], number: str, at: float) -> Transaction:
    """Note a transaction that is heard of for the first time; its beginning is known only where it is said."""
    evse = body.get("evse")
    connector = str(evse["id"]) if isinstance(evse, dict) and "id" in evse else None
    began = at if body.get("eventType") == "Started" else None
    new = Transaction(station.name, connector, None, began, line=station.line)
    if connector is not None:
        port = station.port(connector)
        if began is not None:
            station.begin(port, new)
        else:
            station.adopt(port, new)
    station.number(new, number)
    return new


def _settle(station: Station, running: Transaction, connector: str) -> None:
    """Give a transaction the EVSE at which it turned out to be."""
    running.connector = connector
    port = station.port(connector)
    if running.started is not None:
        station.begin(port, running)
    else:
        station.adopt(port, running)


def _take_token(station: Station, frame: Frame, running: Transaction, at: float) -> None:
    token = frame.payload.get("idToken")
    if not isinstance(token, dict):
        return
    auth = _auth(token, at)
    waiting = station.take_auth(auth.token, at)
    if waiting is not None:
        waiting.payment = waiting.payment or auth.payment
        auth = waiting
    if running.auth is None or running.auth.token in (None, auth.token):
        running.auth = better(running.auth, auth) if running.auth is not None else auth
        station.call(frame, (running, auth))


def _take_state(station: Station, running: Transaction, state: str, at: float) -> None:
    phase = phase_of(state)
    if running.connector is None:
        running.phase(at, "PREPARING" if phase == "PLUGGED" else phase)
        return
    if state == "Idle":  # no vehicle any more; the connector's own status says when it is free
        running.phase(at, "FINISHING")
        return
    port = station.port(running.connector)
    running.phase(at, "PREPARING" if phase == "PLUGGED" else phase)
    if phase in ("CHARGING", "PAUSED_BY_EV", "PAUSED_BY_EVSE"):
        port.phase, port.word, port.code = phase, state, None
        station.show(port, at)


def _end(station: Station, running: Transaction, info: dict[str, Any], at: float, number: str) -> None:
    if running.started is not None and at < running.started:
        station.forget(running)
        raise ValueError(f"transaction {number} ends {running.started - at:.0f} s before it begins")
    running.ended = at
    running.reason = STOPS.get(str(info.get("stoppedReason") or "Local"), "unknown")
    station.end(running)


def _show(station: Station, port: Port, at: float, code: str | None, meaning: str | None) -> None:
    """Show an EVSE's state: in use where one connector is, else out where one is, else as the first one says.

    A second connector is often reported as unavailable while the first is taken: that is no outage.
    """
    states = list(port.connectors.values())
    for wanted in ("CHARGING", "PAUSED_BY_EV", "PAUSED_BY_EVSE", "PLUGGED", "FAULTED", "RESERVED"):
        if any(phase == wanted for phase, _, _ in states):
            phase, word, own = next(each for each in states if each[0] == wanted)
            break
    else:
        free = [each for each in states if each[0] == "IDLE"]
        phase, word, own = (free or states)[0]
    if phase == "PLUGGED" and port.open and port.phase in ("CHARGING", "PAUSED_BY_EV", "PAUSED_BY_EVSE"):
        return  # occupied is all that a connector says; the transaction knows more
    fault = (code or own or "Faulted") if phase == "FAULTED" else None
    station.status(port.number, phase, word, at, str(fault)[:100] if fault else None, meaning)


def _auth(token: Any, at: float | None) -> Auth:
    told = token if isinstance(token, dict) else {}
    text = str(told.get("idToken") or "")[:255] or None
    kind = str(told.get("type") or "")
    return Auth(text, at, payment=PAYMENTS.get(kind, "other") if kind else None)
