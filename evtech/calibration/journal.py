"""What a calibration leaves in the archive, row by row, so that nothing finished is ever lost.

The start keeps the plan and the record before its first run; every finished run, valid or not, is a row of its own as
soon as it ends; the last row holds the whole record and its result. A calibration without a last row is unfinished: it
is put together again from its rows and goes on.
"""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from evtech.calibration.plan import Plan
from evtech.calibration.result import CalibrationResult
from evtech.calibration.run_record import CalibrationRun, Run, run_from_json, run_to_json
from evtech.calibration.strict import read, written
from evtech.store.archive import Archive
from evtech.store.results import Result

START, RUN, STATE, END, LEFT = (
    "calibration_start", "calibration_run", "calibration_state", "calibration", "calibration_left",
)  # fmt: skip
GOES_ON_FOR = timedelta(hours=12)  # an older unfinished calibration has other conditions: it is only looked at


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A calibration that was not ended: its id, when it last got a run, plan and record with every run so far."""

    id: str
    at: datetime
    plan: Plan
    record: CalibrationRun
    visit_id: str | None = None

    @property
    def is_recent(self) -> bool:
        """Tell whether it may go on."""
        return datetime.now(UTC) - self.at <= GOES_ON_FOR

    @property
    def finished_runs(self) -> int:
        """Return how many runs it holds, rejected ones too."""
        return sum(len(point.runs) for point in self.record.points)


class Journal:
    """Writes one calibration into the archive."""

    def __init__(self, archive: Archive, calibration_id: str, visit_id: str | None = None) -> None:
        self.id = calibration_id
        self._archive, self._visit = archive, visit_id

    @classmethod
    def begin(cls, archive: Archive, plan: Plan, record: CalibrationRun, visit_id: str | None = None) -> "Journal":
        """Keep plan and record of a calibration that begins; raise ``ArchiveError`` where it cannot be kept."""
        journal = cls(archive, record.id or str(uuid.uuid4()), visit_id)
        body = {"calibration": journal.id, "plan": written(plan), "record": run_to_json(record)}
        archive.add_result(Result(START, title_of(record), body, visit_id=visit_id))
        return journal

    def keep_run(self, index: int, number: int, run: Run, record: CalibrationRun) -> None:
        """Keep a finished run of the load point ``index`` at once, and what is known beside it by now."""
        body = {
            "calibration": self.id,
            "point": index,
            "run": number,
            "body": written(run),
            "record": run_to_json(without_runs(record)),
        }
        verdict = "valid" if run.valid else "rejected"
        title = f"{title_of(record)}, {record.points[index].name}, run {number + 1}"
        self._archive.add_result(Result(RUN, title, body, verdict, self._visit))

    def keep_state(self, record: CalibrationRun) -> None:
        """Keep what changed beside the runs: a test that was made, a period that was measured."""
        body = {"calibration": self.id, "record": run_to_json(without_runs(record))}
        self._archive.add_result(Result(STATE, title_of(record), body, visit_id=self._visit))

    def end(self, record: CalibrationRun, result: CalibrationResult) -> str:
        """Keep the whole calibration with its result; return the id that reports ask for."""
        body = {"record": run_to_json(record), "result": result.to_json()}
        verdict = result.decision.verdict
        self._archive.add_result(Result(END, title_of(record), body, verdict, self._visit, id=self.id))
        return self.id

    def leave(self, record: CalibrationRun) -> None:
        """Say that this calibration will not go on; its runs stay."""
        self._archive.add_result(Result(LEFT, title_of(record), {"calibration": self.id}, visit_id=self._visit))


def unfinished(archive: Archive) -> list[Unfinished]:
    """Return the calibrations that were begun and not ended, the newest first."""
    ended = {row.id for row in archive.results(END)} | {row.body["calibration"] for row in archive.results(LEFT)}
    runs = [*archive.results(RUN), *archive.results(STATE)]
    found = []
    for start in archive.results(START):
        calibration = start.body["calibration"]
        if calibration not in ended:
            found.append(_put_together(start, [row for row in runs if row.body["calibration"] == calibration]))
    return found


def find_unfinished(archive: Archive, plan: Plan, record: CalibrationRun) -> Unfinished | None:
    """Return the recent unfinished calibration of the same plan on the same devices, if there is one."""
    wanted = written(plan)
    for left in unfinished(archive):
        same = all(
            _who(getattr(left.record, owner)) == _who(getattr(record, owner)) for owner in ("device", "reference")
        )
        if left.is_recent and same and written(left.plan) == wanted:
            return left
    return None


def title_of(record: CalibrationRun) -> str:
    """Return what was calibrated, in words."""
    device = record.device
    name = " ".join(part for part in (device.vendor, device.model) if part) or "charger"
    return f"Calibration of {name}" + (f" {device.serial_number}" if device.serial_number else "")


def record_of(result: Result) -> CalibrationRun:
    """Return the record inside a kept calibration."""
    return run_from_json(result.body["record"], f"calibration {result.id}")


def without_runs(record: CalibrationRun) -> CalibrationRun:
    """Return a record without its runs: they are rows of their own."""
    return replace(record, points=tuple(replace(point, runs=()) for point in record.points))


def _put_together(start: Result, rows: Sequence[Result]) -> Unfinished:
    ordered = sorted(rows, key=lambda row: row.at)
    newest = ordered[-1] if ordered else start
    record = run_from_json(newest.body["record"], f"calibration {start.body['calibration']}")
    points = [replace(point, runs=_runs_of(index, ordered)) for index, point in enumerate(record.points)]
    return Unfinished(
        start.body["calibration"],
        newest.at,
        read(Plan, start.body["plan"], "the kept plan"),
        replace(record, points=tuple(points), ended=None),
        start.visit_id,
    )


def _runs_of(index: int, rows: Sequence[Result]) -> tuple[Run, ...]:
    kept = [row.body for row in rows if row.kind == RUN and row.body["point"] == index]
    return tuple(read(Run, body["body"], "a kept run") for body in sorted(kept, key=lambda body: int(body["run"])))


def _who(owner: Any) -> tuple[str | None, ...]:
    """Return who a device is; ``owner`` is the record's device or reference."""
    return owner.profile, owner.serial_number, owner.link
