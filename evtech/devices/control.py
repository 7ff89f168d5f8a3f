"""Armed writing: the only way evtech changes anything in a charger.

Reading is free; writing is armed by a named person for a limited time, bounded by rating and cable, read back,
written into the audit before and after, and undone at the end. After a timeout nothing is sent again by itself: the
value is read, because the write may have been carried out.
"""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from evtech.devices.device import Device
from evtech.devices.encoding import encode
from evtech.devices.profile import Point
from evtech.errors import DeviceError, EvtechError, InputError, LinkError

ARMED_S = 15 * 60.0
LEAST_CURRENT_A = 6.0  # below this a charger may only pause (IEC 61851-1, table A.8)
READ_BACK_S = 5.0
_POLL_S = 0.5
# set points and commands that a technician needs; everything else (network, calibration, protection) is refused
ALLOWED = (
    "current_limit", "current_limit_fine", "current_limit_l1", "current_limit_l2", "current_limit_l3", "enable",
    "force_state", "remote_lock", "phase_switch", "power_limit", "energy_limit", "start_stop", "session_command",
    "command", "heartbeat",
)  # fmt: skip
# where a written value can be seen when its own register cannot be read
SEEN_AT = {"current_limit": ("current_limit_actual", "signalled_current"), "phase_switch": ("phase_switch_state",)}
_CURRENTS = ("current_limit", "current_limit_fine", "current_limit_l1", "current_limit_l2", "current_limit_l3")
_CEILINGS = ("hw_max_current", "max_current", "cable_max_current")


class NotArmedError(EvtechError):
    """Somebody tried to write without arming."""

    hint = "Arm the writing first; reading needs no arming."
    exit_code = 2


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One write as it is kept: who, when, what was before, what was wanted, what was seen after."""

    id: str
    at: datetime
    technician: str
    charger: str
    link: str
    point: str
    before: float | None
    wanted: float
    after: float | None
    result: str  # intended | written | not adopted | failed | restored | not restored
    reason: str


Audit = Callable[[AuditRow], None]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a write did: value before (``None`` = unknown), wanted, seen after, whether that is what was wanted."""

    point: str
    before: float | None
    wanted: float
    after: float | None
    read_back: bool
    audit_id: str


def left_behind(rows: Sequence[Mapping[str, object]], link: str, reason: str) -> list[tuple[str, float | None]]:
    """Return what work of one kind changed on a link and did not put back: point, value before its first write.

    ``rows`` are the audit's, oldest first; ``reason`` is how the reasons of that work begin. A crash leaves such rows:
    the wish is on disk before the write leaves. A value kept on purpose is none.
    """
    open_: dict[str, float | None] = {}
    for row in rows:
        if row["link"] != link:
            continue
        name, before = str(row["point"]), row["before"]
        if row["result"] == "restored":
            open_.pop(name, None)
        elif str(row["reason"]).startswith(reason):
            open_.setdefault(name, float(before) if isinstance(before, int | float) else None)
    return list(open_.items())


class Control:
    """Writes to one device while armed. Use: ``arm``, ``write`` …, ``restore``, ``disarm``."""

    def __init__(
        self,
        device: Device,
        audit: Audit,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._device, self._audit, self._clock, self._sleep = device, audit, clock, sleep
        self._technician = ""
        self._armed_until = 0.0
        self._before: dict[str, tuple[float | None, float]] = {}  # point -> value before, value written last

    @property
    def is_armed(self) -> bool:
        """Tell whether writing is possible now."""
        return self._clock() < self._armed_until

    @property
    def changed(self) -> tuple[tuple[str, float | None, float], ...]:
        """Return what is to be put back: point, value before (``None`` = unknown), value written last."""
        return tuple((name, before, written) for name, (before, written) in self._before.items())

    def arm(self, technician: str, seconds: float = ARMED_S) -> None:
        """Arm for some time; the person must name themselves."""
        if not technician.strip():
            raise InputError("Nobody is named for the write.", "Say who writes: --technician NAME.")
        self._technician = technician.strip()
        self._armed_until = self._clock() + min(seconds, ARMED_S)
        self._device.link.writes_allowed = True

    def stay_armed(self) -> None:
        """Arm again for the same person, as long as the guided work that they began goes on."""
        self.arm(self._technician)

    def disarm(self) -> None:
        """End the arming; the link refuses every write from now on."""
        self._armed_until = 0.0
        self._device.link.writes_allowed = False

    async def take_over(self, rows: Sequence[Mapping[str, object]], reason: str) -> None:
        """Put back at the end also what earlier work of this kind, cut off, left changed on this link.

        Only where the charger still shows the value written then: what somebody has set since stays. ``rows`` are the
        audit's, oldest first.
        """
        link = self._device.link.name
        last = {str(row["point"]): row["wanted"] for row in rows if row["link"] == link}
        for name, before in left_behind(rows, link, reason):
            written, point = last[name], self._device.profile.points.get(name)
            if before is None or point is None or not isinstance(written, int | float):
                continue
            now = await self.present(name)
            if now is not None and abs(now - written) <= self._tolerance(point):
                self._before.setdefault(name, (before, float(written)))

    async def present(self, name: str) -> float | None:
        """Return the value in force now, ``None`` where the product does not tell."""
        for candidate in (name, *SEEN_AT.get(name, ())):
            point = self._device.profile.points.get(candidate)
            if point is not None and point.readable:
                try:
                    sample = await self._device.read(candidate)
                except DeviceError:
                    continue
                if sample.number is not None:
                    return sample.number
        return None

    async def check(self, name: str, value: float) -> Point:
        """Return the point if this value may be written; raise ``InputError`` naming the bound."""
        profile = self._device.profile
        point = profile.points.get(name)
        if point is None or not point.writable:
            writable = [p.name for p in profile.points.values() if p.writable and p.name in ALLOWED]
            raise InputError(
                f"{profile.id} has no point {name} to write.", f"Writable: {', '.join(writable) or 'nothing'}."
            )
        if name not in ALLOWED:
            raise InputError(
                f"{name} is not written by evtech.", "It touches protection, network or memory that wears out."
            )
        raw = (value - point.offset) / point.scale
        low, high = point.minimum, point.maximum
        if (low is not None and raw < low and raw != 0) or (high is not None and raw > high):
            allowed = f"{_shown(low, point)} to {_shown(high, point)} {point.unit}"
            raise InputError(f"{name} = {value:g} is out of range.", f"The product allows {allowed}.")
        if name in _CURRENTS:
            await self._check_current(name, value)
        encode(point, value)
        return point

    async def write(self, name: str, value: float, reason: str = "") -> Outcome:
        """Write one bounded value and read it back.

        Raises ``NotArmedError``, ``InputError`` (bounds) and what the link raises. A value that the charger
        does not follow is no error: ``Outcome.read_back`` says so.
        """
        if not self.is_armed:
            self.disarm()
            raise NotArmedError("Writing is not armed.")
        point = await self.check(name, value)
        before = await self.present(name)
        row = self._row(name, before, value, None, "intended", reason)
        self._audit(row)  # on disk before anything leaves: a crash leaves a trace
        self._before.setdefault(name, (before, value))
        self._before[name] = (self._before[name][0], value)
        try:
            await self._send(point, value)
            after = await self._seen(name, value, point)
        except (DeviceError, LinkError) as error:
            self._audit(replace(row, id=str(uuid.uuid4()), result="failed", reason=str(error)))
            raise
        # a product that never showed the value cannot confirm it; one that did and is silent now has not
        adopted = before is None if after is None else abs(after - value) <= self._tolerance(point)
        result = "written" if adopted else "not adopted"
        done = replace(row, id=str(uuid.uuid4()), at=datetime.now(UTC), after=after, result=result)
        self._audit(done)
        return Outcome(name, before, value, after, adopted and after is not None, done.id)

    async def refresh(self) -> None:
        """Write the last values again, so that the charger's watchdog does not run out while armed."""
        if not self.is_armed:
            raise NotArmedError("Writing is not armed.")
        for name, (_, value) in self._before.items():
            await self._send(self._device.profile.points[name], value)

    async def restore(self) -> dict[str, bool]:
        """Put back what was before, the last write first; return for each point whether it is as it was.

        Possible after the arming has run out as well: it ends what was armed and asks for nothing new. A point whose
        former value is unknown, or which cannot be written back, is ``False``: a person must set it.
        """
        done: dict[str, bool] = {}
        if self._before:
            self._device.link.writes_allowed = True
        for name, (before, written) in reversed(self._before.items()):
            done[name] = before is not None and await self._put_back(name, before, written)
            if before is None:
                self._audit(self._row(name, written, written, None, "not restored", "the value before is not known"))
        self._before = {name: kept for name, kept in self._before.items() if not done[name]}
        if not self.is_armed:
            self._device.link.writes_allowed = False
        return done

    async def _put_back(self, name: str, before: float, written: float) -> bool:
        point = self._device.profile.points[name]
        try:
            if not self._device.link.is_open:
                await self._device.link.open()
            await self._send(point, before)
            after = await self._seen(name, before, point)
        except (DeviceError, LinkError) as error:
            self._audit(self._row(name, written, before, None, "not restored", str(error)))
            return False
        good = after is not None and abs(after - before) <= self._tolerance(point)
        self._audit(self._row(name, written, before, after, "restored" if good else "not restored", "end of the write"))
        return good

    async def _check_current(self, name: str, value: float) -> None:
        if 0 < value < LEAST_CURRENT_A or value < 0:
            raise InputError(f"{name} = {value:g} A is not possible.", "0 A pauses; else at least 6 A.")
        for ceiling in _CEILINGS:
            if ceiling == "max_current" and "hw_max_current" in self._device.profile.points:
                continue  # some products show 6 A there while no cable is in
            highest = await self.present(ceiling) if ceiling in self._device.profile.points else None
            if highest and value > highest:
                raise InputError(f"{name} = {value:g} A is too much.", f"{ceiling} of this charger is {highest:g} A.")

    async def _send(self, point: Point, value: float) -> None:
        unit = self._device.unit_id if point.unit_id is None else point.unit_id
        await self._device.link.write(unit, point.table, point.address, encode(point, value))

    async def _seen(self, name: str, value: float, point: Point) -> float | None:
        """Return the value seen within five seconds, ``None`` where the product shows none."""
        deadline = self._clock() + READ_BACK_S
        while True:
            seen = await self.present(name)
            if seen is None or abs(seen - value) <= self._tolerance(point) or self._clock() >= deadline:
                return seen
            await self._sleep(_POLL_S)

    def _tolerance(self, point: Point) -> float:
        return max((point.resolution or abs(point.scale)) / 2, 0.05)

    def _row(
        self, name: str, before: float | None, wanted: float, after: float | None, result: str, reason: str
    ) -> AuditRow:
        charger = f"{self._device.profile.vendor} {self._device.profile.model}"
        return AuditRow(
            str(uuid.uuid4()), datetime.now(UTC), self._technician, charger, self._device.link.name, name, before,
            wanted, after, result, reason,
        )  # fmt: skip


def _shown(raw: float | None, point: Point) -> str:
    return "…" if raw is None else f"{raw * point.scale + point.offset:g}"
