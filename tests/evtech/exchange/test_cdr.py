"""OCPI CDRs, written by hand from 2.1.1 and 2.2.1: envelopes, credits, tokens, what cannot be."""

import json
from pathlib import Path
from typing import Any

import pytest

from evtech.errors import InputError
from evtech.exchange.incoming import Credit
from evtech.exchange.reading import read_file
from evtech.insights.archive_records import read_archive
from evtech.store.archive import Archive
from tests.evtech.exchange.taking import keep, lines, read, written


def period(minute: int, **volumes: float) -> dict[str, Any]:
    return {
        "start_date_time": f"2026-03-01T12:{minute:02d}:00Z",
        "dimensions": [{"type": kind, "volume": volume} for kind, volume in volumes.items()],
    }


def cdr_221(number: str = "C1", **more: Any) -> dict[str, Any]:
    return {
        "country_code": "DE",
        "party_id": "CPO",
        "id": number,
        "start_date_time": "2026-03-01T12:00:00Z",
        "end_date_time": "2026-03-01T13:00:00Z",
        "session_id": "S1",
        "cdr_token": {
            "country_code": "NL",
            "party_id": "EMP",
            "uid": "TAG1",
            "type": "RFID",
            "contract_id": "NL-EMP-1",
        },
        "auth_method": "WHITELIST",
        "cdr_location": {
            "id": "L1",
            "name": "Yard",
            "address": "Road 1",
            "evse_uid": "u1",
            "evse_id": "DE*CPO*E1",
            "connector_id": "1",
        },
        "currency": "EUR",
        "total_cost": {"excl_vat": 1.0},
        "total_energy": 11.2,
        "total_time": 1.0,
        "charging_periods": [
            period(0, ENERGY=8.0, MAX_POWER=11.0),
            period(30, ENERGY=3.2),
            period(45, PARKING_TIME=0.25),
        ],
        "last_updated": "2026-03-01T13:05:00Z",
    } | more


CDR_211 = {
    "id": "A1",
    "start_date_time": "2026-03-01T10:00:00",
    "stop_date_time": "2026-03-01T11:30:00Z",
    "auth_id": "TAG2",
    "auth_method": "AUTH_REQUEST",
    "total_energy": 20,
    "total_time": 1.5,
    "total_parking_time": 0.5,
    "total_cost": 4.0,
    "location": {"id": "L2", "name": "Depot", "evses": [{"uid": "e9", "connectors": [{"id": "2"}]}]},
    "currency": "EUR",
    "charging_periods": [{"start_date_time": "2026-03-01T10:00:00Z", "dimensions": []}],
    "last_updated": "2026-03-01T12:00:00Z",
}


def test_a_221_record_is_a_session(tmp_path: Path) -> None:
    (item,), _, _ = read(written(tmp_path, "c.json", json.dumps(cdr_221())))
    session = item.session

    assert (session.charger.model, item.site, session.energy_wh, session.peak_power_w) == (
        "DE*CPO*E1",
        "Yard",
        11_200,
        11_000,
    )
    assert (session.token, session.payment_method, session.transaction, session.stop_reason) == (
        "TAG1",
        "rfid",
        "S1",
        None,
    )
    assert session.charging_s == 45 * 60  # the parking at the end is no charging
    assert session.notes == ("CDR C1", "roaming: token of NL*EMP")


def test_a_211_record_is_a_session(tmp_path: Path) -> None:
    (item,), _, _ = read(written(tmp_path, "c.json", json.dumps([CDR_211])))
    session = item.session

    assert (session.charger.model, session.token, session.payment_method) == ("e9", "TAG2", "contract")
    assert (session.energy_wh, session.charging_s, session.started.hour) == (20_000, 3600, 10)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([cdr_221("1"), cdr_221("2")]),
        json.dumps({"data": [cdr_221("1"), cdr_221("2")], "status_code": 1000}),
        json.dumps({"status_code": 1000, "timestamp": "x", "data": [cdr_221("1"), cdr_221("2")]}, indent=2),
        lines(cdr_221("1"), cdr_221("2")),
        json.dumps([cdr_221("1"), cdr_221("2")], indent=1),
        "\ufeff" + json.dumps({"cdrs": [cdr_221("1"), cdr_221("2")]}),
    ],
)
def test_every_way_to_put_records_into_a_file(tmp_path: Path, text: str) -> None:
    found, _, _ = read(written(tmp_path, "c.json", text))

    assert [i.session.notes[0] for i in found] == ["CDR 1", "CDR 2"]


def test_one_record_in_an_answer(tmp_path: Path) -> None:
    found, _, _ = read(written(tmp_path, "c.json", json.dumps({"data": cdr_221(), "status_code": 1000})))

    assert len(found) == 1


def test_a_home_token_is_no_roaming(tmp_path: Path) -> None:
    token = {"country_code": "DE", "party_id": "CPO", "uid": "H", "type": "APP_USER"}
    (item,), _, _ = read(written(tmp_path, "c.json", json.dumps(cdr_221(cdr_token=token))))

    assert (item.session.notes, item.session.payment_method) == (("CDR C1",), "app")


def test_a_credit_is_no_session_and_takes_its_session_out(tmp_path: Path) -> None:
    credit = cdr_221("C9", credit=True, credit_reference_id="C1", total_energy=11.2)
    archive = Archive.open(tmp_path / "a.evtech")
    first = keep(archive, written(tmp_path, "one.json", json.dumps([cdr_221("C1"), cdr_221("C2", session_id="S2")])))
    second = keep(archive, written(tmp_path, "two.json", json.dumps([credit, cdr_221("C3", session_id="S3")])))
    found = archive.session_list()
    left = {line.id: line.twin.why for line in found.lines if line.twin}
    attempts = read_archive(archive).attempts
    archive.close()

    assert (first.sessions, second.sessions) == (2, 1)
    assert "credited" in left.values()
    assert all(a.session_id not in left for a in attempts)


def test_a_file_of_credits_alone_is_taken(tmp_path: Path) -> None:
    parcel = read_file(written(tmp_path, "c.json", json.dumps([cdr_221("C9", credit=True, credit_reference_id="C1")])))

    assert [type(item) for item in parcel] == [Credit]


def test_energy_that_does_not_fit_its_periods_is_noted(tmp_path: Path) -> None:
    (item,), _, _ = read(written(tmp_path, "c.json", json.dumps(cdr_221(total_energy=12.0))))

    assert "total_energy is 12 kWh, its periods have 11.200 kWh" in item.session.notes


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"total_energy": "much"}, "'much'; it must be a number"),
        ({"total_energy": -1}, "negative"),
        ({"total_energy": 1e99}, "beyond any session"),
        ({"total_energy": None}, "must be a number"),
        ({"end_date_time": "2026-03-01T11:00:00Z"}, "ends 3600 s before it begins"),
        ({"end_date_time": "9999-01-01T00:00:00Z"}, "is no time"),
        ({"start_date_time": "0001-01-01T00:00:00Z"}, "is no time"),
        ({"end_date_time": "2028-03-01T11:00:00Z"}, "days"),
        ({"charging_periods": 5}, "int"),
        ({"cdr_location": 5}, "int"),
        ({"charging_periods": [{"dimensions": []}]}, "start_date_time"),
    ],
)
def test_a_record_that_cannot_be_is_named_and_left_out(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    found, _, parcel = read(written(tmp_path, "c.json", json.dumps([cdr_221("bad", **change), cdr_221("good")])))

    assert [i.session.notes[0] for i in found] == ["CDR good"]
    assert "CDR 1 (line 1)" in parcel.problems.named[0]
    assert said in parcel.problems.named[0]


def test_a_file_without_one_good_record_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not one of 1 CDRs can be used"):
        read(written(tmp_path, "c.json", json.dumps([cdr_221(total_energy="x")])))


def test_a_record_counts_for_use_and_not_for_success(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    keep(archive, written(tmp_path, "c.json", json.dumps([cdr_221()])))
    line, attempt = archive.session_list().lines[0], read_archive(archive).attempts[0]
    archive.close()

    assert (line.port, line.site, line.energy_wh, line.source) == ("DE*CPO*E1", "Yard", 11_200, "cdr")
    assert not attempt.is_judged


def test_records_one_after_another_may_have_line_breaks_inside(tmp_path: Path) -> None:
    text = "\n".join(json.dumps(cdr_221(number), indent=2) for number in ("C1", "C2"))
    found, _, parcel = read(written(tmp_path, "c.json", text))

    assert len(found) == 2
    assert parcel.problems.count == 0
    with pytest.raises(InputError, match="line 65"):
        read(written(tmp_path, "d.json", json.dumps(cdr_221("C1"), indent=2)[:-1] + "\n" + text))


def test_a_port_that_was_renamed_keeps_both_sites(tmp_path: Path) -> None:
    other = {**cdr_221()["cdr_location"], "name": "Old yard"}
    early = {"start_date_time": "2025-03-01T12:00:00Z", "end_date_time": "2025-03-01T13:00:00Z", "charging_periods": []}
    archive = Archive.open(tmp_path / "a.evtech")
    keep(archive, written(tmp_path, "c.json", json.dumps([cdr_221("1"), cdr_221("2", cdr_location=other, **early)])))

    assert [line.site for line in archive.session_list().lines] == ["Yard", "Old yard"]
    archive.close()
