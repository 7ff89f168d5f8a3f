"""A calibration in the archive: each finished run is there at once, an unfinished one is put together again."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from evtech.calibration.evaluate import evaluate
from evtech.calibration.journal import Journal, find_unfinished, record_of, unfinished
from evtech.calibration.plan import PlannedPoint
from evtech.store.archive import Archive
from tests.evtech.calibration.rig import Rig


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive.open(tmp_path / "a.evtech")
    yield opened
    opened.close()


def measured(archive: Archive, runs: int) -> tuple[Rig, Journal]:
    """A calibration of two points of which some runs are finished and kept."""
    rig = Rig((PlannedPoint(6.0, runs=2), PlannedPoint(16.0, runs=2)))
    rig.procedure.record = replace(rig.procedure.record, id="11111111-aaaa")
    journal = Journal.begin(archive, rig.plan, rig.procedure.record)
    rig.procedure._on_run = lambda index, run: journal.keep_run(
        index, len(rig.procedure.record.points[index].runs) - 1, run, rig.procedure.record
    )
    rig.go(lambda: sum(len(point.runs) for point in rig.procedure.record.points) == runs)
    return rig, journal


def test_an_unfinished_calibration_comes_back_with_every_run(archive: Archive) -> None:
    rig, _ = measured(archive, 3)

    left = unfinished(archive)[0]

    assert left.id == "11111111-aaaa"
    assert left.finished_runs == 3
    assert left.plan == rig.plan
    assert [len(point.runs) for point in left.record.points] == [2, 1]
    assert evaluate(left.record).points[0].error_pct == evaluate(rig.procedure.record).points[0].error_pct


def test_it_is_found_again_only_for_the_same_plan_and_devices(archive: Archive) -> None:
    rig, _ = measured(archive, 1)
    record, plan = rig.procedure.record, rig.plan

    assert find_unfinished(archive, plan, record) is not None
    assert find_unfinished(archive, replace(plan, guard_factor=0.5), record) is None
    other = replace(record, device=replace(record.device, serial_number="4712"))
    assert find_unfinished(archive, plan, other) is None


def test_an_ended_one_is_kept_whole_and_one_that_was_left_is_not_offered(archive: Archive) -> None:
    rig, journal = measured(archive, 4)
    rig.go()
    journal.end(rig.procedure.record, evaluate(rig.procedure.record))

    assert unfinished(archive) == []
    assert record_of(archive.result("11111111", "calibration")).points == rig.procedure.record.points

    other, second = measured(archive, 1)
    assert unfinished(archive) == []  # the same id was ended
    second.leave(other.procedure.record)
