"""Compact rows of checks: the newest of a session counts, on a laptop and on the team's server."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evtech.measure.sample import ChargerIdentity
from evtech.store.archive import Archive
from evtech.store.check_rows import CHECK, bodies, checkable, count_due, of_port, ports
from evtech.store.records import ChargingSession
from evtech.store.results import Result
from evtech.store.sample_table import idle_from, read_table
from evtech.store.sync import sync

START = datetime(2026, 3, 1, tzinfo=UTC)
FOREVER = (0.0, 1e12)


def fill(archive: Archive) -> None:
    """Keep two sessions of port A, checked by rules 1, one of them by rules 2 later, and an unchecked one of port B."""
    visit = archive.start_visit()
    for n, serial in enumerate("AAB"):
        who = ChargerIdentity("p", "KEBA", "P30", serial)
        recording = archive.start_recording(visit.id, who, [("power_total", "W")], 1.0).recording_id
        at = START + timedelta(hours=n)
        archive.close_session(ChargingSession(f"s{n}", visit.id, recording, who, at, at + timedelta(minutes=30)))
    for session, stamp, hours in (("s0", "1", 0), ("s1", "1", 0), ("s0", "2", 5)):
        body = {"mismatch_pct": hours / 10}
        archive.add_result(Result(CHECK, "Checked.", body, stamp, visit.id, session, at=START + timedelta(hours=hours)))


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Archive]:
    made = Archive.open(tmp_path / "a.evtech")
    fill(made)
    yield made
    made.close()


def look(archive: Archive) -> None:
    with archive.reading() as connection:
        assert [(c.session_id, c.port, c.stamp) for c in checkable(connection, *FOREVER)] == [
            ("s0", "KEBA P30 A", "2"), ("s1", "KEBA P30 A", "1"), ("s2", "KEBA P30 B", None),
        ]  # fmt: skip
        assert [c.session_id for c in checkable(connection, *FOREVER, "p30 b")] == ["s2"]
        assert [count_due(connection, *FOREVER, stamp) for stamp in ("1", "2", "3")] == [2, 2, 3]
        assert count_due(connection, START.timestamp() + 1, 1e12, "1") == 1
        rows = of_port(connection, "KEBA P30 A")
        assert [(r.session_id, r.figures, r.ended - r.started) for r in rows] == [
            ("s0", {"mismatch_pct": 0.5}, 1800.0), ("s1", {"mismatch_pct": 0.0}, 1800.0),
        ]  # fmt: skip
        assert ports(connection) == ["KEBA P30 A", "KEBA P30 B"]
        assert len(bodies(connection, ["s2", "s0", "gone"])) == 2


def test_the_newest_check_of_a_session_counts(laptop: Archive) -> None:
    look(laptop)


def test_the_team_s_server_says_the_same(laptop: Archive, database: Callable[[], str]) -> None:
    url = database()
    sync(laptop, url)
    team = Archive.open(url)
    look(team)
    with team.reading() as connection:
        assert read_table(connection, "none", 0.0, 1.0, ["power_total"]) is None
        assert idle_from(connection, "none", 5.0) == 5.0
    team.close()
