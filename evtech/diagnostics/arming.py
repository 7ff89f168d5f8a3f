"""Armed control as a person holds it: named, for a limited time, kept alive, and always put back.

``Control`` does the single write. Here is what happens around it: the time that runs out, the window that no longer
answers, the link that is lost, a standing danger that forbids all but reducing, and the restore at every end.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from evtech.devices.control import ALLOWED, ARMED_S, Audit, Control, NotArmedError, left_behind
from evtech.devices.device import Device
from evtech.devices.profile import Point, Profile
from evtech.errors import EvtechError, InputError
from evtech.events import Event, EventKind, EventListener
from evtech.measure.quantity import NARROW_SPACE
from evtech.measure.vocabulary import label

REFRESH_S = 10.0  # a charger's watchdog is fed while armed
DEAD_WINDOW_S = 10.0  # a window that has not said anything for so long must not keep a charger's limit alive
TURN_S = 0.5
CHANGE_S, SWITCH_S = 5.0, 30.0  # least time between two limits, between two starts or stops: contactors wear
_SWITCHES = ("enable", "start_stop", "session_command", "command", "remote_lock", "force_state")


@dataclass(frozen=True, slots=True)
class ArmState:
    """What a window shows: who is armed until when (monotonic s), what is changed, what must be said loudly."""

    technician: str = ""
    until: float = 0.0
    held: tuple[tuple[str, float | None, float], ...] = ()  # point, value before, value in force by us
    says: str = ""
    is_loud: bool = False  # something is not as it was and a person must act
    to_set: tuple[tuple[str, float | None], ...] = ()  # what could not be put back, with its former value

    @property
    def is_armed(self) -> bool:
        """Tell whether somebody is armed."""
        return bool(self.technician)


def controllable(profile: Profile) -> list[Point]:
    """Return what armed control may set on a product, in the order a technician thinks."""
    return [profile.points[name] for name in ALLOWED if name in profile.points and profile.points[name].writable]


class Arming:
    """One charger's armed control; all methods but ``alive`` run on the I/O loop. ``state`` may be read anywhere."""

    def __init__(
        self,
        device: Device,
        audit: Audit,
        tell: EventListener,
        dangers: Callable[[], list[str]] = list,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.state = ArmState()
        self.control = Control(device, audit, clock=clock)
        self._device, self._tell, self._dangers, self._clock = device, tell, dangers, clock
        self._alive_at = clock()
        self._fed_at = self._changed_at = self._switched_at = -1e9
        self._is_lost = False
        self._busy = asyncio.Lock()

    def remind(self, rows: Sequence[Mapping[str, object]]) -> None:
        """Say what an earlier armed control of this link left behind, from the audit's rows (oldest first)."""
        left = left_behind(rows, self._device.link.name, "armed control")
        known = [(name, before) for name, before in left if name in self._device.profile.points]
        if known:
            what = ", ".join(f"{label(name)} to {self._words(name, before)}" for name, before in known)
            self.state = ArmState(
                says=f"An earlier visit left this changed: set {what}.", is_loud=True, to_set=tuple(known)
            )

    def alive(self) -> None:
        """Say that the window still answers; called from any thread."""
        self._alive_at = self._clock()

    def left(self) -> float:
        """Return how long the arming lasts (s)."""
        return max(0.0, self.state.until - self._clock()) if self.state.is_armed else 0.0

    async def arm(self, technician: str, seconds: float = ARMED_S) -> None:
        """Arm, or extend; raise ``InputError`` when nobody is named or the link is lost."""
        if self._is_lost:
            raise InputError("The charger does not answer.", "Arm again when it does.")
        self.control.arm(technician, seconds)
        self.alive()
        until = self._clock() + min(seconds, ARMED_S)
        self.state = replace(self.state, technician=technician.strip(), until=until, says="", is_loud=False)
        self._say("armed", seconds=min(seconds, ARMED_S))

    async def write(self, point: str, value: float) -> str:
        """Write one value and return what was read back, in words; raise what forbids it."""
        async with self._busy:
            if not self.state.is_armed:
                raise NotArmedError("Nothing was written: nobody is armed.")
            self._check_pace(point)
            await self._check_danger(point, value)
            try:
                outcome = await self.control.write(point, value, "armed control")
            finally:  # a write that failed may have been carried out: it is put back like any other
                self.state = replace(self.state, held=self.control.changed)
            now = self._clock()
            self._changed_at = self._fed_at = now
            self._switched_at = now if point in _SWITCHES else self._switched_at
            self._say("written", point=point, before=outcome.before, wanted=value, after=outcome.after)
            name, sent = label(point), self._words(point, value)
            if outcome.after is None:
                return f"{name} {sent} was sent; the charger shows no value to read back."
            after = self._words(point, outcome.after)
            if outcome.read_back:
                return f"{name} is {after}; it was {self._words(point, outcome.before)}."
            return f"{name} {sent} was sent, but the charger still shows {after}."

    async def disarm(self, why: str = "disarmed") -> None:
        """Put everything back, then end the arming; what cannot be put back is said loudly."""
        if not self.state.is_armed and not self.state.held:
            return
        async with self._busy:
            done = await self.control.restore() if self.state.held else {}
            self.control.disarm()
        left = tuple((name, before) for name, before, _ in self.state.held if not done.get(name, False))
        if left:
            what = ", ".join(f"{label(name)} to {self._words(name, before)}" for name, before in left)
            says = f"NOT put back ({why}). Set by hand before you leave: {what}."
        elif done:
            says = f"Put back as it was: {', '.join(label(name) for name in done)} ({why})."
        else:
            says = f"Writing is locked again ({why})."
        self._say("not restored" if left else "disarmed", why=why, left=[name for name, _ in left])
        self.state = ArmState(says=says, is_loud=bool(left), to_set=left)

    async def on_event(self, event: Event) -> None:
        """Take what happens to the link: it ends the arming, at once or as soon as the old values can be put back."""
        if event.kind is EventKind.LINK_LOST:
            self._is_lost = True
            if self.state.held:
                words = "The link was lost while values are changed. They are put back as soon as it returns."
                self.state = replace(self.state, says=words, is_loud=True)
            elif self.state.is_armed:
                await self.disarm("the link was lost")
        elif event.kind is EventKind.LINK_RESTORED:
            self._is_lost = False
            if self.state.held or self.state.is_armed:
                await self.disarm("the link was lost")

    async def run(self) -> None:
        """Keep an arming alive and end it in time; until cancelled."""
        while True:
            await asyncio.sleep(TURN_S)
            await self.turn()

    async def turn(self) -> None:
        """Look once: has the time run out, does the window still answer, does the charger's watchdog need food."""
        if not self.state.is_armed or self._is_lost:
            return
        now = self._clock()
        if now >= self.state.until:
            await self.disarm("the time ran out")
        elif now - self._alive_at > DEAD_WINDOW_S:
            await self.disarm("the window did not answer")
        elif self.state.held and now - self._fed_at >= REFRESH_S:
            self._fed_at = now
            try:
                async with self._busy:
                    await self.control.refresh()
            except EvtechError as error:
                self.state = replace(self.state, says=f"The value could not be repeated: {error}", is_loud=True)

    def _check_pace(self, point: str) -> None:
        now = self._clock()
        least, since = (SWITCH_S, self._switched_at) if point in _SWITCHES else (CHANGE_S, self._changed_at)
        if now - since < least:
            raise InputError(
                f"{point} was changed {now - since:.0f} s ago.", f"Wait {least:g} s between two changes: contacts wear."
            )

    async def _check_danger(self, point: str, value: float) -> None:
        """With a standing danger only reducing and stopping is written."""
        dangers = self._dangers()
        if not dangers:
            return
        before = await self.control.present(point)
        reduces = value == 0 or (point.startswith("current_limit") and before is not None and value <= before)
        if not reduces:
            raise InputError(
                f"{point} = {value:g} is not written while this stands: {', '.join(dangers)}.",
                "Only reducing or stopping is possible until the danger is gone.",
            )

    def _words(self, point: str, value: float | None) -> str:
        if value is None:
            return "an unknown value"
        return f"{value:g}{NARROW_SPACE}{self._device.profile.points[point].unit}".rstrip(NARROW_SPACE)

    def _say(self, what: str, **details: object) -> None:
        who = self.state.technician
        self._tell(Event(datetime.now(UTC), EventKind.CONTROL, {"what": what, "technician": who, **details}))
