"""``evtech calibrate run``: measures every load point of a plan and keeps each run as soon as it is finished."""

import contextlib
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from evtech.cli.output import Output
from evtech.errors import EvtechError, InputError

if TYPE_CHECKING:
    from evtech.calibration.calibrator import Calibration, Snapshot
    from evtech.calibration.result import CalibrationResult
    from evtech.calibration.run_record import CalibrationRun
    from evtech.store.archive import Archive

_NEGATIVE = ("CONDITIONAL_FAIL", "FAIL")
_LINE_S = 1.0


def run(
    context: typer.Context,
    plan: Path = typer.Argument(..., metavar="PLAN.toml", help="What to measure, with what, and how it is judged."),  # noqa: B008
    link: str = typer.Option(..., metavar="LINK", help="The charger."),
    profile: str | None = typer.Option(None, help="The charger's profile."),
    reference: str | None = typer.Option(None, metavar="LINK", help="The reference meter."),
    reference_profile: str | None = typer.Option(None, help="The reference meter's profile."),
    output: Path | None = typer.Option(None, "-o", "--output", help="Write the record here."),  # noqa: B008
    resume: bool = typer.Option(False, "--resume", help="Go on with the unfinished calibration; fail without one."),
    new: bool = typer.Option(False, "--new", help="Begin anew even where an unfinished calibration is kept."),
    as_left: str | None = typer.Option(None, metavar="ID", help="This is after the adjustment; ID is the one before."),
    arm: bool = typer.Option(False, "--arm", help="Let evtech set the charger's current limit."),
    technician: str = typer.Option("", help="Who measures; needed with --arm."),
    wait: float | None = typer.Option(
        None, help="Seconds until a steady load is measured as it is (60; terminal: no)."
    ),
    patience: float = typer.Option(120.0, help="Seconds without an answer until the calibration stops."),
) -> None:
    """Measure all load points of a plan."""
    if resume and new:
        raise InputError("--resume and --new exclude each other.", "Leave one of them out.")
    for name, value in (("--wait", wait), ("--patience", patience)):
        if value is not None and not 0 <= value <= 86_400:
            raise InputError(f"{name} is {value:g}.", "Allowed: 0 to 86400 s.")
    if output is not None and not output.parent.is_dir():
        raise InputError(f"There is no folder {output.parent}.", "Name an existing folder for the record.")
    words = _Words(plan, link, profile, reference, reference_profile, output, resume, new, as_left)
    unattended = wait if wait is not None else (None if sys.stdin.isatty() else 60.0)
    work = _Work(context.obj, words, technician if arm else None, technician, unattended, patience)
    raise typer.Exit(work.run())


class _Words:
    """The words of the command line."""

    def __init__(
        self,
        plan: Path,
        link: str,
        profile: str | None,
        reference: str | None,
        reference_profile: str | None,
        output: Path | None,
        resume: bool,
        new: bool,
        as_left: str | None,
    ) -> None:
        self.plan, self.link, self.profile = plan, link, profile
        self.reference, self.reference_profile = reference, reference_profile
        self.output, self.resume, self.new, self.as_left = output, resume, new, as_left


class _Work:
    """One run of the command."""

    def __init__(
        self, common: Any, words: _Words, armed: str | None, technician: str, unattended: float | None, patience: float
    ) -> None:
        """``common`` is the options object of ``cli.app``, which would be a circular import."""
        self._common, self._words, self._armed, self._technician = common, words, armed, technician
        self._unattended, self._patience = unattended, patience
        self._output: Output = common.output
        self._stopped = threading.Event()
        self._typed: queue.SimpleQueue[str | None] = queue.SimpleQueue()  # None at the end of the input
        self._told: dict[str, Any] = {}  # what was said last, by subject: text or number

    def run(self) -> int:
        """Measure until done or interrupted; return the exit code."""
        from evtech import paths
        from evtech.calibration.plan import load_plan
        from evtech.links.io_thread import IoThread
        from evtech.monitor.station import Station
        from evtech.store.archive import Archive

        planned = load_plan(self._words.plan)
        if self._technician:
            from dataclasses import replace

            planned = replace(planned, technician=planned.technician or self._technician)
        if self._words.reference is None and not planned.reference.manual:
            raise InputError(
                "There is no reference.", "Name its link with --reference, or set manual = true in [reference]."
            )
        archive = Archive.open(self._common.archive or paths.default_archive())
        io, station = IoThread(), Station(profile_dir=self._common.profile_dir)
        io.start()
        former = {n: signal.signal(n, lambda *_: self._stopped.set()) for n in (signal.SIGINT, signal.SIGTERM)}
        try:
            calibration = self._until(io.submit(self._begin(planned, station, archive)))
            if calibration is None:
                return 130
            return self._measure(io, calibration)
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)
            io.submit(station.close()).result(timeout=20)
            io.stop()
            archive.close()

    async def _begin(self, plan: Any, station: Any, archive: "Archive") -> "Calibration":
        """Open the devices and begin, or take up what is unfinished; plan and station are imported late."""
        from evtech.calibration.calibrator import Bench, Calibration
        from evtech.calibration.journal import find_unfinished
        from evtech.calibration.preparing import prepare

        words = self._words
        charger = await station.add("charger", words.link, words.profile)
        reference = None
        if words.reference is not None:
            reference = await station.add("reference", words.reference, words.reference_profile)
        simulated, speed = station.ready_for_calibration()
        control = None
        if self._armed is not None:
            from evtech.devices.control import Control

            control = Control(charger, archive.add_audit)
            control.arm(self._armed)
        bench = Bench(
            charger, reference, archive, speed=speed, simulated=simulated, control=control,
            unattended_s=self._unattended, patience_s=self._patience,
        )  # fmt: skip
        left = None
        if not words.new and words.as_left is None:
            _, record = await prepare(plan, charger, reference, simulated=simulated)
            left = find_unfinished(archive, plan, record)
        if left is not None:
            self._output.say(f"Going on with calibration {left.id[:8]}: {left.finished_runs} runs are kept.")
            return await Calibration.take_up(left, bench)
        if words.resume:
            raise InputError(
                "There is no unfinished calibration of this plan on these devices.", "Leave out --resume to begin one."
            )
        as_found = archive.result(words.as_left, "calibration").id if words.as_left else None
        return await Calibration.begin(plan, bench, as_left_of=as_found)

    def _measure(self, io: Any, calibration: "Calibration") -> int:
        """Run it to its end, a signal, or a device that stays silent; ``io`` is the I/O thread, imported late."""
        self._listen()
        running = io.submit(calibration.run())
        try:
            while not running.done() and not self._stopped.is_set():
                self._tell(calibration)
                self._pass_on(io, calibration)
                time.sleep(0.05)
            if self._stopped.is_set():
                running.cancel()
                calibration.stopped.wait(timeout=30)
            else:
                running.result()
        except EvtechError as error:
            running.cancel()
            calibration.stopped.wait(timeout=30)
            self._output.error(error)
            return self._break_off(calibration, error.exit_code)
        if self._stopped.is_set():
            return self._break_off(calibration, 130)
        self._tell(calibration)
        record, result = calibration.finish()
        self._write(record)
        self._output.result(self._json(calibration, result), _result_text(result, calibration.journal.id))
        if not any(point.n for point in result.points):
            return 3
        return 1 if result.decision.verdict in _NEGATIVE else 0

    def _break_off(self, calibration: "Calibration", code: int) -> int:
        """Say what is kept after an interruption; the summary is the result so far."""
        from evtech.calibration.evaluate import evaluate

        record = calibration.ended_record()
        result = evaluate(record)
        self._write(record)
        kept = sum(len(point.runs) for point in record.points)
        self._output.say(f"{kept} finished runs are kept. The same command goes on with them.")
        self._output.result(
            self._json(calibration, result) | {"unfinished": True}, _result_text(result, calibration.journal.id)
        )
        return code

    def _json(self, calibration: "Calibration", result: "CalibrationResult") -> dict[str, Any]:
        """Return the result with where the record is; JSON values."""
        file = str(self._words.output) if self._words.output is not None else None
        return result.to_json() | {"id": calibration.journal.id, "file": file, "unfinished": False}

    def _write(self, record: "CalibrationRun") -> None:
        if self._words.output is not None:
            from evtech.calibration.run_record import save_run

            save_run(record, self._words.output)
            self._output.say(f"{self._words.output} is written")

    def _until(self, future: Any) -> Any:
        """Wait for a future of any kind while signals are heard; ``None`` after one."""
        while not self._stopped.is_set():
            with contextlib.suppress(TimeoutError):
                return future.result(timeout=0.2)
        future.cancel()
        return None

    # ---- what a person types ----

    def _listen(self) -> None:
        def read() -> None:
            for line in sys.stdin:
                self._typed.put(line.strip())
            self._typed.put(None)

        threading.Thread(target=read, daemon=True).start()

    def _pass_on(self, io: Any, calibration: "Calibration") -> None:
        """Hand a typed line to the procedure on the I/O loop; ``io`` is the I/O thread, imported late."""
        snapshot, procedure = calibration.snapshot, calibration.procedure
        if snapshot.question is None and not sys.stdin.isatty():
            return  # lines of a file wait for the question they answer
        if self._typed.empty():
            return
        line = self._typed.get()
        if line is None:
            self._typed.put(None)
            if snapshot.question is not None:
                raise EvtechError(
                    "The input ended before the reference's reading was typed.", "Start again and type what it shows."
                )
            return
        if snapshot.question is not None:
            try:
                value = float(line.replace(",", "."))
            except ValueError:
                self._output.say(f"{line!r} is no number. Type the kWh that the reference shows.")
                return
            self._told.pop("question", None)
            io.loop.call_soon_threadsafe(procedure.enter, value)
            _wait_for_answer(calibration, snapshot)
        elif line == "":
            io.loop.call_soon_threadsafe(procedure.accept_load)
        elif line == "skip":
            io.loop.call_soon_threadsafe(procedure.skip_point)

    # ---- what is said ----

    def _tell(self, calibration: "Calibration") -> None:
        snapshot = calibration.snapshot
        self._tell_runs(snapshot)
        for subject, text in _sentences(snapshot, calibration.saving_problem).items():
            if text and self._told.get(subject) != text:
                self._output.say(text)
            self._told[subject] = text
        now = time.monotonic()
        if sys.stderr.isatty() and snapshot.dose_kwh and now - float(self._told.get("line", 0.0)) > _LINE_S:
            self._told["line"] = now
            sys.stderr.write(f"\r{_progress(snapshot)}\x1b[K")
            sys.stderr.flush()

    def _tell_runs(self, snapshot: "Snapshot") -> None:
        for index, point in enumerate(snapshot.record.points):
            seen = int(self._told.get(f"runs {index}", 0))
            for number, run in list(enumerate(point.runs))[seen:]:
                what = f"done in {run.duration_s:.1f} s" if run.valid else f"rejected: {run.reason}"
                clear = "\r\x1b[K" if sys.stderr.isatty() else ""
                self._output.say(f"{clear}{point.name}, run {number + 1}: {what}")
            self._told[f"runs {index}"] = max(seen, len(point.runs))


def _wait_for_answer(calibration: "Calibration", asked: "Snapshot") -> None:
    """Wait until the procedure has taken an answer, so that the next line answers the next question."""
    end = time.monotonic() + 3.0
    while calibration.snapshot is asked and time.monotonic() < end:
        time.sleep(0.02)


def _sentences(snapshot: "Snapshot", saving_problem: str | None) -> dict[str, str | None]:
    """Return what is to be said now, by subject."""
    from evtech.calibration.procedure import Step

    point = snapshot.record.points[min(snapshot.index, len(snapshot.record.points) - 1)]
    said: dict[str, str | None] = {"problem": snapshot.problem, "saving": saving_problem}
    if snapshot.step is Step.LOAD:
        flows = snapshot.load.current_a if snapshot.load is not None else None
        said["step"] = f"{point.name}: set the load to {point.current_a:g} A."
        off = flows is not None and point.current_a and abs(flows / point.current_a - 1) > 0.1
        said["load"] = f"  {round(flows or 0.0)} A flow now. Enter measures at this load." if off else None
    elif snapshot.step is Step.MEASURE:
        said["step"] = f"{point.name}: looking how often both registers are renewed."
    elif snapshot.step in (Step.NO_LOAD, Step.STARTING):
        name = "No-load test" if snapshot.step is Step.NO_LOAD else "Starting test"
        wait = "take the load away" if snapshot.step is Step.NO_LOAD else f"set the load to {snapshot.wanted_a:g} A"
        said["step"] = f"{name}: {wait if snapshot.waits_for_load else f'{snapshot.allowed_s:.0f} s'}."
    elif snapshot.doses is not None and snapshot.index < len(snapshot.doses):
        dose = snapshot.doses[snapshot.index]
        said["step"] = f"{point.name}: each run takes {dose.kwh:.4g} kWh: {dose.needs[0].say()}."
        said["static"] = {"empty": "End the load: both registers are read without current.",
                          "load_on": f"Start the load: {point.current_a:g} A.",
                          "load_off": "The dose is reached: end the load."}.get(snapshot.stage or "")  # fmt: skip
    if snapshot.question is not None:
        asked = {
            "reference_start": "What does the reference show now (kWh)?",
            "reference_end": "What does the reference show now, at the end (kWh)?",
            "reference_kwh": "How much energy did the reference count in this run (kWh)?",
        }
        said["question"] = asked[snapshot.question]
    return said


def _progress(snapshot: "Snapshot") -> str:
    point = snapshot.record.points[min(snapshot.index, len(snapshot.record.points) - 1)]
    left = f", {snapshot.remaining_s:.0f} s left" if snapshot.remaining_s is not None else ""
    shown = next((p.reported for p in snapshot.result.points if p.name == point.name), None) or "…"
    return (
        f"{point.name}, run {snapshot.run_number}: {snapshot.device_kwh:.4f} of {snapshot.dose_kwh:.4f} kWh,"
        f" error {shown}{left}"
    )


def _result_text(result: "CalibrationResult", calibration: str) -> str:
    lines = [f"{result.decision.verdict}" + (f" ({result.decision.reason})" if result.decision.reason else "")]
    for point in result.points:
        lines.append(f"  {point.name}: {point.reported or 'no result'}  {point.decision.verdict}  {point.n} runs")
    lines += [f"  not met: {remark.say()}" for remark in result.conditions]
    lines.append(f"  evtech report calibration {calibration[:8]} --pdf FILE")
    return "\n".join(lines)
