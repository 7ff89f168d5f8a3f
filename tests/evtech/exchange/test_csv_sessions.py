"""Lists of sessions as back offices export them, and the one of `insights --sessions`: columns, words, bad rows."""

from pathlib import Path

import pytest

from evtech.errors import InputError
from evtech.exchange.plans import Plan
from evtech.exchange.reading import look
from evtech.exchange.source_file import SourceFile
from evtech.insights.archive_records import read_archive
from evtech.insights.files import read_records
from evtech.insights.overview import overview, overview_json
from evtech.store.archive import Archive
from tests.evtech.exchange.taking import keep, read, written

CONTRACT = (
    "port,plugged_at,authorised_at,auth_ok,energy_started_at,energy_ended_at,unplugged_at,energy_kwh,peak_kw,end_reason,"
    "error_code,token\n"
    "A,2026-03-01T10:00Z,2026-03-01T10:00:30Z,1,2026-03-01T10:01Z,2026-03-01T11:01Z,2026-03-01T12:00Z,11,11.5,driver,,x\n"
    "A,2026-03-02T10:00Z,2026-03-02T10:00:30Z,0,,,2026-03-02T10:02Z,,,deauthorised,,y\n"
    "B,2026-03-01T10:00Z,,,2026-03-01T10:01Z,2026-03-01T10:20Z,2026-03-01T10:21Z,2.5,22,fault,E7,z\n"
)
GERMAN = (
    "Ladepunkt-ID;Stecker;Standort;Startzeit;Endzeit;Energie (Wh);Dauer;Kartennummer;Status;Fehlercode;Zahlungsart\n"
    "CP7;1;Hof;01.03.2026 11:00:00;01.03.2026 12:00:00;11.000,5;01:00:00;4711;Abgeschlossen;;Ladekarte\n"
    "CP7;2;Hof;01.03.2026 13:00:00;;7500;00:30:00;4712;Fehlgeschlagen;E12;Kreditkarte\n"
)


def test_the_contracts_columns(tmp_path: Path) -> None:
    found, _, parcel = read(written(tmp_path, "s.csv", CONTRACT))
    one, two, three = (i.session for i in found)

    assert (one.energy_wh, one.peak_power_w, one.stop_reason, one.token, one.auth_ok) == (
        11_000,
        11_500,
        "driver",
        "x",
        True,
    )
    assert (one.charging_s, one.authorised.second if one.authorised else None) == (3600, 30)
    assert (two.auth_ok, two.phases, two.stop_reason) == (False, (), "deauthorised")
    assert (three.errors, three.charger.model) == (({"code": "E7", "meaning": None},), "B")
    assert parcel.problems.count == 0


def test_insights_of_the_archive_are_those_of_the_file(tmp_path: Path) -> None:
    file = written(tmp_path, "s.csv", CONTRACT)
    archive = Archive.open(tmp_path / "a.evtech")
    keep(archive, file)
    period, now = (1772323200.0, 1772582400.0), 1772582400.0
    kept = overview_json(overview(read_archive(archive, period=period), period, now))
    told = overview_json(overview(read_records(file), period, now))
    archive.close()

    for part in ("success", "failures_by_code", "demand"):
        assert kept[part] == told[part]
    assert {p: u["kwh"] for p, u in kept["utilisation"].items()} == {
        p: u["kwh"] for p, u in told["utilisation"].items()
    }


def test_a_back_offices_own_columns_words_and_writing(tmp_path: Path) -> None:
    file = written(tmp_path, "s.csv", GERMAN.encode("cp1252"))
    found, _, parcel = read(file, Plan(zone="Europe/Berlin"))
    one, two = (i.session for i in found)

    assert (one.charger.model, one.charger.serial_number, found[0].site) == ("CP7", "1", "Hof")
    assert (one.started.hour, one.energy_wh, one.stop_reason, one.payment_method) == (10, 11_000.5, "driver", "rfid")
    assert two.ended is not None
    assert ((two.ended - two.started).total_seconds(), two.stop_reason, two.payment_method) == (1800, "fault", "ad_hoc")
    assert two.errors[0]["code"] == "E12"
    assert parcel.problems.count == 0


@pytest.mark.parametrize(
    ("head", "targets"),
    [
        (
            "Charge Point ID,Connector ID,Start Time,End Time,Energy (kWh),Stop Reason,Id Tag",
            ["port", "connector", "plugged_at", "unplugged_at", "energy", "end_reason", "token"],
        ),
        (
            "Session ID,Station Name,Session Start,Duration (min),Total Energy (Wh),RFID",
            ["transaction", "port", "plugged_at", "duration", "energy", "token"],
        ),
        (
            "id,started,ended,charger,site,energy_wh,peak_power_w,charging_s,stop_reason,error_code,gaps,source,simulated,corrected",
            [
                "transaction",
                "plugged_at",
                "unplugged_at",
                "port",
                "site",
                "energy",
                "peak",
                None,
                "end_reason",
                "error_code",
                None,
                None,
                None,
                None,
            ],
        ),
        ("EVSE,From,To,kWh,Result", ["port", "plugged_at", "unplugged_at", "energy", "end_reason"]),
    ],
)
def test_titles_of_back_offices(tmp_path: Path, head: str, targets: list[str | None]) -> None:
    table, _ = look(SourceFile(written(tmp_path, "s.csv", head + "\n" + ",".join("1" * len(targets)) + "\n")))

    assert table.plan.kind == "sessions"
    assert [c.target for c in table.plan.columns] == targets


def test_units_of_energy_are_those_of_the_title_else_said(tmp_path: Path) -> None:
    rows = "P,2026-03-01T10:00Z,2026-03-01T11:00Z,5\n"
    for title, wh, said in (
        ("Energy (kWh)", 5000, 0),
        ("Energy [Wh]", 5, 0),
        ("Energy (MWh)", 5e6, 0),
        ("Energy", 5000, 1),
    ):
        (item,), _, parcel = read(written(tmp_path, "s.csv", f"port,start,end,{title}\n{rows}"))
        assert (item.session.energy_wh, len(parcel.remarks)) == (wh, said)


def test_energy_without_times_of_its_own_flowed_from_start_to_end(tmp_path: Path) -> None:
    (item,), _, _ = read(
        written(tmp_path, "s.csv", "port,start,end,energy_kwh\nP,2026-03-01T10:00Z,2026-03-01T11:00Z,5\n")
    )

    assert [(p.phase, p.start.hour, p.end.hour if p.end else None) for p in item.session.phases] == [
        ("CHARGING", 10, 11)
    ]
    assert item.session.stop_reason == "unknown"


def test_a_session_that_still_runs_in_the_list_is_not_judged(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    keep(archive, written(tmp_path, "s.csv", "port,start,end,energy_kwh\nP,2026-03-01T10:00Z,,5\n"))
    (attempt,) = read_archive(archive).attempts
    archive.close()

    assert not attempt.is_judged


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("P,bad,2026-03-01T11:00Z,5,driver", "plugged_at 'bad' is no time"),
        ("P,2026-03-01T10:00Z,2026-03-01T09:00Z,5,driver", "it ends 3600 s before it begins"),
        ("P,2026-03-01T10:00Z,2029-03-01T09:00Z,5,driver", "it lasts 1096 days"),
        ("P,2026-03-01T10:00Z,2026-03-01T11:00Z,much,driver", "energy 'much' is no number"),
        ("P,2026-03-01T10:00Z,2026-03-01T11:00Z,-5,driver", "energy '-5' is negative"),
        ("P,2026-03-01T10:00Z,2026-03-01T11:00Z,1e300,driver", "energy '1e300' is"),
        (",2026-03-01T10:00Z,2026-03-01T11:00Z,5,driver", "no port"),
        ("P,,2026-03-01T11:00Z,5,driver", "no time at which it began"),
        ("P,0001-01-01T00:00Z,2026-03-01T11:00Z,5,driver", "is no time"),
        ("P,9999-12-31T00:00Z,,5,driver", "is no time"),
        ("P,2026-03-01T10:00Z\x00,2026-03-01T11:00Z,5,driver", "is no time"),
    ],
)
def test_a_row_that_cannot_be_used_is_named_with_its_line(tmp_path: Path, row: str, said: str) -> None:
    good = "P,2026-03-01T10:00Z,2026-03-01T11:00Z,5,driver\n"
    padding = "".join(f"P,2026-02-{d:02d}T10:00Z,2026-02-{d:02d}T11:00Z,5,driver\n" for d in range(1, 29)) * 4
    found, _, parcel = read(written(tmp_path, "s.csv", f"port,start,end,energy_kwh,end_reason\n{good}{padding}{row}\n"))

    assert len(found) == 113
    assert parcel.problems.named[0].startswith("line 115: ")
    assert said in parcel.problems.named[0]


def test_words_that_nobody_knows_are_unknown_and_counted(tmp_path: Path) -> None:
    text = "port,start,end,energy_kwh,end_reason\n" + "P,2026-03-01T10:00Z,2026-03-01T11:00Z,5,Gone fishing\n" * 3
    found, _, parcel = read(written(tmp_path, "s.csv", text))

    assert {i.session.stop_reason for i in found} == {"unknown"}
    assert "end_reason 'Gone fishing' is not known and read as unknown (3 rows)" in parcel.remarks


def test_an_ambiguous_hour_is_named(tmp_path: Path) -> None:
    text = "port,start,end,energy_kwh\nP,2025-10-26 02:40:00,2025-10-26 02:20:00,5\n"
    (item,), _, parcel = read(written(tmp_path, "s.csv", text), Plan(zone="Europe/Berlin"))

    assert item.session.ended is not None
    assert (item.session.ended - item.session.started).total_seconds() == 40 * 60
    assert "2 times lie in the hour that Europe/Berlin has twice" in parcel.remarks[0]


def test_rows_over_several_lines_keep_their_numbers(tmp_path: Path) -> None:
    text = 'port,start,end,error\nP,2026-03-01T10:00Z,2026-03-01T11:00Z,"two\nlines"\nP,bad,,\n'
    found, _, parcel = read(written(tmp_path, "s.csv", text))

    assert found[0].session.errors[0]["code"] == "two\nlines"
    assert parcel.problems.named[0].startswith("line 4: ")


def test_the_same_row_twice_is_one_session(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    row = "P,2026-03-01T10:00Z,2026-03-01T11:00Z,5,X\n"
    kept = keep(archive, written(tmp_path, "s.csv", f"port,start,end,energy_kwh,token\n{row}{row}"))
    found = archive.session_list().lines
    archive.close()

    assert (kept.sessions, len(found)) == (1, 1)


def test_a_file_of_which_no_row_can_be_used_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not one of 2 rows can be used"):
        read(written(tmp_path, "s.csv", "port,start,end,energy_kwh\nP,a,b,c\nP,d,e,f\n"))


def test_a_quotation_mark_that_is_never_closed_is_named_with_its_line(tmp_path: Path) -> None:
    text = 'port,start,end\nP,2026-03-01T10:00Z,\n"P,2026-03-01T11:00Z,\n' + "P,2026-03-01T10:00Z,\n" * 20_000
    with pytest.raises(InputError, match="line 3: a field is longer"):
        read(written(tmp_path, "s.csv", text))


@pytest.mark.parametrize(
    ("text", "said", "way"),
    [
        ("port,from,to,cause,excluded\nA,2026-03-01T10:00Z,2026-03-01T11:00Z,fault,0\n", "outages", "--outages"),
        ("port,from,to,state\nA,2026-03-01T10:00Z,2026-03-01T11:00Z,OUTOFORDER\n", "states", "--states"),
        ("port,site,timezone,rated_kw\nA,Yard,UTC,22\n", "ports", "--ports"),
    ],
)
def test_tables_of_ports_outages_and_states_are_no_sessions(tmp_path: Path, text: str, said: str, way: str) -> None:
    with pytest.raises(InputError, match=f"is a table of {said}") as caught:
        read(written(tmp_path, "x.csv", text))
    assert way in caught.value.hint


def test_a_list_from_and_to_with_energy_is_one_of_sessions(tmp_path: Path) -> None:
    text = "port,from,to,energy_kwh,state\nA,2026-03-01T10:00Z,2026-03-01T11:00Z,5,Completed\n"
    (item,), _, _ = read(written(tmp_path, "x.csv", text))

    assert item.session.energy_wh == 5000


def test_a_column_that_no_list_has_is_refused(tmp_path: Path) -> None:
    file = written(tmp_path, "s.csv", CONTRACT)
    plan = look(SourceFile(file))[0].plan.with_columns(["token=banana"])
    with pytest.raises(InputError, match="'token' of a list of sessions cannot be 'banana'") as caught:
        read(file, plan)
    assert "payment_method" in caught.value.hint
