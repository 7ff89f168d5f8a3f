"""What an archive proves about an attempt: an end that nobody saw is no failure."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from evtech.insights.archive_records import attempts_of, read_archive
from evtech.insights.success import success
from evtech.store.archive import Archive
from evtech.store.session_columns import SessionColumns
from evtech.store.session_list import SessionLine
from tests.evtech.exchange.taking import keep, written
from tests.evtech.insights.fleet import fill

ROWS = (
    "port,plugged_at,energy_started_at,energy_ended_at,unplugged_at,energy_kwh,end_reason\n"
    "C,2025-03-10T08:00Z,2025-03-10T08:01Z,2025-03-10T09:00Z,2025-03-10T09:01Z,7,driver\n"
    "C,2025-03-11T08:00Z,2025-03-11T08:01Z,2025-03-11T09:00Z,2025-03-11T09:01Z,7,fault\n"
)
LINE = SessionLine(
    "s", "r", "v", 1000.0, 5000.0, "KEBA P30 1", "KEBA P30 1", "keba-kecontact-p30", 9000.0, 11e3, 3000.0, 1060.0,
    4900.0,
    None, None, None, "vehicle", None, 0, False, "recorded",
)  # fmt: skip


@pytest.mark.parametrize(
    ("line", "judged", "good"),
    [
        (LINE, 1, 1),
        (replace(LINE, stop_reason="fault", error_code="0x40"), 1, 0),
        (replace(LINE, stop_reason="unknown"), 0, 0),
        (replace(LINE, ended=None, stop_reason=None), 0, 0),
        (replace(LINE, source="cdr"), 0, 0),
        (replace(LINE, energy_started=None, energy_ended=None, energy_wh=0.0, stop_reason="unknown"), 1, 0),
    ],
)
def test_only_what_is_known_is_judged(line: SessionLine, judged: int, good: int) -> None:
    found = success(attempts_of(SessionColumns.of([line])), {})

    assert found.attempts == judged
    assert (found.attempt.k if found.attempt else 0) == good


def test_what_was_imported_is_counted_as_such(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    fill(archive)
    keep(archive, written(tmp_path, "rows.csv", ROWS))
    march, april = (datetime(2025, month, 1, tzinfo=UTC).timestamp() for month in (3, 4))
    found = [read_archive(archive, period=period) for period in ((march, april), (april, april + 86400))]
    archive.close()

    assert [records.imported for records in found] == [2, 0]
