"""Puts links, devices, monitors, archive and simulator together for the window and the commands.

A connection starts recording by itself into a visit that starts by itself. Closing the workbench at any moment is safe:
what was read is on disk, a running session stays open and goes on when evtech is started again.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from evtech import paths
from evtech.devices.device import Device
from evtech.devices.library import Library
from evtech.devices.profile import Profile
from evtech.devices.recognition import contradiction, recognise
from evtech.diagnostics.desk import Desk, Surroundings
from evtech.diagnostics.record import Circumstances
from evtech.errors import DeviceError, EvtechError, InputError
from evtech.events import Event, EventKind, EventListener
from evtech.links.address import LinkAddress, parse_address
from evtech.links.io_thread import IoThread
from evtech.links.link import LinkStatistics, ModbusLink
from evtech.measure.history import History
from evtech.measure.sample import ChargerIdentity, Reading
from evtech.monitor.alarms import Alarms
from evtech.monitor.charging_sessions import ChargingSessions
from evtech.monitor.monitor import Monitor, PollStatistics, stop
from evtech.monitor.station import Station
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession, Gap, Visit
from evtech.store.writer import RecordingWriter

if TYPE_CHECKING:
    from evtech.calibration.beginning import CalibrationWish
    from evtech.calibration.calibrator import Calibration

DEFAULT_INTERVAL_S = 1.0
SAVE_OPEN_SESSION_S = 2.0
KEPT_EVENTS = 500
T = TypeVar("T")
log = logging.getLogger("evtech.monitor")


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One step of a connection check: running, ok or failed, with what to do."""

    name: str
    state: str
    message: str = ""
    hint: str = ""


class Connection:
    """One device being watched. Attributes may be read from any thread; they are replaced, never changed in place."""

    def __init__(self, device: Device, identity: ChargerIdentity, visit: Visit | None, interval: float) -> None:
        self.device = device
        self.profile: Profile = device.profile
        self.identity = identity
        self.address: LinkAddress | None = None
        self.visit = visit
        self.interval_wanted = interval
        self.latest: Reading | None = None
        self.doubt: str | None = None  # why this may be another product than the profile says
        self.writer: RecordingWriter | None = None
        numeric = [p.name for p in self.profile.points.values() if p.readable and p.type.value != "text"]
        self.history = History(numeric)
        self.gaps: list[Gap] = []
        self.began = datetime.now(UTC)
        self.events: deque[Event] = deque(maxlen=KEPT_EVENTS)
        self.alarms = Alarms(self._tell)
        self.sessions: ChargingSessions | None = None
        self.monitor: Monitor | None = None
        self.task: asyncio.Task[None] | None = None
        self.consumers: tuple[Callable[[Reading], None], ...] = ()  # called last, on the I/O thread
        self.desk: Desk | None = None  # made by ``Workbench.open_desk``
        self._listeners: list[EventListener] = []
        self._listeners_lock = threading.Lock()

    @property
    def link_name(self) -> str:
        """Return the link in words: address or port with its settings."""
        return self.device.link.name

    @property
    def link_statistics(self) -> LinkStatistics:
        """Return the link's counters."""
        return self.device.link.statistics

    @property
    def statistics(self) -> PollStatistics:
        """Return how the polling goes."""
        assert self.monitor is not None
        return self.monitor.statistics

    @property
    def interval_reached(self) -> float | None:
        """Return the median interval (s)."""
        return self.statistics.median()

    @property
    def problem(self) -> EvtechError | None:
        """Return what keeps the device from being read now."""
        return self.monitor.problem if self.monitor else None

    @property
    def status(self) -> str:
        """Return connected or retrying."""
        return "retrying" if self.problem is not None else "connected"

    @property
    def session(self) -> ChargingSession | None:
        """Return the running session."""
        return self.sessions.current if self.sessions else None

    def subscribe(self, listener: EventListener) -> None:
        """Send events to a listener; it is called on the I/O thread and must return at once."""
        with self._listeners_lock:
            self._listeners.append(listener)

    def _tell(self, event: Event) -> None:
        self.events.append(event)
        words = ", ".join(f"{name} {value}" for name, value in event.details.items())
        log.info("%s: %s: %s", self.link_name, event.kind.value, words)
        if self.writer is not None:
            self.writer.event(event)
        if self.desk is not None:
            self.desk.on_event(event)
        with self._listeners_lock:
            listeners = list(self._listeners)
        for listener in listeners:
            listener(event)


class Workbench:
    """Owns what is open. Methods return futures that run on the I/O thread."""

    def __init__(self, archive: str | None, profile_dir: str | None = None, *, simulated: bool = False) -> None:
        self.library = Library(Path(profile_dir) if profile_dir else None)
        self.archive = Archive.open(archive or paths.default_archive())
        self.archive.expect_writing()
        self.connections: list[Connection] = []
        self.station = Station(self.library)
        self.io = IoThread()
        self.io.start()
        self._simulated = simulated
        self.usual_interval: float | None = None  # s between polls where a connection asks for none
        self.technician = ""  # who is at the chargers, for the visits
        self.report_language = "en"
        self._checking = ThreadPoolExecutor(1, "evtech-check")

    def connect(
        self,
        address: str,
        profile: str | None = None,
        *,
        interval: float | None = None,
        record: bool = True,
        technician: str = "",
        site: str = "",
    ) -> "Future[Connection]":
        """Open a link, find out the device, and watch it; the future raises what went wrong."""
        parsed = parse_address(address)
        return self.io.submit(self._connect(parsed, profile, interval, record, technician, site, lambda step: None))

    def check(
        self, address: str, profile: str | None, report: Callable[[CheckStep], None], *, interval: float | None = None
    ) -> "Future[Connection]":
        """Connect, reporting each step; ``report`` is called on the I/O thread."""
        return self.io.submit(self._check(address, profile, interval, report))

    def demo(self, profile: str = "keba-kecontact-p30", *, speed: float = 1.0) -> "Future[Connection]":
        """Watch a simulated charger; its sessions are marked simulated."""
        address = LinkAddress("demo", path=profile, options={"speed": str(speed)})
        return self.io.submit(self._connect(address, profile, 0.5, True, "", "Demo", lambda step: None))

    def disconnect(self, connection: Connection) -> "Future[None]":
        """Stop watching; a running session stays open for a resume."""
        return self.io.submit(self._disconnect(connection))

    def open_desk(self, connection: Connection) -> "Future[Desk]":
        """Diagnose a connection from now on, and offer routines, armed control and retests on it."""
        return self.io.submit(self._open_desk(connection))

    def calibrate(self, connection: Connection, wish: "CalibrationWish") -> "Future[Calibration]":
        """Begin a calibration, or take one up; the future raises what keeps it from beginning."""
        from evtech.calibration.beginning import Watching, begin_calibration  # not at every start

        assert connection.address is not None
        visit_id = connection.visit.id if connection.visit else None
        watching = Watching(connection.device, connection.address, connection.monitor, visit_id)

        async def begin() -> "Calibration":
            calibration = await begin_calibration(self.station, self.archive, watching, wish)
            if calibration.bench.speed != 1 and connection.desk is not None:
                connection.desk.watch.rest()
            return calibration

        return self.io.submit(begin())

    def note(self, connection: Connection, text: str) -> None:
        """Keep a remark of the technician with the recording, at the present moment."""
        event = Event(datetime.now(UTC), EventKind.NOTE, {"text": text})
        self.io.loop.call_soon_threadsafe(connection._tell, event)

    def interrupted(self) -> list[ChargingSession]:
        """Return sessions that a killed evtech left open."""
        return self.archive.interrupted()

    def close_interrupted(self, session: ChargingSession) -> None:
        """End an interrupted session with what is known of it."""
        end = session.last_seen or session.started
        note = "evtech was interrupted; the session was closed later"
        phases = tuple(replace(span, end=span.end or end) for span in session.phases)
        ended = replace(session, ended=end, stop_reason="unknown", notes=(*session.notes, note), phases=phases)
        self._end_session(ended)
        self.archive.writer.flush()

    def close(self) -> None:
        """Stop everything; what was read is on disk afterwards."""
        for connection in list(self.connections):
            self.disconnect(connection).result(timeout=20)
        self.io.stop()
        self._checking.shutdown()
        self.archive.close()

    def _end_session(self, session: ChargingSession) -> None:
        """Keep a session that ended; the rules over its samples run on a thread of their own."""
        self.archive.close_session(session)
        self._checking.submit(self._check_session, session)

    def _check_session(self, session: ChargingSession) -> None:
        from evtech.insights.session_check import check_session

        self.archive.writer.flush()
        try:
            check_session(self.archive, session)
        except EvtechError:  # no limits, no room: `evtech findings check` makes up for it
            logging.getLogger(__name__).exception("session %s could not be checked", session.id)

    # ---- on the I/O loop ----

    async def _check(
        self, text: str, profile: str | None, interval: float | None, report: Callable[[CheckStep], None]
    ) -> Connection:
        report(CheckStep("address", "running", "Reading the address"))
        try:
            address = parse_address(text)
        except InputError as error:
            report(CheckStep("address", "failed", str(error), error.hint))
            raise
        report(CheckStep("address", "ok", str(address)))
        return await self._connect(address, profile, interval or self.usual_interval, True, self.technician, "", report)

    async def _connect(
        self,
        address: LinkAddress,
        profile_name: str | None,
        interval: float | None,
        record: bool,
        technician: str,
        site: str,
        report: Callable[[CheckStep], None],
    ) -> Connection:
        profile = self.library.find(profile_name) if profile_name else None
        link = self.station.link(address, profile)
        is_demo = address.scheme == "demo"
        if is_demo:
            profile = self.library.find(address.path or "keba-kecontact-p30")
        await _step(report, "link", f"Opening {link.name}", link.open(), f"{link.name} is open")
        try:
            if profile is None:
                profile = await _step(
                    report,
                    "device",
                    "Finding out what answers",
                    self._recognise(link, address),
                    "A known device answers",
                )
            device = Device(profile, link, address.unit_id)
            name = f"{profile.vendor} {profile.model}"
            identity = await _step(report, "identity", f"Asking {name} who it is", device.identify(), f"{name} answers")
            first = await _step(report, "values", "Reading the first values", device.first_reading(), "Values are read")
            doubt = contradiction(profile, first)
            if doubt:
                report(CheckStep("values", "doubt", f"Values are read, but this may be another product: {doubt}."))
        except BaseException:
            await link.close()
            raise
        visit = None
        if record:
            visit = self.archive.start_visit(site=site, technician=technician, simulated=is_demo or self._simulated)
        pace = max(interval or DEFAULT_INTERVAL_S, profile.reads.min_poll_s)
        connection = Connection(device, identity, visit, pace)
        connection.doubt = doubt
        connection.address = address
        self._start(connection, is_demo or self._simulated)
        log.info("%s: connected: %s, serial number %s", link.name, name, identity.serial_number)
        report(CheckStep("recording", "ok", "Recording has started" if record else "Watching without recording"))
        return connection

    async def _recognise(self, link: ModbusLink, address: LinkAddress) -> Profile:
        matches = await recognise(link, self.library, address.unit_id)
        if not matches:
            raise DeviceError(
                f"A device answers on {link.name}, but no profile fits it.",
                "Choose the profile by hand, or describe the device in a profile of your own.",
            )
        return matches[0].profile

    def _start(self, connection: Connection, simulated: bool) -> None:
        profile, recording_id, continued = connection.profile, "", None
        if connection.visit is not None:
            points = [(p.name, p.unit) for p in profile.points.values() if p.readable]
            connection.writer = self.archive.start_recording(
                connection.visit.id, connection.identity, points, connection.interval_wanted
            )
            recording_id = connection.writer.recording_id
            continued = self._open_session_of(connection.identity)
        sessions = ChargingSessions(
            profile,
            connection.identity,
            connection.visit.id if connection.visit else "",
            recording_id,
            simulated=simulated,
            on_event=connection._tell,
            on_end=self._end_session if connection.writer else lambda session: None,
            continued=continued,
        )
        connection.sessions = sessions
        keeper = _SessionKeeper(self.archive, connection)

        def take(reading: Reading) -> None:
            connection.latest = reading
            connection.history.append(reading)
            sessions.take(reading)
            if connection.writer is not None:
                connection.writer.add(reading)
                keeper.keep()
            connection.alarms.take(reading)
            for consume in connection.consumers:
                consume(reading)
            if connection.desk is not None:
                connection.desk.take(reading)

        def take_gap(gap: Gap) -> None:
            connection.gaps = [*connection.gaps, gap]
            connection.history.gap(gap.start, gap.end)
            sessions.take_gap(gap)
            if connection.writer is not None:
                connection.writer.gap(gap)

        connection.monitor = Monitor(
            connection.device,
            connection.interval_wanted,
            consumers=[take],
            gap_consumers=[take_gap],
            listeners=[connection._tell],
        )
        connection.task = asyncio.get_running_loop().create_task(connection.monitor.run())
        self.connections = [*self.connections, connection]

    def _open_session_of(self, identity: ChargerIdentity) -> ChargingSession | None:
        """Return the interrupted session of this very charger; a charger without a serial number has none."""
        if identity.serial_number is None:
            return None
        left = [
            s for s in self.archive.interrupted() if s.id not in {c.session.id for c in self.connections if c.session}
        ]
        same = [
            s
            for s in left
            if (s.charger.profile, s.charger.serial_number) == (identity.profile, identity.serial_number)
        ]
        return same[-1] if same else None

    async def _open_desk(self, connection: Connection) -> Desk:
        if connection.desk is None:
            given = Surroundings(
                tell=connection._tell,
                audit=self.archive.add_audit,
                keep=self.archive.add_result,
                around=lambda: self._around(connection),
                exclusive=lambda: _quiet_wire(connection),
                address=connection.address,
            )
            connection.desk = Desk(connection.device, connection.interval_wanted, given)
            connection.desk.arming.remind(self.archive.audit_rows())
            if connection.latest is not None:
                connection.desk.take(connection.latest)
        return connection.desk

    def _around(self, connection: Connection) -> Circumstances:
        """Return what a diagnosis of a connection is about."""
        session, visit = connection.session, connection.visit
        return Circumstances(
            connection.identity,
            visit_id=visit.id if visit else None,
            session_id=session.id if session else None,
            recording_id=connection.writer.recording_id if connection.writer else None,
            simulated=bool(visit and visit.simulated),
            writes=self.archive.audit_of(connection.link_name, connection.began),
        )

    async def _disconnect(self, connection: Connection) -> None:
        if connection.desk is not None:
            await connection.desk.close()
        if connection.task is not None:
            await stop(connection.task)
        await connection.device.link.close()
        if connection.writer is not None:
            if connection.sessions is not None and connection.sessions.current is not None:
                self.archive.save_open_session(connection.sessions.current)
            await asyncio.to_thread(connection.writer.close)
        self.connections = [c for c in self.connections if c is not connection]


class _SessionKeeper:
    """Keeps the running session on disk every two seconds, so that a kill loses little of it."""

    def __init__(self, archive: Archive, connection: Connection) -> None:
        self._archive, self._connection = archive, connection
        self._kept_at = 0.0
        self._kept_id: str | None = None

    def keep(self) -> None:
        """Save the running session when it is new or two seconds have gone."""
        session = self._connection.session
        now = time.monotonic()
        if session is None or (session.id == self._kept_id and now - self._kept_at < SAVE_OPEN_SESSION_S):
            return
        self._kept_at, self._kept_id = now, session.id
        self._archive.save_open_session(session)


@asynccontextmanager
async def _quiet_wire(connection: Connection) -> AsyncIterator[None]:
    """Pause the polling of a connection while a routine has the wire to itself; the pause is a gap with its reason."""
    assert connection.monitor is not None
    assert connection.task is not None
    begun = datetime.now(UTC)
    await stop(connection.task)
    try:
        yield
    finally:
        connection.monitor.skip(Gap(begun, datetime.now(UTC), "paused while a routine probed the link"))
        connection.task = asyncio.get_running_loop().create_task(connection.monitor.run())


async def _step(
    report: Callable[[CheckStep], None], name: str, doing: str, work: Coroutine[Any, Any, T], done: str
) -> T:
    """Run one step of a connection and report how it went."""
    report(CheckStep(name, "running", doing))
    try:
        result = await work
    except EvtechError as error:
        report(CheckStep(name, "failed", str(error), error.hint))
        raise
    report(CheckStep(name, "ok", done))
    return result
