"""Files of others: loggers' CSV, rows of sessions, CDRs, OCPP logs. What is wrong with them is named, not guessed."""

import json
from pathlib import Path
from typing import Any

import pytest

from evtech.errors import InputError
from evtech.exchange.csv_samples import preview
from evtech.exchange.incoming import keep
from evtech.exchange.reading import read_file
from evtech.insights.archive_records import read_archive
from evtech.store.archive import Archive

T = "2026-03-01T12:{}:00Z"


def lines(*rows: Any) -> str:
    return "\n".join(json.dumps(row) for row in rows)


OCPP_16 = lines(
    [2, "1", "StatusNotification",
     {"connectorId": 1, "status": "Preparing", "errorCode": "NoError", "timestamp": T.format("00")}],
    [2, "2", "StartTransaction",
     {"connectorId": 1, "idTag": "CARD", "meterStart": 1000, "timestamp": T.format("01")}],
    [3, "2", {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}],
    [2, "3", "MeterValues", {"connectorId": 1, "transactionId": 7, "meterValue": [
        {"timestamp": T.format("05"), "sampledValue": [
            {"value": "1.5", "unit": "kWh"}, {"value": "11.0", "measurand": "Power.Active.Import", "unit": "kW"},
            {"value": "229.9", "measurand": "Voltage", "phase": "L1-N", "unit": "V"}]}]}],
    [2, "4", "StopTransaction",
     {"transactionId": 7, "meterStop": 3000, "timestamp": T.format("30"), "reason": "EVDisconnected"}],
    [2, "5", "StatusNotification",
     {"connectorId": 1, "status": "Available", "errorCode": "NoError", "timestamp": T.format("31")}],
    [2, "6", "StatusNotification",
     {"connectorId": 1, "status": "Preparing", "errorCode": "NoError", "timestamp": T.format("40")}],
    [2, "7", "StatusNotification", {"connectorId": 1, "status": "Faulted", "errorCode": "GroundFailure",
                                    "vendorErrorCode": "E9", "timestamp": T.format("41")}],
)  # fmt: skip


def event(kind: str, minute: str, **info: Any) -> dict[str, Any]:
    body = {"eventType": kind, "timestamp": T.format(minute), "triggerReason": "x", "seqNo": 0, "evse": {"id": 2},
            "transactionInfo": {"transactionId": "t1", **info}}  # fmt: skip
    if kind == "Started":
        body["idToken"] = {"idToken": "TAG", "type": "ISO14443"}
    register = {"measurand": "Energy.Active.Import.Register", "unitOfMeasure": {"unit": "Wh", "multiplier": 3}}
    body["meterValue"] = [{"timestamp": T.format(minute), "sampledValue": [{"value": int(minute), **register}]}]
    return {"time": T.format(minute), "charge_point": "CP9", "message": [2, kind, "TransactionEvent", body]}


OCPP_201 = lines(
    event("Started", "00", chargingState="EVConnected"),
    event("Updated", "10", chargingState="Charging"),
    event("Ended", "20", chargingState="Idle", stoppedReason="SOCLimitReached"),
)


def written(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder / name


def test_an_ocpp_16_log_brings_sessions_and_attempts_that_never_started(tmp_path: Path) -> None:
    found = read_file(written(tmp_path, "CP1.jsonl", OCPP_16))
    good = next(i for i in found.sessions if i.session.energy_wh)
    failed = next(i for i in found.sessions if not i.session.energy_wh)

    assert (good.session.energy_wh, good.session.stop_reason, good.session.peak_power_w) == (2000, "driver", 11000)
    assert good.extra["port"] == "CP1 1"
    assert (good.extra["token"], good.extra["auth_ok"]) == ("CARD", True)
    assert dict(good.series.points)["voltage_l1"] == "V"
    assert (failed.session.stop_reason, failed.session.errors[0]["code"]) == ("fault", "E9")


def test_an_ocpp_201_log_counts_the_register_with_its_multiplier(tmp_path: Path) -> None:
    found = read_file(written(tmp_path, "log.jsonl", OCPP_201)).sessions

    assert [(i.session.energy_wh, i.session.stop_reason, i.extra["port"]) for i in found] == [(20_000, "full", "CP9 2")]


def test_a_log_makes_states_and_attempts_for_insights(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    kept = keep(archive, read_file(written(tmp_path, "CP1.jsonl", OCPP_16)))
    again = keep(archive, read_file(tmp_path / "CP1.jsonl"))
    records = read_archive(archive)
    archive.close()

    assert (kept.sessions, again.sessions, again.known) == (2, 0, 2)
    assert [a.has_started for a in records.attempts] == [True, False]
    assert {s.state for s in records.states or ()} == {"AVAILABLE", "CHARGING"}


def test_broken_lines_are_counted_and_named(tmp_path: Path) -> None:
    found = read_file(written(tmp_path, "x.jsonl", OCPP_16 + '\n{oops\n[2, "9", "StopTransaction", {}]'))

    assert [p.split(":")[0] for p in found.problems] == ["line 9", "line 10"]
    assert len(found.sessions) == 2


def test_a_cdr_counts_for_use_and_not_for_success(tmp_path: Path) -> None:
    cdr = {"id": "C1", "start_date_time": "2026-03-01T12:00:00Z", "end_date_time": "2026-03-01T13:00:00Z",
           "total_energy": 11.2, "cdr_location": {"name": "Yard", "evse_id": "DE*X*1"}, "cdr_token": {"uid": "T"},
           "currency": "EUR", "charging_periods": []}  # fmt: skip
    archive = Archive.open(tmp_path / "a.evtech")
    keep(archive, read_file(written(tmp_path, "cdr.json", json.dumps([cdr]))))
    line, attempt = archive.session_list().lines[0], read_archive(archive).attempts[0]
    archive.close()

    assert (line.port, line.site, line.energy_wh, line.source) == ("DE*X*1", "Yard", 11200, "cdr")
    assert not attempt.is_judged


def test_rows_of_sessions_become_sessions(tmp_path: Path) -> None:
    text = "port,plugged_at,energy_started_at,energy_ended_at,unplugged_at,energy_kwh,end_reason,token\n" \
           "A,2026-03-01T10:00Z,2026-03-01T10:01Z,2026-03-01T11:01Z,2026-03-01T12:00Z,11,fault,x\n"  # fmt: skip
    found = read_file(written(tmp_path, "s.csv", text)).sessions[0]

    assert (found.session.energy_wh, found.session.stop_reason, found.extra["token"]) == (11_000, "fault", "x")


def test_a_loggers_csv_is_understood_by_its_titles_and_bad_cells_are_named(tmp_path: Path) -> None:
    text = "Zeit;Power (kW);Energy [kWh];Odd Thing\n01.03.2026 12:00:00;11,0;1,5;x\n01.03.2026 12:30:00;nix;7,0;x\n"
    file = written(tmp_path, "logger.csv", text)
    plan = preview(file).plan
    found = read_file(file)

    assert [c.point for c in plan.columns] == [None, "power_total", "energy_import_total", None]
    assert found.sessions[0].session.energy_wh == 5500
    assert found.sessions[0].session.peak_power_w == 11_000
    assert any("line 3" in p and "'nix'" in p for p in found.problems)
    assert any("Odd Thing" in p for p in found.problems)


@pytest.mark.parametrize("text", ["", "hello", '{"a": 1}', "time,power_total\nbad,1\n", "[[[[", "\x00\x01"])
def test_what_is_none_of_these_is_refused_in_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError):
        read_file(written(tmp_path, "x.csv", text))
