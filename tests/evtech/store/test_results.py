"""Results are kept once, found by visit and session, and never changed."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from evtech.errors import NotFoundError
from evtech.store.archive import Archive
from evtech.store.results import Result

WHEN = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive.open(tmp_path / "a.evtech")
    yield opened
    opened.close()


def test_a_result_comes_back_as_it_was(archive: Archive) -> None:
    kept = Result("calibration", "L1 to L3", {"verdict": "PASS", "µ": [1.5, None]}, "PASS", "v1", "s1", "r1", at=WHEN)
    archive.add_result(kept)

    assert archive.result(kept.id[:8]) == kept
    assert archive.results(session_id="s1") == [kept]
    assert archive.results(visit_id="other") == []


def test_the_same_id_again_changes_nothing(archive: Archive) -> None:
    kept = Result("billing", "first", {"result": "match"}, at=WHEN)
    archive.add_result(kept)
    archive.add_result(replace(kept, title="second"))

    assert archive.results() == [kept]


def test_the_newest_comes_first_and_kinds_are_apart(archive: Archive) -> None:
    for hour, kind in enumerate(("diagnosis", "billing", "diagnosis")):
        archive.add_result(Result(kind, str(hour), {}, at=WHEN + timedelta(hours=hour)))

    assert [r.title for r in archive.results("diagnosis")] == ["2", "0"]
    with pytest.raises(NotFoundError, match="no calibration"):
        archive.result(archive.results("billing")[0].id, "calibration")
