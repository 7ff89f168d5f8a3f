"""One calibration on the bench: the procedure, the devices it reads, and the journal that keeps what is finished.

Used by the command and by the window. ``snapshot`` is a frozen picture that any thread may look at.
"""

import asyncio
import threading
import uuid
from dataclasses import dataclass, replace

from evtech.calibration.acquisition import Acquisition, Pace, Watched
from evtech.calibration.dose import Dose
from evtech.calibration.evaluate import evaluate
from evtech.calibration.journal import Journal, Unfinished
from evtech.calibration.loads import Load
from evtech.calibration.one_run import Stage
from evtech.calibration.plan import Plan
from evtech.calibration.preparing import energy_register, prepare
from evtech.calibration.procedure import Procedure, Setup, Step
from evtech.calibration.result import CalibrationResult
from evtech.calibration.run_record import CalibrationRun, Run
from evtech.devices.control import Control
from evtech.devices.device import Device
from evtech.errors import ArchiveError, EvtechError
from evtech.store.archive import Archive

PICTURE_S = 0.25  # between two snapshots (s): text moves at most four times a second


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A calibration at one moment. Energies in kWh, times in s; ``result`` takes the running dose as if it ended now.

    ``waits_for_load`` and ``waits_for_no_load`` tell what a test or a static run waits for; ``elapsed_s`` of
    ``allowed_s`` is how far a no-load or starting test has come.
    """

    step: Step
    stage: Stage | None
    index: int
    run_number: int
    device_kwh: float
    reference_kwh: float | None
    dose_kwh: float | None
    remaining_s: float | None
    wanted_a: float | None
    load: Load | None
    question: str | None
    problem: str | None
    paused: bool
    record: CalibrationRun
    result: CalibrationResult
    doses: tuple[Dose, ...] | None
    given_up: dict[int, str]
    elapsed_s: float = 0.0
    allowed_s: float = 0.0
    waits_for_load: bool = False


@dataclass(frozen=True, slots=True)
class Bench:
    """What a calibration works with: the devices, the archive, and how it may behave.

    ``reference`` is ``None`` where a person reads the reference. ``speed`` is above 1 for a simulated charger that runs
    faster. ``control`` is an armed one, or ``None`` where a person sets the load.
    """

    charger: Device
    reference: Device | None
    archive: Archive
    visit_id: str | None = None
    speed: float = 1.0
    simulated: bool = False
    control: Control | None = None
    unattended_s: float | None = None
    patience_s: float | None = None


class Calibration:
    """A calibration that was begun or taken up again; ``run`` works until it is done."""

    def __init__(self, plan: Plan, bench: Bench, setup: Setup, record: CalibrationRun, journal: Journal) -> None:
        self.plan, self.bench, self.journal = plan, bench, journal
        self.procedure = Procedure(plan, setup, record, self._take_run)
        self.saving_problem: str | None = None
        self.failure: EvtechError | None = None
        self.task: asyncio.Task[None] | None = None
        self.outcome: tuple[CalibrationRun, CalibrationResult] | None = None
        self.stopped = threading.Event()  # nothing is measured any more, what is finished is on disk
        self._finished: list[tuple[int, int, Run]] = []
        self._checks = len(record.checks)
        self._pictured = 0.0
        self.snapshot = self._picture()

    @classmethod
    async def begin(cls, plan: Plan, bench: Bench, *, as_left_of: str | None = None) -> "Calibration":
        """Begin a calibration; raise ``InputError`` for what cannot be measured, and what the devices raise."""
        setup, record = await _prepared(plan, bench)
        record = replace(record, id=str(uuid.uuid4()))
        if as_left_of is not None:
            words = f"As found: calibration {as_left_of}"
            record = replace(record, adjustment="as_left", notes=(*record.notes, words))
        journal = await asyncio.to_thread(Journal.begin, bench.archive, plan, record, bench.visit_id)
        return cls(plan, bench, setup, record, journal)

    @classmethod
    async def take_up(cls, left: Unfinished, bench: Bench) -> "Calibration":
        """Take up an unfinished calibration again, with every run it has; raises as ``begin``."""
        setup, _ = await _prepared(left.plan, bench)
        if bench.control is not None:  # cut off by a crash, the current limit is still that of a load point
            await bench.control.take_over(bench.archive.audit_rows(), "calibration")
        journal = Journal(bench.archive, left.id, left.visit_id)
        return cls(left.plan, bench, setup, left.record, journal)

    async def run(self) -> None:
        """Measure until every load point has its runs; each finished run is on disk before the next one begins."""
        self.stopped.clear()
        pace, bench = Pace(self.bench.speed), self.bench
        registers = [
            Watched("device", bench.charger, energy_register(bench.charger.profile, self.plan.device.register), pace)
        ]
        if bench.reference is not None:
            point = energy_register(bench.reference.profile, self.plan.reference.register)
            registers.append(Watched("reference", bench.reference, point, pace))
        acquisition = Acquisition(
            self.procedure,
            registers,
            pace,
            control=bench.control,
            patience_s=bench.patience_s,
            after_turn=self._after_turn,
        )
        try:
            await acquisition.run()
        except EvtechError as error:
            self.failure = error
            self.procedure.stop_run(f"interrupted: {error}")
            raise
        finally:
            self.procedure.stop_run("interrupted: the calibration was stopped")
            await asyncio.shield(self._save())
            self.snapshot = self._picture()
            self.stopped.set()

    def finish(self) -> tuple[CalibrationRun, CalibrationResult]:
        """Keep the whole calibration with its result; raise ``ArchiveError`` where it cannot be kept."""
        record = self.ended_record()
        result = evaluate(record)
        self.journal.end(record, result)
        self.outcome = record, result
        return record, result

    def ended_record(self) -> CalibrationRun:
        """Return the record with what was left out named among the conditions that are not met."""
        record, left = self.procedure.record, self.procedure.given_up
        named = [words if ":" in words else f"{record.points[index].name}: {words}" for index, words in left.items()]
        return replace(record, conditions_not_met=tuple(dict.fromkeys((*record.conditions_not_met, *named))))

    def _take_run(self, index: int, run: Run) -> None:
        self._finished.append((index, len(self.procedure.record.points[index].runs) - 1, run))

    async def _after_turn(self) -> None:
        if self._finished or len(self.procedure.record.checks) != self._checks:
            await self._save()
        now = asyncio.get_running_loop().time()
        if now - self._pictured >= PICTURE_S or self.procedure.step is Step.DONE:
            self._pictured, self.snapshot = now, self._picture()

    async def _save(self) -> None:
        """Bring finished runs to disk; where that fails they stay in memory, the writer goes on trying."""
        procedure = self.procedure
        finished, self._finished = self._finished, []
        try:
            for index, number, run in finished:
                await asyncio.to_thread(self.journal.keep_run, index, number, run, procedure.record)
            if len(procedure.record.checks) != self._checks:
                self._checks = len(procedure.record.checks)
                await asyncio.to_thread(self.journal.keep_state, procedure.record)
        except ArchiveError as error:
            self.saving_problem = f"{error} {error.hint}"
        else:
            self.saving_problem = None if finished else self.saving_problem

    def _picture(self) -> Snapshot:
        procedure = self.procedure
        run, check = procedure.run, procedure.checks[0] if procedure.checks else None
        device, reference = run.counted if run is not None else (0.0, None)
        return Snapshot(
            step=procedure.step,
            stage=run.stage if run is not None else None,
            index=procedure.index,
            run_number=procedure.valid_runs(procedure.index) + 1 if procedure.step is not Step.DONE else 0,
            device_kwh=device,
            reference_kwh=reference,
            dose_kwh=run.aim.dose_kwh if run is not None else None,
            remaining_s=procedure.remaining_s,
            wanted_a=procedure.wanted_a,
            load=procedure.load,
            question=procedure.question,
            problem=procedure.problem,
            paused=procedure.paused,
            record=procedure.record,
            result=evaluate(procedure.provisional()),
            doses=procedure.doses(),
            given_up=dict(procedure.given_up),
            elapsed_s=check.elapsed_s if check is not None else 0.0,
            allowed_s=check.seconds if check is not None else 0.0,
            waits_for_load=check.is_waiting if check is not None else False,
        )


async def _prepared(plan: Plan, bench: Bench) -> tuple[Setup, CalibrationRun]:
    setup, record = await prepare(
        plan, bench.charger, bench.reference, simulated=bench.simulated, unattended_s=bench.unattended_s
    )
    # a simulated charger may be faster than life: this program's own pauses are no gaps of the charger's
    return replace(setup, gap_s=setup.gap_s * max(1.0, bench.speed)), record
