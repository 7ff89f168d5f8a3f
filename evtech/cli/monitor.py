"""``evtech monitor``: polls a device and writes one line a poll."""

import asyncio
import contextlib
import signal
import time
from collections import deque
from pathlib import Path
from typing import Any

import typer

from evtech.cli.output import Output, iso
from evtech.errors import InputError
from evtech.events import Event
from evtech.measure.sample import Reading
from evtech.store.records import ChargingSession, Gap
from evtech.store.session_rows import contract


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def monitor(
        context: typer.Context,
        link: str = typer.Argument(..., metavar="LINK"),
        profile: str | None = typer.Option(None, help="Profile id or file."),
        interval: float | None = typer.Option(None, help="Wanted seconds between polls (1)."),
        duration: float | None = typer.Option(None, help="Stop after so many seconds."),
        record: bool = typer.Option(False, "--record", help="Keep what is read in the archive."),
        technician: str = typer.Option("", help="Who is at the charger, for the record."),
        site: str = typer.Option("", help="Where it stands, for the record."),
        reference: str | None = typer.Option(None, metavar="LINK", help="A reference meter beside it."),
        reference_profile: str | None = typer.Option(None, help="The reference meter's profile."),
        timeout: float | None = typer.Option(None, help="Seconds to wait for each answer."),
        pcapng: Path | None = typer.Option(None, help="Write the link's frames for Wireshark."),  # noqa: B008
    ) -> None:
        """Poll a device until interrupted; one line a poll, events as they come."""
        if interval is not None and not 0.01 <= interval <= 3600:
            raise InputError(f"--interval is {interval:g}.", "Allowed: 0.01 to 3600 s.")
        if duration is not None and duration <= 0:
            raise InputError(f"--duration is {duration:g}.", "Allowed: above 0 s.")
        from evtech.cli.opening import with_timeout

        watch = _Watch(context.obj, with_timeout(link, timeout), profile, interval, duration, record, technician, site)
        watch.reference = (reference, reference_profile) if reference else None
        watch.capture = _capture(link, pcapng)
        raise typer.Exit(watch.run())


def _capture(link: str, target: Path | None) -> tuple[Path, Any] | None:
    """Return the file of frames and how the link frames them; raise ``InputError`` for a link without frames."""
    if target is None:
        return None
    from evtech.links.address import parse_address
    from evtech.links.pcapng import framing_of

    if not target.parent.is_dir():
        raise InputError(f"There is no folder {target.parent}.", "Make it, or name another file.")
    return target, framing_of(parse_address(link).scheme)


class _Watch:
    """One run of the command."""

    def __init__(
        self,
        common: Any,  # the options object of cli.app, which would be a circular import
        link: str,
        profile: str | None,
        interval: float | None,
        duration: float | None,
        record: bool,
        technician: str,
        site: str,
    ) -> None:
        self.reference: tuple[str, str | None] | None = None
        self.capture: tuple[Path, Any] | None = None  # file, and how the link frames Modbus
        self._common, self._link, self._profile = common, link, profile
        self._interval, self._duration, self._record = interval, duration, record
        self._technician, self._site = technician, site
        self._output: Output = common.output
        self._failing: str | None = None
        self._unwritten: deque[Reading] = deque()

    def run(self) -> int:
        """Watch until the time is over or a signal comes; return the exit code."""
        import tempfile

        from evtech.workbench import Workbench

        with tempfile.TemporaryDirectory() as folder:
            # without --record nothing is kept: the workbench gets an archive that goes away
            archive = self._common.archive if self._record else str(Path(folder) / "unused.evtech")
            bench = Workbench(archive, self._common.profile_dir)
            try:
                code = self._until_signal(bench)
            finally:
                bench.close()
            return self._tell_unsaved(bench) or code if self._record else code

    def _tell_unsaved(self, bench: Any) -> int:
        """Say what could not be written to the archive; return 3 when something was lost with this program."""
        writer = bench.archive.writer
        if not writer.held and not writer.lost:
            return 0
        self._output.say(
            f"evtech: {writer.held + writer.lost} entries were not saved: {writer.failing or 'see the log'}."
        )
        self._output.say("  What was saved before is untouched. Make room, or name another --archive.")
        return 3

    def _tell_recording(self, connection: Any) -> None:
        """Say when writing begins to fail and when it works again; readings wait in memory meanwhile."""
        writer = connection.writer
        failing = writer.failing if writer is not None else None
        if failing == self._failing:
            return
        self._failing = failing
        if failing is None:
            self._output.say("Recording works again; what waited in memory is saved.")
        else:
            self._output.say(f"evtech: recording fails: {failing}. Readings are kept in memory.")
            self._output.say("  Make room or give rights; evtech tries again every second.")

    def _until_signal(self, bench: Any) -> int:
        """Run the watch on the I/O thread; a signal, which only the main thread hears, ends it in good order."""
        stop = asyncio.Event()

        def end(*_: object) -> None:
            bench.io.loop.call_soon_threadsafe(stop.set)

        former = {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            watch = bench.io.submit(self._watch(bench, stop))
            while True:
                with contextlib.suppress(TimeoutError):
                    return int(watch.result(timeout=0.2))  # short waits, so that signals are heard on Windows too
        finally:
            for number, handler in former.items():
                signal.signal(number, handler)

    async def _watch(self, bench: Any, stop: asyncio.Event) -> int:
        """Connect and write lines; ``bench`` is the workbench, imported late."""
        words = {"interval": self._interval, "record": self._record}
        connecting = asyncio.ensure_future(
            asyncio.wrap_future(
                bench.connect(self._link, self._profile, **words, technician=self._technician, site=self._site)
            )
        )
        stopping = asyncio.ensure_future(stop.wait())
        await asyncio.wait({connecting, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not connecting.done():
            connecting.cancel()
            interval = {"wanted": self._interval, "median": None, "p99": None}
            data = {"type": "summary", "polls": 0, "failed": 0, "interval": interval, "session": None}
            self._output.line(data, "interrupted before the connection stood")
            return 130
        connection = connecting.result()
        other = None
        if self.reference is not None:
            link, profile = self.reference
            other = await asyncio.wrap_future(bench.connect(link, profile, **words))
        who = connection.identity
        self._output.say(f"Watching {who.vendor} {who.model} on {connection.link_name} ({who.profile}).")
        if connection.doubt:
            self._output.say(f"This may be another product: {connection.doubt}.")
        if self._interval is not None and connection.interval_wanted > self._interval:
            self._output.say(f"This product is polled no faster than every {connection.interval_wanted:g} s.")
        connection.subscribe(self._write_event)
        if connection.latest is not None:
            self._unwritten.append(connection.latest)
        connection.consumers = (self._unwritten.append,)
        capture = self._start_capture(connection)
        await self._poll(connection, other, stop)
        stopping.cancel()
        await asyncio.wrap_future(bench.disconnect(connection))  # nothing is read that no line tells
        self._end_capture(capture)
        self._write_samples(connection, other)
        self._write_summary(connection)
        return 130 if stop.is_set() else 0

    def _start_capture(self, connection: Any) -> Any:
        """Begin to write frames where that is wanted; a file that cannot be written does not end the watch."""
        if self.capture is None:
            return None
        from evtech.links.pcapng import PcapngFile

        target, framing = self.capture
        try:
            return PcapngFile(target, connection.device.link.traffic, framing, connection.link_name)
        except OSError as error:
            self._output.say(f"evtech: {target} cannot be written: {error.strerror}. Watching goes on without it.")
            return None

    def _end_capture(self, capture: Any) -> None:
        if capture is None:
            return
        try:
            capture.close()
        except OSError as error:
            self._output.say(f"evtech: the frames are not complete: {error.strerror}. What there is lies beside it.")

    async def _poll(self, connection: Any, other: Any, stop: asyncio.Event) -> None:
        """Write each new reading and gap until time or a signal ends it."""
        ends = time.monotonic() + self._duration if self._duration else float("inf")
        gaps = 0
        while not stop.is_set() and time.monotonic() < ends:
            for gap in connection.gaps[gaps:]:
                gaps += 1
                self._write_gap(gap)
            self._tell_recording(connection)
            self._write_samples(connection, other)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), min(0.02, max(ends - time.monotonic(), 0.001)))

    def _write_samples(self, connection: Any, other: Any) -> None:
        while self._unwritten:
            self._write_sample(self._unwritten.popleft(), other.latest if other else None, connection)

    def _write_sample(self, reading: Reading, beside: Reading | None, connection: Any) -> None:
        values = {name: sample.value for name, sample in reading.samples.items()}
        state = reading.state
        session = connection.session
        phase = session.phases[-1].phase if session and session.phases else (state.phase.value if state else None)
        data: dict[str, Any] = {
            "type": "sample",
            "time": iso(reading.time),
            "values": values,
            "phase": phase,
            "pilot": state.pilot if state else None,
        }
        if beside is not None:
            data["reference"] = {name: sample.value for name, sample in beside.samples.items()}
        power, volts = reading.number("power_total"), reading.number("voltage_l1")
        shown = "  ".join(f"{value:.1f} {unit}" for value, unit in ((power, "W"), (volts, "V")) if value is not None)
        self._output.line(data, f"{iso(reading.time)}  {data['pilot'] or ''} {phase or ''}  {shown}")

    def _write_gap(self, gap: Gap) -> None:
        data = {"type": "gap", "from": iso(gap.start), "to": iso(gap.end), "reason": gap.reason}
        self._output.line(data, f"gap of {(gap.end - gap.start).total_seconds():.1f} s: {gap.reason}")

    def _write_event(self, event: Event) -> None:
        data = {"type": "event", "time": iso(event.time), "event": event.kind.value, **event.details}
        words = ", ".join(f"{key} {value}" for key, value in event.details.items())
        self._output.line(data, f"{iso(event.time)}  {event.kind.value}: {words}")

    def _write_summary(self, connection: Any) -> None:
        standing = connection.monitor.open_gap()
        if standing is not None:
            self._write_gap(standing)
        statistics = connection.statistics
        session = connection.session
        shown_session: ChargingSession | None = session or connection.sessions.finished
        data = {
            "type": "summary",
            "polls": statistics.polls,
            "failed": statistics.failed,
            "interval": {
                "wanted": connection.interval_wanted,
                "median": statistics.median(),
                "p99": statistics.p99(),
            },
            "session": contract(shown_session) if shown_session else None,
        }
        self._output.line(data, f"{statistics.polls} polls, {statistics.failed} failed")
