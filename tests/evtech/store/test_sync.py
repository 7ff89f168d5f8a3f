"""Laptops push into one PostgreSQL database: nothing lost, nothing doubled, the same answers there as here."""

import os
import random
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evtech.errors import ArchiveError, EvtechError, InputError
from evtech.events import Event, EventKind
from evtech.insights.archive_records import read_archive
from evtech.insights.overview import overview, overview_json
from evtech.measure.sample import ChargerIdentity, Reading, Sample
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession, Gap, PhaseSpan
from evtech.store.results import Result
from evtech.store.session_list import SessionFilter
from evtech.store.sync import FACTS, sync
from evtech.store.team import TeamError, in_drivers_style, shown

from .conftest import Server

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
PERIOD = (START.timestamp() - 86400, START.timestamp() + 40 * 86400)
POINTS = [("voltage_l1", "V"), ("cp_state", "")]


def record(archive: Archive, serial: str, polls: int, sessions: int = 3) -> str:
    """Record something and return the recording's id."""
    charger = ChargerIdentity("keba-kecontact-p30", "KEBA", "P30", serial, "3.1", "tcp")
    visit = archive.start_visit(site=f"Site {serial}", simulated=True)
    writer = archive.start_recording(visit.id, charger, POINTS, 1.0)
    for i in range(polls):
        samples = (Sample("voltage_l1", 230 + i % 5 / 10, "V"), Sample("cp_state", "C2", ""))
        writer.add(Reading(START + timedelta(seconds=i), float(i), {s.point: s for s in samples}))
    writer.gap(Gap(START, START + timedelta(seconds=4), "link lost"))
    writer.event(Event(START, EventKind.NOTE, {"text": "50 % load?"}))
    for n in range(sessions):
        begin = START + timedelta(days=n)
        phase = PhaseSpan("CHARGING", begin, begin + timedelta(minutes=40))
        session = ChargingSession(
            f"{serial}-{n}-{visit.id}", visit.id, writer.recording_id, charger, begin, begin + timedelta(hours=1),
            energy_wh=7000.0 + n, peak_power_w=11e3, stop_reason="driver", phases=(phase,),
        )  # fmt: skip
        archive.close_session(session)
    archive.add_result(Result("diagnosis", "x", {"a": 1}, "healthy", visit.id))
    writer.close()
    archive.writer.flush()
    return writer.recording_id


@pytest.fixture
def laptop(tmp_path: Path) -> Archive:
    return Archive.open(tmp_path / "a.evtech")


def counts(archive: Archive) -> dict[str, int]:
    with archive.reading() as connection:
        return {
            name: int(connection.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar_one())
            for name in (*FACTS, "chunk", "chunk_time", "tail")
        }


def test_question_marks_in_texts_stay() -> None:
    assert in_drivers_style("SELECT '?' WHERE a = ? AND b LIKE '%x' AND c % 2 = ?") == (
        "SELECT '?' WHERE a = %s AND b LIKE '%%x' AND c %% 2 = %s"
    )
    assert "secret" not in shown("postgresql+psycopg://u:secret@h/d")


def test_the_server_holds_and_says_the_same(laptop: Archive, database: Callable[[], str]) -> None:
    recording = record(laptop, "11", 2100)
    url = database()
    report = sync(laptop, url)
    team = Archive.open(url)
    end = START + timedelta(hours=1)

    assert counts(team) == counts(laptop)
    assert report.pushed["samples"] == 2100
    assert list(team.rows(recording, START, end)) == list(laptop.rows(recording, START, end))
    assert team.sessions() == laptop.sessions()
    for wanted in (SessionFilter(text="11"), SessionFilter(charger="keba"), SessionFilter(site="site 1")):
        assert [x.id for x in team.session_list(wanted).lines] == [x.id for x in laptop.session_list(wanted).lines]
    ours, theirs = (overview_json(overview(read_archive(a), PERIOD, 4e9)) for a in (laptop, team))
    assert ours == theirs
    assert team.check().ok
    assert team.info()["samples"] == 2100
    with pytest.raises(ArchiveError, match="takes no recordings"):
        team.start_visit()
    team.close()
    laptop.close()


def test_again_pushes_only_what_is_new(laptop: Archive, database: Callable[[], str]) -> None:
    url = database()
    record(laptop, "11", 900)
    sync(laptop, url)

    assert sum(sync(laptop, url).pushed.values()) == 0
    record(laptop, "22", 1500)
    report = sync(laptop, url)

    team = Archive.open(url)
    assert (report.pushed["visit"], report.pushed["samples"], report.conflicts) == (1, 1500, [])
    assert counts(team) == counts(laptop)
    team.close()
    laptop.close()


def test_a_growing_recording_grows_there(laptop: Archive, database: Callable[[], str]) -> None:
    url = database()
    visit = laptop.start_visit()
    charger = ChargerIdentity("p", "V", "M", "1", "1", "l")
    writer = laptop.start_recording(visit.id, charger, POINTS, 1.0)
    team = None
    for stop in (500, 1000, 1030, 2049, 2060):
        for i in range(writer.samples, stop):
            writer.add(
                Reading(START + timedelta(seconds=i), float(i), {"voltage_l1": Sample("voltage_l1", 1.0 * i, "V")})
            )
        writer.close()
        sync(laptop, url)
        team = Archive.open(url)
        rows = [row.values["voltage_l1"] for row in team.rows(writer.recording_id, START, START + timedelta(hours=1))]
        assert rows == [float(i) for i in range(stop)]
        team.close()
    laptop.close()


def test_a_changed_fact_is_reported_and_left_alone(
    laptop: Archive, database: Callable[[], str], tmp_path: Path
) -> None:
    url = database()
    record(laptop, "11", 3)
    sync(laptop, url)
    laptop.backup(tmp_path / "b.evtech")
    with sqlite3.connect(tmp_path / "b.evtech") as plain:
        plain.execute("UPDATE visit SET site = 'elsewhere'")
        plain.execute("UPDATE archive_identity SET id = 'another laptop'")
    plain.close()
    other = Archive.open(tmp_path / "b.evtech")
    report = sync(other, url)

    assert [conflict.split()[0] for conflict in report.conflicts] == ["visit"]
    team = Archive.open(url)
    assert team.visits()[0].site == "Site 11"
    for archive in (team, other, laptop):
        archive.close()


def test_two_laptops_at_once_lose_and_double_nothing(tmp_path: Path, database: Callable[[], str]) -> None:
    url = database()
    laptops = [Archive.open(tmp_path / f"{n}.evtech") for n in range(2)]
    for n, archive in enumerate(laptops):
        for part in range(3):
            record(archive, f"{n}{part}", 1100)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda archive: sync(archive, url), laptops))

    team = Archive.open(url)
    both = [counts(archive) for archive in laptops]
    assert counts(team) == {name: both[0][name] + both[1][name] for name in both[0]}
    for archive in (team, *laptops):
        archive.close()


PUSH = "import sys; from evtech.store.archive import Archive; from evtech.store.sync import sync; " \
    "archive = Archive.open(sys.argv[1]); print('begun', flush=True); sync(archive, sys.argv[2])"  # fmt: skip


@pytest.mark.parametrize("side", ["laptop", "server"])
def test_a_kill_of_either_side_loses_and_doubles_nothing(
    side: str, laptop: Archive, database: Callable[[], str], server: Server
) -> None:
    """Every kill hits a push that runs: there is always something new to push, and a push that ended is no kill."""
    url, kills, pushes = database(), 0, 0
    chance, wanted = random.Random(5), int(os.environ.get("EVTECH_SYNC_KILLS", "5"))
    while kills < wanted and pushes < 4 * wanted:
        record(laptop, str(pushes), 1100, sessions=20)
        pushes += 1
        words = [sys.executable, "-c", PUSH, str(laptop.path), url]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as pushing:
            assert pushing.stdout is not None
            assert pushing.stdout.readline() == b"begun\n"
            try:
                pushing.wait(chance.random() * 0.25)
            except subprocess.TimeoutExpired:
                kills += 1
                if side == "server":
                    server.kill()
                    server.start()
                else:
                    pushing.kill()
    assert kills >= min(wanted, 3)
    print(f"{side}: {kills} kills in {pushes} pushes")  # noqa: T201  # shown with -s
    sync(laptop, url)

    team = Archive.open(url)
    assert counts(team) == counts(laptop)
    with team.reading() as connection:
        for table, key in (("chunk", "point_id, t0"), ("tail", "recording_id, t")):
            doubled = f"SELECT count(*) FROM (SELECT 1 FROM {table} GROUP BY {key} HAVING count(*) > 1) AS d"
            assert connection.exec_driver_sql(doubled).scalar_one() == 0
    team.close()
    laptop.close()


def test_a_role_that_may_only_append_is_enough(laptop: Archive, database: Callable[[], str], tmp_path: Path) -> None:
    """The grants are those that the manual names."""
    psycopg = pytest.importorskip("psycopg")
    url = database()
    owner = Archive.open(tmp_path / "owner.evtech")
    sync(owner, url)
    owner.close()
    manual = (Path(__file__).parents[3] / "docs" / "manual.md").read_text("utf-8")
    grants = manual.partition("```sql\nCREATE ROLE evtech_laptop")[2].partition("```")[0]
    plain = url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as server:
        server.execute("CREATE ROLE evtech_laptop" + grants)
    narrow = url.replace("evtech@", "evtech_laptop@")
    record(laptop, "11", 900)
    sync(laptop, narrow)
    record(laptop, "22", 1500)

    assert sync(laptop, narrow).conflicts == []
    team = Archive.open(narrow)
    assert counts(team) == counts(laptop)
    team.close()
    with psycopg.connect(plain.replace("evtech@", "evtech_laptop@"), autocommit=True) as server:
        for statement in ("DELETE FROM charging_session", "UPDATE result SET title = ''", "DELETE FROM chunk",
                          "INSERT INTO team_schema VALUES (99)", "DROP TABLE visit"):  # fmt: skip
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                server.execute(statement)
    laptop.close()


@pytest.mark.parametrize(
    ("url", "error", "words"),
    [
        ("postgresql+psycopg://nobody@127.0.0.1:1/x", TeamError, "cannot be reached"),
        ("postgresql+psycopg://h:port/x", InputError, "no address"),
        ("mysql://h/d", InputError, "no archive"),
    ],
)
def test_a_server_that_is_not_there_is_a_sentence(
    url: str, error: type[EvtechError], words: str, laptop: Archive
) -> None:
    pytest.importorskip("psycopg")
    with pytest.raises(error, match=words):
        sync(laptop, url) if "mysql" not in url else Archive.open(url)
    laptop.close()


def test_a_database_without_a_team_archive_says_so(database: Callable[[], str]) -> None:
    with pytest.raises(ArchiveError, match="no team archive"):
        Archive.open(database())
