"""Columns of sessions say what their lines say: filtered, corrected, taken in from somebody, running."""

import random
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evtech.measure.sample import ChargerIdentity
from evtech.store import fleet
from evtech.store.archive import Archive
from evtech.store.columns import Texts, or_none
from evtech.store.records import ChargingSession, PhaseSpan
from evtech.store.results import Result
from evtech.store.session_columns import SessionColumns
from evtech.store.session_list import SessionFilter
from evtech.store.sync import sync
from tests.evtech.store.test_imports import filled

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def fill(archive: Archive) -> None:
    """Keep sessions of three visits: some without energy or end, corrected, of a signed visit, one still running."""
    source = random.Random(3)
    for number in range(3):
        visit = archive.start_visit(site=("Yard", "Depot", "")[number])
        charger = ChargerIdentity("keba-kecontact-p30", "KEBA", "P30", str(number), "3.1", "tcp")
        writer = archive.start_recording(visit.id, charger, [("power_total", "W")], 1.0)
        session = ChargingSession("", visit.id, writer.recording_id, charger, START, None)
        for i in range(12):
            begin = START + source.randrange(0, 60) * HOUR
            phases = (PhaseSpan("CHARGING", begin + HOUR / 60, begin + HOUR / 2),) if i % 3 else ()
            archive.close_session(
                replace(
                    session, id=f"{number}-{i:02d}", started=begin, ended=begin + HOUR if i % 5 else None,
                    energy_wh=source.choice((None, 0.0, 7000.5)), peak_power_w=source.choice((None, 11e3)),
                    phases=phases, stop_reason=source.choice((None, "fault", "driver")),
                    errors=({"code": "0x40"},) if i % 4 == 0 else (),
                )
            )  # fmt: skip
        if number == 2:
            archive.add_result(Result("import", "x", {"whole": True, "signer": "A. Novak"}, None, visit.id))
            archive.save_open_session(replace(session, id="running", started=START + 30 * HOUR))
    archive.correct_session("0-03", "clock_s", "-36000", reason="fast")
    archive.correct_session("1-04", "clock_s", "7200.5", reason="slow")
    archive.correct_session("1-05", "site", "Yard", reason="wrong site")
    archive.correct_session("2-06", "note", "seen", reason="")
    archive.add_result(Result("port_name", "KEBA P30 1", {}, "KEBA P30 0"))
    archive.add_result(Result("session_twin", "by hand", {}, "same", session_id="0-04", replaces="2-04"))
    archive.add_result(Result("session_twin", "x", {}, "credited", session_id="1-02"))
    archive.writer.flush()


FILTERS = [
    SessionFilter(),
    SessionFilter(from_=START + 10 * HOUR, to=START + 40 * HOUR),
    SessionFilter(charger="p30 1"),
    SessionFilter(site="yard"),
    SessionFilter(site="yard", from_=START + 10 * HOUR),
    SessionFilter(to=START),
    SessionFilter(ids=frozenset({"0-03", "running", "2-01"})),
    SessionFilter(stop_reasons=("fault",)),
]


def rows(columns: SessionColumns) -> list[tuple[object, ...]]:
    found = [getattr(columns, name) for name in columns.__match_args__]
    return list(zip(*(_plain(column) for column in found), strict=True))


def _plain(column: object) -> list[object]:
    if isinstance(column, Texts):
        return list(column.values())
    return [or_none(each) if isinstance(each, float) else each for each in column]  # type: ignore[attr-defined]


@pytest.mark.parametrize("wanted", FILTERS)
def test_columns_are_the_lines(tmp_path: Path, wanted: SessionFilter) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    fill(archive)
    lines = archive.session_list(wanted).lines
    columns = archive.session_columns(wanted)
    archive.close()

    assert rows(columns) == rows(SessionColumns.of(lines))
    assert [row[0] for row in rows(columns)] == [line.id for line in lines]


@pytest.mark.parametrize("is_running", [False, True])
@pytest.mark.parametrize("wanted", [SessionFilter(), SessionFilter(from_=START, to=START + 3 * HOUR)])
def test_columns_of_sessions_of_which_nothing_was_said(
    tmp_path: Path, wanted: SessionFilter, is_running: bool
) -> None:  # fmt: skip
    archive = Archive.open(tmp_path / "a.evtech")
    charger = ChargerIdentity("keba-kecontact-p30", "KEBA", "P30", "1", "3.1", "tcp")
    for site in ("Yard", ""):
        visit = archive.start_visit(site=site)
        writer = archive.start_recording(visit.id, charger, [("power_total", "W")], 1.0)
        for i in range(6):
            begin, own = START + i * HOUR, replace(charger, serial_number=str(i % 2))
            session = ChargingSession(f"{site}{i}", visit.id, writer.recording_id, own, begin, begin + HOUR)
            archive.close_session(session)
        if is_running:
            archive.save_open_session(replace(session, id=f"{site} runs", started=START + HOUR / 2, ended=None))
    said = fleet.say(fleet.read(archive).facts("KEBA P30 1"), {"site": "Harbour"}, "N. Kim")
    assert said is not None
    archive.add_result(said)
    columns, lines = archive.session_columns(wanted), archive.session_list(wanted).lines
    archive.close()

    assert rows(columns) == rows(SessionColumns.of(lines))
    assert set(columns.site.values()) == {"Yard", "", "Harbour"}
    assert (
        len(columns)
        == {(False, True): 12, (True, True): 14, (False, False): 6, (True, False): 8}[is_running, wanted.to is None]
    )
    assert not columns.is_twin.any()


def test_what_a_line_shows_stands_in_the_columns(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    fill(archive)
    found = {row[0]: dict(zip(SessionColumns.__match_args__, row, strict=True)) for row in rows(
        archive.session_columns(SessionFilter()))}  # fmt: skip
    before, is_twin = archive.session("0-03"), archive.session_columns(SessionFilter()).is_twin
    archive.close()

    assert found["0-03"]["started"] == before.started.timestamp() - 36000
    assert found["1-05"]["site"] == "Yard"
    assert found["1-05"]["port"] == "KEBA P30 0"
    assert found["2-04"]["site"] == "Yard"  # its own visit does not say where it was, its twin's does
    assert is_twin.sum() == 2
    assert found["2-06"]["source"] == "visit of A. Novak"
    assert (found["running"]["ended"], found["running"]["source"]) == (None, "visit of A. Novak")


def test_what_imports_brought_stands_in_the_columns(tmp_path: Path) -> None:
    archive = filled(tmp_path)
    for wanted in (SessionFilter(), SessionFilter(site="yard"), SessionFilter(port="CP1 1")):
        columns = archive.session_columns(wanted)
        assert rows(columns) == rows(SessionColumns.of(archive.session_list(wanted).lines))
        assert len(columns) == (52 if wanted == SessionFilter() else 2)
        assert columns.is_twin.sum() == 1
    archive.close()


def test_the_teams_server_gives_the_same_columns(tmp_path: Path, database: Callable[[], str]) -> None:
    laptop = Archive.open(tmp_path / "a.evtech")
    fill(laptop)
    laptop.import_rows(lambda c: c.exec_driver_sql("DELETE FROM open_session"))  # what runs is not pushed
    url = database()
    sync(laptop, url)
    team = Archive.open(url)
    ours, theirs = (sorted(rows(a.session_columns(SessionFilter())), key=str) for a in (laptop, team))
    team.close()
    laptop.close()

    assert ours == theirs
