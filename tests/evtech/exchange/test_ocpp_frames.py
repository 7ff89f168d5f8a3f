"""The shapes in which logs have OCPP messages, and what stands around them."""

import json
from typing import Any

import pytest

from evtech.exchange.ocpp_frames import Frame, frames_of

CALL = [2, "1", "Heartbeat", {}]
BARE = json.dumps(CALL)


@pytest.mark.parametrize(
    ("line", "station", "logged"),
    [
        (BARE, None, None),
        (f"2026-03-01T12:00:00Z CP1 > {BARE}", "CP1", "2026-03-01T12:00:00Z"),
        (f"2026-03-01 12:00:00,123 INFO [CP-7] received: {BARE}", "CP-7", "2026-03-01 12:00:00,123"),
        (f"INFO:ocpp:CP_1: receive message {BARE}", "CP_1", None),
        (
            f"[INFO ] 2023-01-01 10:00:00,123 de.rwth.steve.ws.Logger (qtp1-22) - [chargeBoxId=BOX7, id=a1]"
            f" Received: {BARE}",
            "BOX7",
            "2023-01-01 10:00:00,123",
        ),
        (f"01.03.2026 12:00:00 ws://host:80/ocpp/DE*ABC*E1 <- {BARE}", "DE*ABC*E1", "01.03.2026 12:00:00"),
        (f"1772366400.250 {BARE}", None, "1772366400.250"),
        (
            f"2026-03-01T12:00:00+01:00 station=Garage_2 dir=in {BARE} # trailing",
            "Garage_2",
            "2026-03-01T12:00:00+01:00",
        ),
    ],
)
def test_a_line_of_text(line: str, station: str | None, logged: str | None) -> None:
    (frame,) = frames_of(line)

    assert (frame.action, frame.station, frame.logged) == ("Heartbeat", station, logged)


@pytest.mark.parametrize(
    "row",
    [
        {"time": "T1", "chargePoint": "CP1", "message": CALL},
        {"timestamp": "T1", "charge_point_id": "CP1", "msg": BARE},
        {"ts": "T1", "chargePoint": {"id": "CP1"}, "direction": "in", "payload": CALL},
        {"@timestamp": "T1", "identity": "CP1", "action": "Heartbeat", "messageId": "1", "payload": {}},
        {
            "createdAt": "T1",
            "chargeBoxId": "CP1",
            "message": {"messageTypeId": 2, "uniqueId": "1", "action": "Heartbeat", "payload": "{}"},
        },
        {"_source": {"time": "T1", "cpId": "CP1", "data": CALL}},
    ],
)
def test_an_object_around_a_message(row: dict[str, Any]) -> None:
    (frame,) = frames_of(row)

    assert (frame.kind, frame.id, frame.action, frame.station, frame.logged) == (2, "1", "Heartbeat", "CP1", "T1")
    assert frames_of(json.dumps(row)) == [frame]


def test_a_request_and_its_answer_in_one_object() -> None:
    row = {"id": "5", "action": "StartTransaction", "request": {"a": 1}, "response": {"transactionId": 3}}
    asked, answered = frames_of(row)

    assert (asked.kind, asked.id, asked.payload) == (2, "5", {"a": 1})
    assert (answered.kind, answered.id, answered.payload) == (3, "5", {"transactionId": 3})


def test_answers_and_errors() -> None:
    assert frames_of('[3, "7", {"a": 1}]') == [Frame(3, "7", "", {"a": 1})]
    assert frames_of('[4, "7", "InternalError", "no", {}]')[0].payload == {"code": "InternalError", "description": "no"}
    assert frames_of({"messageType": "CALLRESULT", "uniqueId": "7", "payload": {"a": 1}})[0].kind == 3


@pytest.mark.parametrize("way", [("in", "out"), ("received", "sent"), ("<-", "->"), ("RX", "TX")])
def test_ways_are_told_apart(way: tuple[str, str]) -> None:
    one, other = (frames_of(f"2026-03-01T12:00:00Z CP1 {word} {BARE}")[0].way for word in way)

    assert (one, other) == ("in", "out")


@pytest.mark.parametrize(
    "line",
    [
        "",
        "hello",
        "[2]",
        '[2, "1"]',
        '[2, "1", "X"]',
        '[5, "1", "X", {}]',
        "[2, null, 5, {}]",
        '{"a": 1}',
        "[[[[",
        "null",
        '[2, "1", "X", {"a": 1, "a": 2}]',
        '{"message": "[2, "}',
        "[" * 5000,
    ],
)
def test_what_is_no_message(line: str) -> None:
    assert frames_of(line) == []
