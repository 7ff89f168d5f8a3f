"""OCPP 1.6 logs, written by hand from the specification: sessions, attempts, states, what is cut off or doubled."""

from pathlib import Path
from typing import Any

import pytest

from evtech.exchange.plans import Plan
from evtech.insights.archive_records import read_archive
from evtech.insights.success import success
from evtech.store.archive import Archive
from tests.evtech.exchange.taking import T, keep, lines, read, written

Row = list[Any]


def status(word: str, minute: str, connector: int = 1, **more: Any) -> Row:
    body = {"connectorId": connector, "status": word, "errorCode": "NoError", "timestamp": T.format(minute), **more}
    return [2, f"s{minute}{connector}{word}", "StatusNotification", body]


def start(
    minute: str,
    number: int | None = 7,
    connector: int = 1,
    meter: int = 1000,
    answer: str = "Accepted",
    tag: str = "CARD",
) -> list[Row]:
    body = {"connectorId": connector, "idTag": tag, "meterStart": meter, "timestamp": T.format(minute)}
    call = [2, f"b{minute}{connector}", "StartTransaction", body]
    return [call, [3, call[1], {"transactionId": number, "idTagInfo": {"status": answer}}]] if number else [call]


def stop(minute: str, number: int = 7, meter: int = 3000, **more: Any) -> Row:
    body = {"transactionId": number, "meterStop": meter, "timestamp": T.format(minute), **more}
    return [2, f"e{minute}", "StopTransaction", body]


def values(minute: str, *sampled: dict[str, Any], number: int | None = 7, connector: int = 1) -> Row:
    body: dict[str, Any] = {
        "connectorId": connector,
        "meterValue": [{"timestamp": T.format(minute), "sampledValue": list(sampled)}],
    }
    return [2, f"m{minute}", "MeterValues", body | ({"transactionId": number} if number is not None else {})]


REGISTER = {"value": "1.5", "unit": "kWh"}
POWER = {"value": "11.0", "measurand": "Power.Active.Import", "unit": "kW"}
WHOLE = [
    status("Available", "00"),
    status("Preparing", "01"),
    *start("02"),
    status("Charging", "03"),
    values("05", REGISTER, POWER),
    status("SuspendedEV", "20"),
    stop("30", reason="EVDisconnected"),
    status("Finishing", "30"),
    status("Available", "33"),
]


def test_a_transaction_is_a_session_from_plug_to_unplugging(tmp_path: Path) -> None:
    (item,), _, parcel = read(written(tmp_path, "CP1.jsonl", lines(*WHOLE)))
    session = item.session

    assert (session.started.minute, session.ended.minute if session.ended else None) == (1, 33)
    assert (session.energy_wh, session.register_start_wh, session.register_end_wh) == (2000, 1000, 3000)
    assert (session.stop_reason, session.token, session.auth_ok, session.transaction) == ("driver", "CARD", True, "7")
    assert [p.phase for p in session.phases] == ["PLUGGED", "CHARGING", "PAUSED_BY_EV", "FINISHING"]
    assert (session.charging_s, session.peak_power_w, session.charger.model) == (17 * 60, 11_000, "CP1")
    assert parcel.problems.count == 0


def test_meter_values_become_samples_that_the_session_shows(tmp_path: Path) -> None:
    voltage = {"value": "229.9", "measurand": "Voltage", "phase": "L1-N", "unit": "V"}
    more = values("10", {"value": "2100", "unit": "Wh"}, voltage, {"value": "x", "measurand": "Frequency"})
    archive = Archive.open(tmp_path / "a.evtech")
    keep(archive, written(tmp_path, "CP1.jsonl", lines(*WHOLE[:6], more, *WHOLE[6:])))
    session = archive.sessions()[0]
    rows = list(archive.rows(session.recording_id, session.started, session.ended or session.started))
    archive.close()

    assert [row.values["energy_import_total"] for row in rows] == [1500.0, 2100.0]
    assert [row.values["power_total"] for row in rows] == [11_000.0, None]
    assert rows[1].values["voltage_l1"] == 229.9


@pytest.mark.parametrize(
    ("reason", "end"),
    [
        ("Local", "driver"),
        (None, "driver"),
        ("Remote", "remote"),
        ("EmergencyStop", "emergency_stop"),
        ("PowerLoss", "power_loss"),
        ("DeAuthorized", "deauthorised"),
        ("HardReset", "fault"),
        ("SoftReset", "fault"),
        ("Reboot", "fault"),
        ("UnlockCommand", "remote"),
        ("Other", "unknown"),
        ("Made up", "unknown"),
    ],
)
def test_reasons_to_stop_are_the_contracts_words(tmp_path: Path, reason: str | None, end: str) -> None:
    said = {"reason": reason} if reason else {}
    (item,), _, _ = read(written(tmp_path, "x.jsonl", lines(*start("02"), stop("30", **said))))

    assert item.session.stop_reason == end


def test_a_vehicle_that_left_without_charging_is_an_attempt(tmp_path: Path) -> None:
    (item,), _, _ = read(
        written(
            tmp_path,
            "x.jsonl",
            lines(
                status("Available", "00"),
                status("Preparing", "01"),
                status("Faulted", "02", errorCode="GroundFailure", vendorErrorCode="E9", info="RCD"),
                status("Available", "03"),
            ),
        )
    )

    assert (item.session.stop_reason, item.session.phases[0].phase) == ("fault", "PLUGGED")
    assert item.session.errors == ({"code": "E9", "meaning": "GroundFailure: RCD"},)


def test_a_rejected_card_alone_is_an_attempt(tmp_path: Path) -> None:
    ask = {"time": T.format("10"), "chargePoint": "CP1", "message": [2, "a", "Authorize", {"idTag": "BAD"}]}
    answer = {"time": T.format("10"), "chargePoint": "CP1", "message": [3, "a", {"idTagInfo": {"status": "Blocked"}}]}
    archive = Archive.open(tmp_path / "a.evtech")
    keep(archive, written(tmp_path, "x.jsonl", lines(status("Available", "00") and ask, answer)))
    (line,) = archive.session_list().lines
    found = success(read_archive(archive).attempts, {})
    archive.close()

    assert (line.token, line.auth_ok, line.stop_reason, line.error_code) == ("BAD", False, "deauthorised", "Blocked")
    assert (
        found.attempts,
        found.authorisation and found.authorisation.k,
        found.charge_start and found.charge_start.k,
    ) == (
        1,
        0,
        0,
    )


def test_a_rejected_card_at_a_plugged_vehicle_belongs_to_its_attempt(tmp_path: Path) -> None:
    found, _, _ = read(
        written(
            tmp_path,
            "x.jsonl",
            lines(
                status("Available", "00"),
                status("Preparing", "01"),
                [2, "a", "Authorize", {"idTag": "BAD"}],
                [3, "a", {"idTagInfo": {"status": "Invalid"}}],
                status("Available", "04"),
            ),
        )
    )

    assert [(i.session.started.minute, i.session.auth_ok, i.session.stop_reason) for i in found] == [
        (1, False, "deauthorised")
    ]


def test_a_second_card_that_is_accepted_makes_it_one_session(tmp_path: Path) -> None:
    (item,), _, _ = read(
        written(
            tmp_path,
            "x.jsonl",
            lines(
                status("Available", "00"),
                status("Preparing", "01"),
                [2, "a", "Authorize", {"idTag": "BAD"}],
                [3, "a", {"idTagInfo": {"status": "Invalid"}}],
                [2, "b", "Authorize", {"idTag": "CARD"}],
                [3, "b", {"idTagInfo": {"status": "Accepted"}}],
                *start("03"),
                stop("30"),
            ),
        )
    )

    assert (item.session.auth_ok, item.session.token, item.session.energy_wh) == (True, "CARD", 2000)
    assert item.session.authorised is not None


def test_an_accepted_card_that_nobody_followed_up_is_an_attempt(tmp_path: Path) -> None:
    def said(minute: str, frame: Row) -> dict[str, Any]:
        return {"ts": T.format(minute), "cp": "CP1", "msg": frame}

    found, _, _ = read(
        written(
            tmp_path,
            "x.jsonl",
            lines(
                said("00", status("Available", "00")),
                said("05", [2, "a", "Authorize", {"idTag": "CARD"}]),
                said("05", [3, "a", {"idTagInfo": {"status": "Accepted"}}]),
                said("20", [2, "h", "Heartbeat", {}]),
            ),
        )
    )

    assert [(i.session.auth_ok, i.session.energy_wh, i.session.stop_reason) for i in found] == [(True, None, "unknown")]


def test_an_authorisation_that_the_back_office_failed_to_answer_is_told(tmp_path: Path) -> None:
    found, _, _ = read(
        written(
            tmp_path,
            "x.jsonl",
            lines(
                status("Available", "00"),
                status("Preparing", "01"),
                [2, "a", "Authorize", {"idTag": "CARD"}],
                [4, "a", "InternalError", "database", {}],
                status("Available", "04"),
            ),
        )
    )

    assert [i.session.errors[0]["code"] for i in found] == ["InternalError"]


def test_states_become_availability_with_their_codes(tmp_path: Path) -> None:
    log = [
        status("Available", "00"),
        status("Unavailable", "10"),
        status("Available", "20"),
        status("Faulted", "30", errorCode="PowerMeterFailure", vendorErrorCode="0x40"),
        status("Available", "50"),
        status("Available", "59"),
    ]
    archive = Archive.open(tmp_path / "a.evtech")
    keep(archive, written(tmp_path, "CP1.jsonl", lines(*log)))
    states = {(s.state, s.end - s.start if s.end else None) for s in read_archive(archive).states or ()}
    seen = [e.details for e in archive.events(*_whole(archive))]
    archive.close()

    assert {("INOPERATIVE", 600.0), ("OUTOFORDER", 1200.0)} <= states
    assert [d.get("code") for d in seen] == [None, None, None, "0x40", None]


def test_connector_0_is_the_whole_station(tmp_path: Path) -> None:
    _, states, _ = read(
        written(
            tmp_path,
            "CP1.jsonl",
            lines(
                status("Available", "00"),
                status("Available", "00", 2),
                status("Faulted", "10", 0, errorCode="InternalError"),
                status("Charging", "15", 2),
                status("Available", "20", 0),
            ),
        )
    )
    told = {log.port.serial_number: [(c.phase, c.code) for c in log.changes] for log in states}

    assert told == {
        "1": [("IDLE", None), ("FAULTED", "InternalError"), ("IDLE", None)],
        "2": [("IDLE", None), ("FAULTED", "InternalError"), ("CHARGING", None)],
    }


def test_silence_where_heartbeats_were_due_is_no_state(tmp_path: Path) -> None:
    def said(minute: str, frame: Row) -> dict[str, Any]:
        return {"time": T.format(minute), "chargePoint": "CP1", "message": frame}

    beats = [said(f"{m:02d}", [2, f"h{m}", "Heartbeat", {}]) for m in (1, 2, 3, 30, 31)]
    boot = [said("00", [2, "b", "BootNotification", {}]), said("00", [3, "b", {"status": "Accepted", "interval": 60}])]
    _, (states,), _ = read(written(tmp_path, "x.jsonl", lines(*boot, said("00", status("Available", "00")), *beats)))

    ((begin, end),) = states.silences
    assert end - begin == 26 * 60


def test_a_log_that_ends_before_the_transaction_does_judges_nothing(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    keep(archive, written(tmp_path, "CP1.jsonl", lines(*WHOLE[:6])))
    (line,) = archive.session_list().lines
    (attempt,) = read_archive(archive).attempts
    archive.close()

    assert (line.ended, line.energy_wh, line.stop_reason) == (None, 500, None)
    assert not attempt.is_judged


def test_a_log_that_begins_in_the_middle_says_what_it_saw(tmp_path: Path) -> None:
    (item,), _, _ = read(
        written(
            tmp_path,
            "CP1.jsonl",
            lines(
                values("05", REGISTER),
                values("25", {"value": "2.9", "unit": "kWh"}),
                stop("30"),
                status("Available", "31"),
            ),
        )
    )

    assert (item.session.partial_start, item.session.energy_wh, item.session.started.minute) == (True, 1500, 5)
    assert (item.session.charger.serial_number, item.open_start) == ("1", True)


def test_an_end_without_any_beginning_is_named(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    from evtech.exchange.keeping import prepare

    with prepare(archive, written(tmp_path, "x.jsonl", lines(status("Available", "00"), stop("30")))) as ready:
        assert "transaction 7 of x ends in this file" in ready.problems[0]
        assert ready.contents.sessions == 0
    archive.close()


def test_answers_are_matched_to_their_requests(tmp_path: Path) -> None:
    one, two = start("02", None, 1, tag="A")[0], start("03", None, 2, tag="B")[0]
    found, _, _ = read(
        written(
            tmp_path,
            "x.jsonl",
            lines(
                one,
                two,
                [3, two[1], {"transactionId": 22, "idTagInfo": {"status": "Accepted"}}],
                [3, "s", {"transactionId": 99}],
                [3, one[1], {"transactionId": 11, "idTagInfo": {"status": "ConcurrentTx"}}],
                stop("20", 11),
                stop("30", 22),
            ),
        )
    )
    told = {i.session.token: (i.session.transaction, i.session.auth_ok, i.session.ended) for i in found}

    assert {token: each[:2] for token, each in told.items()} == {"A": ("11", False), "B": ("22", True)}


def test_one_number_in_both_directions_is_told_apart(tmp_path: Path) -> None:
    def said(way: str, frame: Row) -> dict[str, Any]:
        return {"time": T.format("02"), "direction": way, "chargePoint": "CP1", "message": frame}

    call = start("02", None)[0]
    found, _, _ = read(
        written(
            tmp_path,
            "x.jsonl",
            lines(
                said("out", [2, call[1], "DataTransfer", {}]),
                said("in", call),
                said("in", [3, call[1], {"transactionId": 5}]),
                said("out", [3, call[1], {"transactionId": 7, "idTagInfo": {"status": "Accepted"}}]),
                said("in", stop("30")),
            ),
        )
    )

    assert [(i.session.transaction, i.session.energy_wh) for i in found] == [("7", 2000)]


def test_a_start_that_is_repeated_and_a_stop_said_twice_are_one(tmp_path: Path) -> None:
    call, answer = start("02")
    found, _, parcel = read(
        written(tmp_path, "x.jsonl", lines(call, [2, "again", *call[2:]], answer, stop("30"), stop("30")))
    )

    assert len(found) == 1
    assert parcel.problems.count == 0


def test_a_stop_without_number_is_of_the_only_transaction(tmp_path: Path) -> None:
    (item,), _, _ = read(written(tmp_path, "x.jsonl", lines(*start("02", None), stop("30", 12))))

    assert (item.session.energy_wh, item.session.transaction) == (2000, "12")


def test_meter_values_tell_which_transaction_has_which_number(tmp_path: Path) -> None:
    found, _, _ = read(
        written(
            tmp_path,
            "x.jsonl",
            lines(
                *start("02", None, 1, 1000),
                *start("03", None, 2, 5000),
                values("05", REGISTER, number=11, connector=1),
                values("06", {"value": "6000"}, number=22, connector=2),
                stop("20", 22, 7000),
                stop("30", 11),
            ),
        )
    )

    assert {i.session.transaction: i.session.energy_wh for i in found} == {"11": 2000, "22": 2000}


def test_several_charge_points_in_one_file_stay_apart(tmp_path: Path) -> None:
    rows = [
        {"time": T.format("02"), "chargePoint": cp, "message": m}
        for cp in ("A", "B")
        for m in (*start("02"), stop("30"))
    ]
    found, _, _ = read(written(tmp_path, "x.jsonl", lines(*rows)))

    assert sorted(i.session.charger.model for i in found) == ["A", "B"]
    assert len({i.session.id for i in found}) == 2


def test_a_clock_that_was_never_set_gives_way_to_the_logs(tmp_path: Path) -> None:
    call = start("02")
    call[0][3]["timestamp"] = "1970-01-01T00:00:10Z"
    rows = [{"time": T.format("02"), "cp": "A", "message": m} for m in call]
    rows.append({"time": T.format("30"), "cp": "A", "message": stop("30")})
    (item,), _, parcel = read(written(tmp_path, "x.jsonl", lines(*rows)))

    assert (item.session.started.isoformat(), item.session.energy_wh) == ("2026-03-01T12:02:00+00:00", 2000)
    assert "1 messages bear a time that cannot be" in parcel.remarks[0]


def test_a_clock_that_jumped_back_makes_no_negative_session(tmp_path: Path) -> None:
    found, _, parcel = read(written(tmp_path, "x.jsonl", lines(*start("30"), stop("02"))))

    assert found == []
    assert parcel.problems.named == ["line 3: transaction 7 ends 1680 s before it begins; it is left out"]


def test_a_meter_that_went_back_tells_no_energy(tmp_path: Path) -> None:
    (item,), _, _ = read(written(tmp_path, "x.jsonl", lines(*start("02", meter=9000), stop("30"))))

    assert item.session.energy_wh is None
    assert "went back from 9000 to 3000 Wh" in item.session.notes[0]


def test_no_energy_is_no_start(tmp_path: Path) -> None:
    (item,), _, _ = read(
        written(tmp_path, "x.jsonl", lines(*start("02"), status("Charging", "03"), stop("05", meter=1000)))
    )

    assert item.session.energy_wh == 0
    assert "CHARGING" not in [p.phase for p in item.session.phases]


def test_transaction_data_and_signed_values_are_kept(tmp_path: Path) -> None:
    data = [
        {
            "timestamp": T.format("02"),
            "sampledValue": [
                {"value": "1000", "context": "Transaction.Begin"},
                {"value": "OCMF|{}|{}", "format": "SignedData", "context": "Transaction.Begin"},
            ],
        }
    ]
    archive = Archive.open(tmp_path / "a.evtech")
    keep(archive, written(tmp_path, "x.jsonl", lines(*start("02"), stop("30", transactionData=data))))
    session = archive.sessions()[0]
    (kept,) = archive.attachments(session.id)
    archive.close()

    assert (kept.name, kept.data, session.samples) == ("signed-begin.txt", b"OCMF|{}|{}", 1)


def test_broken_lines_are_counted_and_named(tmp_path: Path) -> None:
    text = lines(*WHOLE) + '{oops\n[2, "9", "StopTransaction", {}]\n[2, "8", "MeterValues", {"meterValue": 5}]\n'
    found, _, parcel = read(written(tmp_path, "x.jsonl", text))

    assert [p.split(":")[0] for p in parcel.problems.named] == [f"line {len(WHOLE) + n}" for n in (1, 2, 3)]
    assert len(found) == 1


def test_times_of_the_log_are_of_the_zone_that_is_said(tmp_path: Path) -> None:
    call = [2, "1", "StartTransaction", {"connectorId": 1, "idTag": "A", "meterStart": 1}]
    text = f"2026-03-01 13:02:00,000 INFO [CP7] received: {lines(call)}"
    found, _, _ = read(written(tmp_path, "x.log", text), Plan(zone="Europe/Berlin"))

    assert [(i.session.started.hour, i.session.charger.model) for i in found] == [(12, "CP7")]


def _whole(archive: Archive) -> tuple[str, Any, Any]:
    from datetime import UTC, datetime

    span = archive.watched(datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)).spans[0]
    return span.recording_id, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)


def test_a_lost_start_makes_no_attempt_beside_its_session(tmp_path: Path) -> None:
    later = values("20", {"value": "2.5", "unit": "kWh"})
    rows = [*WHOLE[:2], *WHOLE[4:6], later, *WHOLE[6:]]
    (item,), _, _ = read(written(tmp_path, "CP1.jsonl", lines(*rows)))
    session = item.session

    assert (session.started.minute, session.ended.minute if session.ended else None) == (1, 33)
    assert (session.partial_start, session.energy_wh, session.stop_reason) == (True, 1500, "driver")
