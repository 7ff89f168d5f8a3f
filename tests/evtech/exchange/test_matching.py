"""A session that two sources tell counts once: which ones are the same, which account counts, what a person decides."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from evtech.exchange import matching
from evtech.exchange.keeping import prepare, say_same, say_same_port, take_in, withdraw
from evtech.insights.archive_records import read_archive
from evtech.insights.overview import overview
from evtech.measure.sample import ChargerIdentity
from evtech.reports.customer import customer_summary
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession, PhaseSpan
from evtech.store.session_list import SessionFilter
from evtech.store.twins import Told
from tests.evtech.exchange.taking import keep, lines, written
from tests.evtech.exchange.test_ocpp_16 import start, status, stop

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PERIOD = (NOON.timestamp() - 86400, NOON.timestamp() + 86400)
KEBA = ChargerIdentity("keba-kecontact-p30", "KEBA", "P30", "4711", "3.1", "tcp")


@pytest.fixture
def archive(tmp_path: Path) -> Any:
    made = Archive.open(tmp_path / "a.evtech")
    yield made
    made.close()


def record(
    archive: Archive, begin: int, end: int, kwh: float, key: str = "rec", who: ChargerIdentity = KEBA, site: str = ""
) -> None:
    """Record a session from one minute after noon to another."""
    visit = archive.start_visit(site=site)
    writer = archive.start_recording(visit.id, who, [("power_total", "W")], 1.0)
    first, last = NOON + timedelta(minutes=begin), NOON + timedelta(minutes=end)
    archive.close_session(
        ChargingSession(
            key,
            visit.id,
            writer.recording_id,
            who,
            first,
            last,
            energy_wh=1000 * kwh,
            stop_reason="driver",
            phases=(PhaseSpan("CHARGING", first + timedelta(minutes=1), last),),
            charging_s=60.0 * (end - begin - 1),
        )
    )
    writer.close()


def cdr(number: str, begin: int, end: int, kwh: float, port: str = "KEBA P30 4711") -> dict[str, Any]:
    at = [(NOON + timedelta(minutes=m)).isoformat() for m in (begin, end)]
    return {
        "id": number,
        "start_date_time": at[0],
        "end_date_time": at[1],
        "total_energy": kwh,
        "charging_periods": [],
        "cdr_location": {"evse_id": port, "name": "Yard"},
        "cdr_token": {"uid": "T"},
    }


def bill(archive: Archive, folder: Path, *records: dict[str, Any], name: str = "c.json", **named: Any) -> Any:
    return keep(archive, written(folder, name, json.dumps(list(records))), **named)


def counted(archive: Archive) -> dict[str, float | None]:
    """Return port and energy of the sessions that count."""
    return {line.source: line.energy_wh for line in archive.session_list().lines if line.twin is None}


def kwh(archive: Archive) -> float:
    found = overview(read_archive(archive, period=PERIOD), PERIOD, PERIOD[1])
    return sum(use.kwh for use in found.utilisation.values())


def test_a_bill_of_a_recorded_session_counts_once(archive: Archive, tmp_path: Path) -> None:
    record(archive, 0, 60, 11.2)
    kept = bill(archive, tmp_path, cdr("1", 1, 61, 11.21))
    (left,) = [line for line in archive.session_list().lines if line.twin]

    assert kept.repeated == 1
    assert (left.source, left.twin and left.twin.of) == ("cdr", "rec")
    assert kwh(archive) == pytest.approx(11.2)
    assert archive.session_list().total_energy_wh == 11_200
    assert customer_summary(archive.session_list().lines, "en").word.startswith("11.200")
    assert read_archive(archive).warnings == ["1 sessions are told twice or were credited; each counts once"]


def test_a_bill_of_another_session_of_the_port_counts(archive: Archive, tmp_path: Path) -> None:
    record(archive, 0, 60, 11.2)

    assert bill(archive, tmp_path, cdr("1", 59, 120, 9.0)).repeated == 0
    assert kwh(archive) == pytest.approx(20.2)


def test_a_recording_of_a_part_gives_way_to_the_bill_of_the_whole(archive: Archive, tmp_path: Path) -> None:
    record(archive, 100, 110, 1.5)
    bill(archive, tmp_path, cdr("1", 0, 120, 20.0))

    assert counted(archive) == {"cdr": 20_000}


def test_a_recording_that_ended_before_the_parking_did_counts(archive: Archive, tmp_path: Path) -> None:
    record(archive, 0, 60, 11.2)
    bill(archive, tmp_path, cdr("1", 0, 600, 11.2))

    assert counted(archive) == {"recorded": 11_200}


def test_a_recording_in_two_pieces_counts_before_one_bill(archive: Archive, tmp_path: Path) -> None:
    record(archive, 0, 58, 10.0, "one")
    record(archive, 60, 120, 10.0, "two")
    bill(archive, tmp_path, cdr("1", 0, 120, 20.0))

    assert kwh(archive) == pytest.approx(20.0)
    assert counted(archive) == {"recorded": 10_000}


def test_names_that_mean_one_port_are_found_by_times_and_energy(archive: Archive, tmp_path: Path) -> None:
    record(archive, 0, 60, 11.2)
    record(archive, 120, 180, 7.3, "two")
    file = written(
        tmp_path,
        "c.json",
        json.dumps(
            [
                cdr("1", 1, 60, 11.2, "DE*X*E1"),
                cdr("2", 121, 180, 7.29, "DE*X*E1"),
                cdr("3", 300, 360, 5, "DE*X*E1"),
                cdr("4", 1, 62, 3.0, "DE*X*E2"),
            ]
        ),
    )
    with prepare(archive, file) as ready:
        (found,) = ready.same_ports
        kept = take_in(archive, ready)

    assert (found.port, found.shown, found.fits, found.of) == ("DE*X*E1", "KEBA P30 4711", 2, 3)
    assert kept.repeated == 2
    assert kwh(archive) == pytest.approx(11.2 + 7.3 + 5 + 3)


def test_a_port_that_was_named_the_same_is_one_port_everywhere(archive: Archive, tmp_path: Path) -> None:
    record(archive, 0, 60, 11.2)
    bill(archive, tmp_path, cdr("1", 1, 60, 9.9, "DE*X*E1"), cdr("3", 300, 360, 5, "DE*X*E1"))
    assert set(read_archive(archive).ports) == {"KEBA P30 4711", "DE*X*E1"}

    repeated = say_same_port(archive, "DE*X*E1", "KEBA P30 4711")

    assert repeated == 1
    assert set(read_archive(archive).ports) == {"KEBA P30 4711"}
    assert len(archive.session_list(SessionFilter(port="KEBA P30 4711")).lines) == 3
    assert len(archive.session_list(SessionFilter(charger="keba")).lines) == 3
    say_same_port(archive, "DE*X*E1", "DE*X*E1")
    assert set(read_archive(archive).ports) == {"KEBA P30 4711", "DE*X*E1"}


def test_what_fits_two_is_left_alone(archive: Archive, tmp_path: Path) -> None:
    record(archive, 0, 60, 11.2)
    record(archive, 0, 60, 11.2, "twin", replace(KEBA, serial_number="4712"))

    assert bill(archive, tmp_path, cdr("1", 0, 60, 11.2, "DE*X*E1")).repeated == 0


def test_what_agrees_by_chance_in_a_large_fleet_counts(archive: Archive, tmp_path: Path) -> None:
    """Another station's session of the same minutes and energy, while its other sessions are at other times."""
    for hour in range(6):
        record(archive, 60 * hour, 60 * hour + 40, 5 + hour, f"rec{hour}")
    others = [cdr(str(hour), 60 * hour + 20, 60 * hour + 50, 9.3, "DE*X*E1") for hour in (0, 2, 4)]

    assert bill(archive, tmp_path, cdr("by chance", 181, 220, 8.0, "DE*X*E1"), *others).repeated == 0


def test_attempts_without_energy_say_nothing_of_whether_two_names_are_one_port(
    archive: Archive, tmp_path: Path
) -> None:
    for number in range(4):
        record(archive, 100 * number, 100 * number + 9, 0.0, f"try{number}")
    record(archive, 410, 470, 11.2)
    bills = [cdr(str(number), 100 * number, 100 * number + 9, 0.0, "DE*X*E1") for number in range(4)]

    assert bill(archive, tmp_path, *bills, cdr("5", 411, 470, 11.2, "DE*X*E1")).repeated == 1


def test_a_bill_of_a_port_that_was_watched_is_of_no_other_port(archive: Archive, tmp_path: Path) -> None:
    record(archive, 0, 60, 11.2, "elsewhere", replace(KEBA, serial_number="4712"))
    record(archive, 300, 360, 2.0)

    assert bill(archive, tmp_path, cdr("1", 0, 60, 11.2)).repeated == 0


def test_a_log_and_a_bill_of_a_session_that_nobody_recorded(archive: Archive, tmp_path: Path) -> None:
    keep(archive, written(tmp_path, "CP1.jsonl", lines(status("Available", "00"), *start("02"), stop("50"))))
    bill(archive, tmp_path, cdr("1", 2, 50, 2.0, "CP1 1"))

    assert counted(archive) == {"ocpp": 2000}


def test_the_order_of_imports_does_not_matter(archive: Archive, tmp_path: Path) -> None:
    bill(archive, tmp_path, cdr("1", 2, 50, 2.0, "CP1 1"))
    keep(archive, written(tmp_path, "CP1.jsonl", lines(status("Available", "00"), *start("02"), stop("50"))))

    assert counted(archive) == {"ocpp": 2000}


def test_a_bill_counts_again_when_what_it_repeats_is_withdrawn(archive: Archive, tmp_path: Path) -> None:
    log = keep(archive, written(tmp_path, "CP1.jsonl", lines(status("Available", "00"), *start("02"), stop("50"))))
    bill(archive, tmp_path, cdr("1", 2, 50, 2.0, "CP1 1"))
    withdraw(archive, log.import_id)

    assert counted(archive) == {"cdr": 2000}


def test_what_a_person_decides_stays(archive: Archive, tmp_path: Path) -> None:
    record(archive, 0, 60, 11.2)
    bill(archive, tmp_path, cdr("1", 1, 61, 11.21))
    (left,) = [line for line in archive.session_list().lines if line.twin]
    say_same(archive, left.id, None)
    assert kwh(archive) == pytest.approx(22.41)

    bill(archive, tmp_path, cdr("2", 600, 660, 1.0), name="more.json")
    assert kwh(archive) == pytest.approx(23.41)

    say_same(archive, left.id, "rec")
    assert kwh(archive) == pytest.approx(12.2)


def test_the_same_in_two_lists_is_one(archive: Archive, tmp_path: Path) -> None:
    row = "{},2026-03-01T12:00:00Z,2026-03-01T13:00:00Z,5\n"
    head = "session id,port,start,end,energy_kwh\n"
    keep(archive, written(tmp_path, "a.csv", head + row.format("1,P")))
    keep(archive, written(tmp_path, "b.csv", head + row.format("x1,P")))

    assert kwh(archive) == pytest.approx(5.0)


def test_a_list_that_calls_a_station_one_port_keeps_its_sessions(archive: Archive, tmp_path: Path) -> None:
    head = "port,start,end,energy_kwh\n"
    rows = "P,2026-03-01T12:00:00Z,2026-03-01T13:00:00Z,5\nP,2026-03-01T12:10:00Z,2026-03-01T13:10:00Z,6\n"
    keep(archive, written(tmp_path, "a.csv", head + rows))

    assert kwh(archive) == pytest.approx(11.0)


def test_a_recorded_session_is_where_its_bill_says(archive: Archive, tmp_path: Path) -> None:
    record(archive, 0, 60, 11.2)
    bill(archive, tmp_path, cdr("1", 1, 61, 11.21))
    found = archive.session_list(SessionFilter(site="yard"))

    assert {line.source for line in found.lines} == {"recorded", "cdr"}
    assert found.total_energy_wh == 11_200


def test_thousands_at_once_on_one_name_cost_no_square(
    archive: Archive, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compared = [0]
    overlap = matching._overlap

    def counted(one: Told, other: Told) -> float:
        compared[0] += 1
        return overlap(one, other)

    monkeypatch.setattr(matching, "_overlap", counted)
    record(archive, 0, 60, 11.2)
    rows = "".join(f"KEBA P30 4711,2026-03-01T12:00:{i % 60:02d}Z,2026-03-01T13:00Z,{i},{i}\n" for i in range(4000))
    file = written(tmp_path, "a.csv", "port,start,end,energy_kwh,token\n" + rows)
    with prepare(archive, file) as ready:
        take_in(archive, ready)

    assert 4000 <= compared[0] < 4000 * 100


def test_two_bills_are_told_apart_again_when_the_log_that_both_repeat_is_withdrawn(
    archive: Archive, tmp_path: Path
) -> None:
    bill(archive, tmp_path, cdr("1", 2, 50, 2.0, "CP1 1"))
    bill(archive, tmp_path, cdr("2", 2, 50, 2.0, "CP1 1"))
    assert counted(archive) == {"cdr": 2000}
    log = keep(archive, written(tmp_path, "CP1.jsonl", lines(status("Available", "00"), *start("02"), stop("50"))))
    assert counted(archive) == {"ocpp": 2000}
    withdraw(archive, log.import_id)

    assert counted(archive) == {"cdr": 2000}


def test_two_bills_in_the_same_words_are_one_whether_they_come_alone_or_not(archive: Archive, tmp_path: Path) -> None:
    both = json.dumps([cdr("1", 2, 50, 2.0, "E1"), cdr("2", 2, 50, 2.0, "E1"), cdr("3", 60, 90, 3.0, "E1")])
    kept = keep(archive, written(tmp_path, "c.json", both))

    assert kept.repeated == 1
    assert sum(line.twin is None for line in archive.session_list().lines) == 2
