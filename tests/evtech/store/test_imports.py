"""Facts about imports: hidden, told twice, renamed; the same on the team's server, and nobody else's to decide."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from evtech.errors import ArchiveError, InputError
from evtech.exchange.exporting import as_text
from evtech.exchange.keeping import say_same_port, withdraw
from evtech.insights.archive_records import read_archive
from evtech.insights.overview import overview, overview_json
from evtech.store import portable
from evtech.store.archive import Archive
from evtech.store.imports import ARCHIVE_FACTS
from evtech.store.results import Result
from evtech.store.session_list import SessionFilter
from evtech.store.sync import sync
from evtech.store.team_address import is_team
from tests.evtech.exchange.taking import keep, lines, written
from tests.evtech.exchange.test_keeping import ROWS
from tests.evtech.exchange.test_ocpp_16 import WHOLE, status
from tests.evtech.exchange.test_round_trip import kept  # noqa: F401  # a fixture

PERIOD = (1772323200.0, 1774915200.0)


def filled(folder: Path) -> Archive:
    """Return an archive with imports of all kinds, one withdrawn, one told twice, one port renamed."""
    archive = Archive.open(folder / "a.evtech")
    out = keep(archive, written(folder, "rows.csv", ROWS))
    log = [*WHOLE, status("Faulted", "40", errorCode="GroundFailure"), status("Available", "50")]
    keep(archive, written(folder, "CP1.jsonl", lines(*log)))
    cdr = {"id": "1", "start_date_time": "2026-03-01T12:02:00Z", "end_date_time": "2026-03-01T12:31:00Z",
           "total_energy": 2.0, "cdr_location": {"evse_id": "DE*X*E1", "name": "Yard"}}  # fmt: skip
    keep(archive, written(folder, "c.json", json.dumps([cdr])))
    say_same_port(archive, "DE*X*E1", "CP1 1")
    more = keep(archive, written(folder, "more.csv", ROWS.replace("2026-03", "2026-02")))
    withdraw(archive, more.import_id, "wrong month")
    assert out.sessions == 50
    return archive


def test_the_teams_archive_says_the_same(tmp_path: Path, database: Callable[[], str]) -> None:
    laptop, url = filled(tmp_path), database()
    sync(laptop, url)
    team = Archive.open(url)

    for wanted in (
        SessionFilter(),
        SessionFilter(site="yard"),
        SessionFilter(port="CP1 1"),
        SessionFilter(charger="cp1"),
    ):
        ours, theirs = laptop.session_list(wanted), team.session_list(wanted)
        assert ours.lines == theirs.lines
        assert ours.total == theirs.total == 52
    assert len(team.sessions()) == 52
    ours_json, theirs_json = (overview_json(overview(read_archive(a), PERIOD, 4e9)) for a in (laptop, team))
    assert ours_json == theirs_json
    with pytest.raises(ArchiveError, match="takes no recordings"):
        keep(team, tmp_path / "rows.csv")
    assert is_team(url)
    team.close()
    laptop.close()


def test_an_earlier_part_of_a_recording_that_comes_later_is_pushed(
    kept: Archive,  # noqa: F811
    tmp_path: Path,
    database: Callable[[], str],
) -> None:
    laptop, url = Archive.open(tmp_path / "other.evtech"), database()
    for key in ("def", "abc"):
        keep(laptop, written(tmp_path, f"{key}.json", as_text(kept, [key], "json")))
        sync(laptop, url)
    team = Archive.open(url)

    assert as_text(team, ["abc", "def"], "json") == as_text(laptop, ["abc", "def"], "json")
    team.close()
    laptop.close()


def test_what_an_archive_decided_does_not_travel_with_a_visit(tmp_path: Path) -> None:
    archive = filled(tmp_path)
    with archive.reading() as connection:
        visits = [row[0] for row in connection.exec_driver_sql("SELECT id FROM visit")]
        rows = [json.loads(row) for visit in visits for row in portable.export_rows(connection, "result", visit)]
    archive.close()

    assert not {row["kind"] for row in rows} & set(ARCHIVE_FACTS)


@pytest.mark.parametrize("kind", ARCHIVE_FACTS)
def test_a_foreign_file_decides_nothing_here(tmp_path: Path, kind: str) -> None:
    archive = filled(tmp_path)
    with archive.reading() as connection:
        columns = tuple(portable.SHAPES["visit"].columns)
        visit = dict(
            zip(
                columns,
                connection.exec_driver_sql(f"SELECT {', '.join(columns)} FROM visit").first() or (),
                strict=True,
            )
        )
    visit |= {"id": "foreign"}
    result = Result(kind, "x", {}, "withdrawn", replaces="y", id="evil")
    row = {"id": result.id, "kind": kind, "at": 1.0, "visit_id": None, "session_id": None, "recording_id": None,
           "title": "x", "verdict": "withdrawn", "replaces": "y", "body": "{}"}  # fmt: skip

    with pytest.raises(InputError, match="is about something that is not in it"):
        archive.import_rows(lambda c: portable.import_rows(c, "foreign", {"visit": [visit], "result": [row]}))
    archive.close()


def test_more_sessions_than_a_statement_has_places_are_hidden(tmp_path: Path) -> None:
    archive = filled(tmp_path)
    with archive.reading() as connection:
        from evtech.store.imports import not_in

        where, values = not_in(connection, "id", frozenset(map(str, range(200_000))))
        found = connection.exec_driver_sql(f"SELECT count(*) FROM charging_session WHERE 1 = 1{where}", values)
        assert found.scalar_one() == 102
    archive.close()
