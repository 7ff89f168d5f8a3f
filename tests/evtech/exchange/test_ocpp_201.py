"""OCPP 2.0.1 logs, written by hand from the specification: transaction events, tokens, states of EVSEs."""

from pathlib import Path
from typing import Any

import pytest

from evtech.insights.archive_records import read_archive
from evtech.store.archive import Archive
from tests.evtech.exchange.taking import T, keep, lines, read, written

REGISTER = {"measurand": "Energy.Active.Import.Register", "unitOfMeasure": {"unit": "Wh", "multiplier": 3}}


def said(minute: str, frame: list[Any]) -> dict[str, Any]:
    return {"time": T.format(minute), "charge_point": "CP9", "message": frame}


def event(
    kind: str,
    minute: str,
    trigger: str = "ChargingStateChanged",
    *,
    meter: float | None = None,
    sampled: list[dict[str, Any]] | None = None,
    token: dict[str, str] | None = None,
    evse: int | None = 2,
    **info: Any,
) -> dict[str, Any]:
    body: dict[str, Any] = {
        "eventType": kind,
        "timestamp": T.format(minute),
        "triggerReason": trigger,
        "seqNo": 0,
        "transactionInfo": {"transactionId": "t1", **info},
    }
    if evse is not None:
        body["evse"] = {"id": evse, "connectorId": 1}
    if token:
        body["idToken"] = token
    values = [*(sampled or []), *([{"value": meter, **REGISTER}] if meter is not None else [])]
    if values:
        body["meterValue"] = [{"timestamp": T.format(minute), "sampledValue": values}]
    return said(minute, [2, f"{kind}{minute}", "TransactionEvent", body])


def status(word: str, minute: str, connector: int = 1, evse: int = 2) -> dict[str, Any]:
    body = {"timestamp": T.format(minute), "connectorStatus": word, "evseId": evse, "connectorId": connector}
    return said(minute, [2, f"s{minute}{connector}", "StatusNotification", body])


RFID = {"idToken": "TAG", "type": "ISO14443"}
WHOLE = [
    status("Available", "00"),
    status("Occupied", "01"),
    event("Started", "01", "CablePluggedIn", chargingState="EVConnected", meter=0),
    said("02", [2, "a", "Authorize", {"idToken": RFID}]),
    said("02", [3, "a", {"idTokenInfo": {"status": "Accepted"}}]),
    event("Updated", "02", "Authorized", token=RFID),
    event("Updated", "03", chargingState="Charging"),
    event("Updated", "10", "MeterValuePeriodic", meter=10),
    event("Updated", "19", chargingState="SuspendedEV"),
    event("Ended", "20", "EVDeparted", meter=20, chargingState="Idle", stoppedReason="SOCLimitReached"),
    status("Available", "20"),
]


def test_events_make_a_session_with_the_multiplier_of_its_register(tmp_path: Path) -> None:
    (item,), _, parcel = read(written(tmp_path, "x.jsonl", lines(*WHOLE)))
    session = item.session

    assert (session.energy_wh, session.stop_reason, session.charger.model, session.charger.serial_number) == (
        20_000,
        "full",
        "CP9",
        "2",
    )
    assert (session.token, session.auth_ok, session.payment_method, session.transaction) == ("TAG", True, "rfid", "t1")
    assert [p.phase for p in session.phases] == ["PREPARING", "CHARGING", "PAUSED_BY_EV"]
    assert (session.started.minute, session.authorised.minute if session.authorised else None) == (1, 2)
    assert parcel.problems.count == 0


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("Local", "driver"),
        (None, "driver"),
        ("EVDisconnected", "driver"),
        ("Remote", "remote"),
        ("StoppedByEV", "vehicle"),
        ("EnergyLimitReached", "limit"),
        ("TimeLimitReached", "limit"),
        ("GroundFault", "fault"),
        ("OvercurrentFault", "fault"),
        ("PowerQuality", "fault"),
        ("ImmediateReset", "fault"),
        ("EmergencyStop", "emergency_stop"),
        ("PowerLoss", "power_loss"),
        ("DeAuthorized", "deauthorised"),
        ("MasterPass", "remote"),
        ("LocalOutOfCredit", "limit"),
        ("Timeout", "unknown"),
        ("Other", "unknown"),
    ],
)
def test_stopped_reasons_are_the_contracts_words(tmp_path: Path, reason: str | None, end: str) -> None:
    info = {"stoppedReason": reason} if reason else {}
    (item,), _, _ = read(
        written(tmp_path, "x.jsonl", lines(event("Started", "01", meter=0), event("Ended", "09", meter=2, **info)))
    )

    assert item.session.stop_reason == end


@pytest.mark.parametrize(
    ("kind", "method"),
    [
        ("ISO14443", "rfid"),
        ("ISO15693", "rfid"),
        ("eMAID", "plug_and_charge"),
        ("Central", "remote"),
        ("KeyCode", "key_code"),
        ("MacAddress", "vehicle"),
        ("NoAuthorization", "none"),
        ("Odd", "other"),
    ],
)
def test_the_kind_of_a_token_says_how_it_is_paid(tmp_path: Path, kind: str, method: str) -> None:
    token = {"idToken": "x", "type": kind}
    (item,), _, _ = read(
        written(tmp_path, "x.jsonl", lines(event("Started", "01", token=token, meter=0), event("Ended", "09")))
    )

    assert item.session.payment_method == method


def test_measurands_with_units_phases_and_multipliers(tmp_path: Path) -> None:
    sampled = [
        {"value": 229.5, "measurand": "Voltage", "phase": "L1-N"},
        {"value": 398, "measurand": "Voltage", "phase": "L1-L2"},
        {"value": 15.9, "measurand": "Current.Import", "phase": "L2"},
        {"value": 0.1, "measurand": "Current.Import", "phase": "N"},
        {"value": 11, "measurand": "Power.Active.Import", "unitOfMeasure": {"unit": "kW"}},
        {
            "value": 3.6,
            "measurand": "Power.Active.Import",
            "phase": "L1",
            "unitOfMeasure": {"unit": "W", "multiplier": 3},
        },
        {"value": 98, "measurand": "Power.Factor", "unitOfMeasure": {"unit": "Percent"}},
        {"value": 16, "measurand": "Current.Offered"},
        {"value": 50.01, "measurand": "Frequency"},
        {"value": 104, "measurand": "Temperature", "unitOfMeasure": {"unit": "Fahrenheit"}},
        {"value": 9, "measurand": "Power.Active.Import", "location": "Inlet"},
        {"value": 7, "measurand": "Energy.Active.Import.Register", "phase": "L1"},
        {"value": "nonsense", "measurand": "SoC"},
        {"value": True, "measurand": "SoC"},
    ]
    (item,), _, _ = read(
        written(tmp_path, "x.jsonl", lines(event("Started", "01", sampled=sampled), event("Ended", "09")))
    )
    found = {name: float(item.blocks[0].columns[i][0]) for i, (name, _) in enumerate(item.points)}

    assert found == pytest.approx(
        {
            "voltage_l1": 229.5,
            "voltage_l1_l2": 398,
            "current_l2": 15.9,
            "current_neutral": 0.1,
            "power_total": 11_000,
            "power_l1": 3600,
            "power_factor_total": 0.98,
            "current_limit_actual": 16,
            "frequency": 50.01,
            "temperature": 40,
            "energy_import_l1": 7,
        }
    )


def test_values_without_a_phase_of_a_dc_charger_are_direct_current(tmp_path: Path) -> None:
    sampled = [
        {"value": 412, "measurand": "Voltage"},
        {"value": 120, "measurand": "Current.Import"},
        {"value": 55, "measurand": "SoC"},
    ]
    (item,), _, _ = read(
        written(tmp_path, "x.jsonl", lines(event("Started", "01", sampled=sampled), event("Ended", "09")))
    )

    assert [name for name, _ in item.points] == ["dc_current", "soc", "dc_voltage"]


def test_intervals_are_summed_where_no_register_is_told(tmp_path: Path) -> None:
    part = [{"value": 250, "measurand": "Energy.Active.Import.Interval"}]
    (item,), _, _ = read(
        written(
            tmp_path,
            "x.jsonl",
            lines(event("Started", "01"), event("Updated", "05", sampled=part), event("Ended", "09", sampled=part)),
        )
    )

    assert (item.session.energy_wh, item.session.energy_source) == (500, "session_counter")


def test_a_signed_value_stands_beside_its_number(tmp_path: Path) -> None:
    signed = {"signedMeterData": "T0NNRg==", "signingMethod": "", "encodingMethod": "OCMF", "publicKey": ""}
    first = [
        {
            "value": 5,
            "context": "Transaction.Begin",
            "signedMeterValue": signed,
            "measurand": "Energy.Active.Import.Register",
        }
    ]
    (item,), _, _ = read(
        written(tmp_path, "x.jsonl", lines(event("Started", "01", sampled=first), event("Ended", "09")))
    )

    assert [a.data for a in item.attachments] == [b"T0NNRg=="]
    assert item.session.register_start_wh == 5


def test_a_second_connector_that_is_unavailable_while_the_first_is_taken_is_no_outage(tmp_path: Path) -> None:
    log = [
        status("Available", "00"),
        status("Available", "00", 2),
        status("Occupied", "05"),
        status("Unavailable", "06", 2),
        status("Available", "20"),
        status("Available", "21", 2),
        status("Faulted", "30", 2),
    ]
    _, (states,), _ = read(written(tmp_path, "x.jsonl", lines(*log)))

    assert [c.phase for c in states.changes] == ["IDLE", "PLUGGED", "IDLE", "FAULTED"]


def test_an_evse_that_is_told_later_and_an_event_sent_twice(tmp_path: Path) -> None:
    log = [
        event("Started", "01", evse=None, meter=0),
        event("Updated", "05", evse=4),
        event("Ended", "09", meter=3, evse=None),
        event("Ended", "09", meter=3, evse=None),
    ]
    found, _, parcel = read(written(tmp_path, "x.jsonl", lines(*log)))

    assert [(i.session.charger.serial_number, i.session.energy_wh) for i in found] == [("4", 3000)]
    assert parcel.problems.count == 0


def test_a_token_that_is_refused_in_the_answer_is_not_authorised(tmp_path: Path) -> None:
    begin = event("Started", "01", "Authorized", token=RFID, meter=0)
    answer = said("01", [3, begin["message"][1], {"idTokenInfo": {"status": "Blocked"}}])
    (item,), _, _ = read(
        written(tmp_path, "x.jsonl", lines(begin, answer, event("Ended", "02", meter=0, stoppedReason="DeAuthorized")))
    )

    assert (item.session.auth_ok, item.session.stop_reason, item.session.errors[0]["code"]) == (
        False,
        "deauthorised",
        "Blocked",
    )


def test_a_rejected_authorisation_alone_is_an_attempt(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    keep(
        archive,
        written(
            tmp_path,
            "x.jsonl",
            lines(
                status("Available", "00"),
                said("05", [2, "a", "Authorize", {"idToken": RFID}]),
                said("05", [3, "a", {"idTokenInfo": {"status": "Invalid"}}]),
            ),
        ),
    )
    (attempt,) = read_archive(archive).attempts
    archive.close()

    assert (attempt.port, attempt.auth_ok, attempt.token, attempt.has_started) == ("CP9 2", False, "TAG", False)


def test_a_log_that_begins_with_an_update_is_a_part(tmp_path: Path) -> None:
    (item,), _, _ = read(
        written(
            tmp_path,
            "x.jsonl",
            lines(event("Updated", "05", meter=4), event("Ended", "09", meter=6, stoppedReason="Local")),
        )
    )

    assert (item.open_start, item.session.partial_start, item.session.energy_wh) == (True, True, 2000)


def test_problems_and_availability_of_notify_event(tmp_path: Path) -> None:
    def notify(minute: str, name: str, variable: str, value: str, **more: Any) -> dict[str, Any]:
        data = {
            "eventId": 1,
            "timestamp": T.format(minute),
            "trigger": "Alerting",
            "actualValue": value,
            "component": {"name": name, "evse": {"id": 2, "connectorId": 1}},
            "variable": {"name": variable},
            **more,
        }
        return said(minute, [2, f"n{minute}", "NotifyEvent", {"generatedAt": T.format(minute), "eventData": [data]}])

    log = [
        status("Available", "00"),
        notify("10", "Connector", "AvailabilityState", "Faulted", techCode="0x12"),
        notify("20", "Connector", "AvailabilityState", "Available"),
        event("Started", "25", meter=0),
        notify("26", "EVSE", "Problem", "true", techCode="E7", techInfo="fan"),
        event("Ended", "30", meter=1),
    ]
    (item,), (states,), _ = read(written(tmp_path, "x.jsonl", lines(*log)))

    assert [(c.phase, c.code) for c in states.changes] == [("IDLE", None), ("FAULTED", "0x12"), ("IDLE", None)]
    assert item.session.errors == ({"code": "E7", "meaning": "fan"},)


def test_a_part_begins_with_the_first_that_was_heard_of_it(tmp_path: Path) -> None:
    (item,), _, _ = read(written(tmp_path, "x.jsonl", lines(*WHOLE[6:])))
    session = item.session

    assert (session.partial_start, session.started.minute, session.phases[0].start.minute) == (True, 3, 3)
