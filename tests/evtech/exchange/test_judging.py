"""Imported samples are checked with their session, and a port's charts follow what is in and what was taken out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from evtech.exchange.judging import MOST, Judge
from evtech.exchange.keeping import restore, say_same_port, withdraw
from evtech.insights.kept_findings import all_kept
from evtech.insights.rule_limits import DEFAULTS
from evtech.insights.session_check import check_archive, count_due
from evtech.measure.sample import ChargerIdentity
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession
from evtech.store.spool import Block
from tests.evtech.exchange.taking import keep, lines, written
from tests.evtech.exchange.test_ocpp_16 import WHOLE

START = datetime(2026, 3, 2, tzinfo=UTC)
FOREVER = (0.0, 4e9)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive.open(tmp_path / "a.evtech")
    yield opened
    opened.close()


def low_voltage(folder: Path, week: int = 0) -> Path:
    """Write a day and a half of a supply at 200 V; files of the same name are of the same port."""
    first = START + timedelta(weeks=week)
    rows = [f"{(first + timedelta(minutes=n)).isoformat()},{200.0 + n % 3 / 10},11000" for n in range(2200)]
    (folder / str(week)).mkdir()
    return written(folder / str(week), "low.csv", "\n".join(["time,voltage_l1 (V),power_total (W)", *rows]) + "\n")


def test_findings_and_the_check_come_with_the_session(archive: Archive, tmp_path: Path) -> None:
    keep(archive, low_voltage(tmp_path))

    (session,) = archive.sessions()
    (check,) = archive.results("check")
    assert (check.session_id, check.verdict, check.body["volts_out"]) == (session.id, DEFAULTS.stamp, 220)
    (row,) = archive.results("anomaly")
    assert (row.session_id, row.at) == (session.id, session.ended)
    assert count_due(archive, *FOREVER, DEFAULTS) == 0
    before = all_kept(archive, *FOREVER)

    check_archive(archive, *FOREVER, again=True)
    assert all_kept(archive, *FOREVER) == before  # the check of the archive finds the same as that of the file
    assert len(archive.results("anomaly")) == 1


def test_charts_follow_what_is_in(archive: Archive, tmp_path: Path) -> None:
    taken = keep(archive, low_voltage(tmp_path))
    keep(archive, low_voltage(tmp_path, 1))  # a week is looked at when it is over
    (row,) = archive.results("trend")
    (drawn,) = row.body["findings"]
    assert (drawn["rule"], drawn["about"]) == ("voltage", "week")

    withdraw(archive, taken.import_id)
    assert archive.results("trend")[0].body["findings"] == []

    restore(archive, taken.import_id)
    assert archive.results("trend")[0].body["findings"] == [drawn]


def test_what_a_back_office_lists_has_nothing_to_be_checked(archive: Archive, tmp_path: Path) -> None:
    rows = "port,start,end,energy_kwh\nP,2026-03-01T12:00:00Z,2026-03-01T13:00:00Z,5\n"
    keep(archive, written(tmp_path, "a.csv", rows))
    keep(archive, written(tmp_path, "CP1.jsonl", lines(*WHOLE)))

    assert count_due(archive, *FOREVER, DEFAULTS) == 0
    assert check_archive(archive, *FOREVER).sessions == 0


def test_a_port_of_two_names_has_one_chart(archive: Archive, tmp_path: Path) -> None:
    for week in range(2):
        keep(archive, low_voltage(tmp_path, week))
    say_same_port(archive, archive.session_list().lines[0].port, "KEBA P30 4711")

    assert archive.results("trend")[0].body["subject"] == "KEBA P30 4711"
    assert check_archive(archive, *FOREVER, port="4711", again=True).sessions == 2


def test_a_session_too_long_to_be_held_is_checked_on_demand() -> None:
    judge = Judge(DEFAULTS, lambda port: None)
    points = [("power_total", "W"), ("dc_power", "W")]
    for part in range(2):
        times = np.arange(MOST / 4 + 1) + part * MOST
        judge.see("x", points, Block(times, [times, times], [None, None]))

    who = ChargerIdentity("p", "V", "M", "1", None, "")
    assert judge.results(ChargingSession("x", "v", "r", who, START, START + timedelta(hours=1))) == []
