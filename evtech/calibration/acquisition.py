"""Drives a procedure with real devices: reads both registers in turn in small requests, sets the load where it may.

Runs on the I/O loop. A device that stays silent does not end the calibration: its link is opened again, the run that it
broke is kept as rejected, finished runs stay.
"""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable

from evtech.calibration.loads import load_of
from evtech.calibration.one_run import Stage
from evtech.calibration.procedure import Procedure, Step
from evtech.calibration.register_track import RegisterReading, Role
from evtech.devices.control import LEAST_CURRENT_A, Control
from evtech.devices.device import Device
from evtech.devices.profile import Point, Profile
from evtech.errors import DeviceError, EvtechError, InputError, LinkError, RefusedError
from evtech.measure.sample import Reading

POLL_S = 0.1
SLOW_S = 1.0
LOAD_S = 1.0
REOPEN_S = 1.0
REFRESH_S = 10.0  # between two repeats of an armed current limit, for the charger's watchdog
_LOAD_POINTS = (
    "power_total", "current_l1", "current_l2", "current_l3", "current_average", "voltage_l1", "voltage_l2",
    "voltage_l3", "dc_voltage", "power_factor_total",
)  # fmt: skip


class Pace:
    """The clock of a calibration; a simulated charger that runs faster makes it run faster too."""

    def __init__(self, speed: float = 1.0) -> None:
        self.speed = speed

    def of(self, monotonic: float) -> float:
        """Return the measured time of a monotonic one (s)."""
        return monotonic * self.speed

    def now(self) -> float:
        """Return the present measured time (s)."""
        return self.of(time.monotonic())

    async def sleep(self, seconds: float) -> None:
        """Let measured seconds pass."""
        await asyncio.sleep(max(0.0, seconds) / self.speed)


class Watched:
    """One device during a calibration: its energy register, and what tells the load."""

    def __init__(self, role: Role, device: Device, point: Point, pace: Pace) -> None:
        self.role, self.device, self.point = role, device, point
        self.load: Reading | None = None
        self._pace = pace
        self._names = _load_names(device.profile)
        self._next: dict[str, float] = {}

    async def read_register(self) -> RegisterReading:
        """Return one reading of the register; a refusal and a silence are raised."""
        await self._keep_distance("register")
        sample, asked, answered = await self.device.read_timed(self.point.name)
        kwh = None if sample.number is None else to_kwh(self.point, sample.number)
        moment = self.device.utc((asked + answered) / 2)
        reason = sample.reason if kwh is None else None
        return RegisterReading(self._pace.of(asked), self._pace.of(answered), kwh, moment, sample.raw, reason)

    async def read_load(self) -> None:
        """Read what tells the load; what this product lacks stays unknown."""
        if self._names:
            await self._keep_distance("load")
            self.load = await self.device.read_points(self._names)

    @property
    def is_due(self) -> bool:
        """Tell whether the register may be asked for at once."""
        return self._pace.now() >= self._next.get("register", 0.0)

    async def _keep_distance(self, what: str) -> None:
        """Ask for the same values no faster than the maker allows."""
        least = self.device.profile.reads.min_poll_s
        await self._pace.sleep(self._next.get(what, 0.0) - self._pace.now())
        self._next[what] = self._pace.now() + least


class Acquisition:
    """Reads for a procedure until it is done, stopped, or a device has been silent for too long."""

    def __init__(
        self,
        procedure: Procedure,
        watched: list[Watched],
        pace: Pace,
        *,
        control: Control | None = None,
        patience_s: float | None = None,
        after_turn: Callable[[], Awaitable[None]],
    ) -> None:
        self.procedure, self.pace = procedure, pace
        self._watched = watched
        self._control, self._patience = control, patience_s
        self._after_turn = after_turn
        self._set_a: float | None = None
        self._refreshed = self._load_due = self._answered = 0.0

    async def run(self) -> None:
        """Go on until the procedure is done; raise what a device refused, or the last failure after the patience."""
        self._answered = self.pace.now()
        try:
            while self.procedure.step is not Step.DONE:
                try:
                    await self._turn()
                except (RefusedError, InputError):
                    raise
                except EvtechError as error:
                    await self._recover(error)
                await self._after_turn()
        finally:
            await self._restore()

    async def _turn(self) -> None:
        """Read once what is due."""
        procedure = self.procedure
        await self._set_load()
        now = self.pace.now()
        if now >= self._load_due and not self._is_seeking:
            for one in self._watched:
                await one.read_load()
            self._load_due = now + (LOAD_S / 2 if procedure.step is Step.LOAD else LOAD_S)
            loads = {one.role: one.load for one in self._watched}
            procedure.take_load(load_of(self.pace.now(), loads.get("device"), loads.get("reference")))
        begun = self.pace.now()
        for one in self._watched:
            # how often a register is renewed shows only where each is read as fast as it may be
            if procedure.step is not Step.MEASURE or one.is_due:
                reading = await one.read_register()
                procedure.take(one.role, reading)
                if reading.kwh is None:
                    raise DeviceError(f"{one.device.link.name}: {one.point.name} has no value ({reading.reason}).")
        procedure.problem = None
        self._answered = self.pace.now()
        procedure.tick(self._answered)
        wait = POLL_S if procedure.wants_fast else self._slow_wait()
        await self.pace.sleep(begun + wait - self.pace.now())

    @property
    def _is_seeking(self) -> bool:
        """Tell whether an end of a dose is awaited: then the registers alone are read, for a few seconds at most."""
        run = self.procedure.run
        return (
            self.procedure.wants_fast
            and run is not None
            and run.stage in (Stage.START, Stage.END)
            and self.pace.now() < self._load_due + 2 * LOAD_S
        )

    def _slow_wait(self) -> float:
        remaining = self.procedure.remaining_s
        return SLOW_S if remaining is None else min(SLOW_S, max(POLL_S, remaining / 4))

    async def _recover(self, error: EvtechError) -> None:
        """Say what is wrong and try the link again; raise after the patience."""
        self.procedure.problem = f"{error} {error.hint}".strip()
        now = self.pace.now()
        self.procedure.tick(now)
        if self._patience is not None and now - self._answered > self._patience:
            raise error
        await self.pace.sleep(REOPEN_S)
        for one in self._watched:
            if not one.device.link.is_open:
                with contextlib.suppress(LinkError):
                    await one.device.link.open()

    # ---- setting the load ----

    async def _set_load(self) -> None:
        """Write the wanted current where evtech may; the charger's own limit is put back at the end."""
        wanted = self.procedure.wanted_a
        if self._control is None or wanted is None or 0 < wanted < LEAST_CURRENT_A:
            return  # a charger offers no less than 6 A: a smaller load is set at the load box
        if wanted != self._set_a:
            self._control.stay_armed()
            await self._control.write("current_limit", wanted, "calibration")
            self._set_a = wanted
            self._refreshed = self.pace.now()
        elif self.pace.now() - self._refreshed > REFRESH_S:
            self._control.stay_armed()
            await self._control.refresh()
            self._refreshed = self.pace.now()

    async def _restore(self) -> None:
        if self._control is not None:
            await self._control.restore()
            self._control.disarm()


def to_kwh(point: Point, wh: float) -> float:
    """Return a register's value in kWh without the noise of the division."""
    decimals = 9 if point.scale >= 1e-3 else 12
    return round(wh / 1000, decimals)


def _load_names(profile: Profile) -> list[str]:
    states = {condition.point for rule in profile.states for condition in rule.when}
    names = [*_LOAD_POINTS, *sorted(states)]
    return [name for name in names if name in profile.points and profile.points[name].readable]
