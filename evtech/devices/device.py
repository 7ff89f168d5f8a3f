"""A profile on a link: one reading of everything, or of one point.

A register that the device refuses costs one extra request once: its block is split, and what remains refused is
remembered and shown as missing, with the reason, without hiding the others.
"""

import contextlib
import re
import sys
import time
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta

from evtech.devices.encoding import decode, missing
from evtech.devices.profile import Point, Profile
from evtech.devices.read_plan import Block, plan
from evtech.devices.state import active_errors, charger_state
from evtech.errors import DeviceError, NoAnswerError, RefusedError, UnreadableError
from evtech.links.link import Answer, ModbusLink, Table
from evtech.measure.sample import ChargerIdentity, Quality, Reading, Sample

ASK_AGAIN_AFTER = 60.0  # s after which a refused point is asked for again: firmware options come and go
_IDENTITY_PARTS = ("serial_number", "firmware_version")


class Device:
    """What answers at the other end; used on the I/O loop only."""

    def __init__(self, profile: Profile, link: ModbusLink, unit_id: int | None = None) -> None:
        self.profile = profile
        self.link = link
        self.unit_id = profile.unit_id if unit_id is None else unit_id
        self._fixed: dict[str, Sample] = {}
        self._refused: dict[str, tuple[str, float]] = {}
        self._holes: set[tuple[Table, int]] = set()
        self._plan: list[Block] | None = None
        self._plan_is_full = False
        # the wall clock may be set while we watch: intervals come from the monotonic clock, UTC is mapped once
        self._zero = datetime.now(UTC) - timedelta(seconds=time.monotonic() + slept())

    def utc(self, monotonic: float) -> datetime:
        """Return the UTC moment of a monotonic time (s)."""
        return self._zero + timedelta(seconds=monotonic + slept())

    async def read_all(self) -> Reading:
        """Return one reading of every readable point; identity points are read once and repeated.

        Raises ``NoAnswerError`` when the device is silent and ``LinkLostError`` when the link is gone.
        """
        samples, asked, answered = await self._read_blocks(self._blocks())
        self._keep_identity(samples)
        return self._reading({**self._fixed, **samples}, (asked + answered) / 2)

    async def first_reading(self) -> Reading:
        """Return a reading with at least one value; raise ``UnreadableError`` where the profile cannot be right."""
        reading = await self.read_all()
        require_values(self.profile, reading.samples)
        return reading

    async def read(self, name: str) -> Sample:
        """Return one point's sample; raise ``RefusedError`` naming it, or what the link raises."""
        return (await self.read_timed(name))[0]

    async def read_timed(self, name: str) -> tuple[Sample, float, float]:
        """Return one point's sample with the monotonic times (s) at which it was asked for and answered."""
        point = self.profile.points[name]
        block = plan([point], self.profile.reads, byte_time=0, overhead=0)[0]
        try:
            answer = await self._ask(block)
        except RefusedError as error:
            raise RefusedError(f"{name}: {error}", error.code, error.hint) from error
        return self._take(block, answer.words, answer.suspect)[name], answer.asked, answer.answered

    async def read_points(self, names: Iterable[str]) -> Reading:
        """Return one reading of some points only, in as few requests as they need; raises as ``read_all``."""
        wanted = [self.profile.points[name] for name in names if name not in self._refused]
        samples, asked, answered = await self._read_blocks(self._planned(wanted))
        return self._reading(samples, (asked + answered) / 2)

    async def identify(self) -> ChargerIdentity:
        """Return who the device says it is; what it does not tell is ``None``."""
        points = [self.profile.points[n] for n in _IDENTITY_PARTS if n in self.profile.points]
        unknown = [p for p in points if p.readable and p.name not in self._fixed]
        if unknown:
            samples, _, _ = await self._read_blocks(self._planned(unknown))
            self._keep_identity(samples)
        return ChargerIdentity(
            profile=self.profile.id,
            vendor=self.profile.vendor,
            model=self.profile.model,
            serial_number=_as_text(self._fixed.get("serial_number")),
            firmware_version=_as_text(self._fixed.get("firmware_version")),
            link=self.link.name,
        )

    def _reading(self, samples: dict[str, Sample], monotonic: float) -> Reading:
        ordered = {name: samples[name] for name in self.profile.points if name in samples}
        state = charger_state(self.profile, ordered)
        return Reading(self.utc(monotonic), monotonic, ordered, state, active_errors(self.profile, ordered))

    def _keep_identity(self, samples: dict[str, Sample]) -> None:
        for name, sample in samples.items():
            if self.profile.points[name].identity and sample.value is not None:
                self._fixed[name] = sample

    def _blocks(self) -> list[Block]:
        """Return the plan; it is made anew when the identity is known and when a refusal taught something."""
        now = time.monotonic()
        expired = [name for name, (_, since) in self._refused.items() if now - since > ASK_AGAIN_AFTER]
        for name in expired:
            del self._refused[name]
        if expired or self._plan is None or (self._plan_is_full and self._fixed):
            wanted = [p for p in self.profile.points.values() if p.readable and p.name not in self._fixed]
            self._plan_is_full = not self._fixed
            self._plan = self._planned(p for p in wanted if p.name not in self._refused)
        return self._plan

    def _planned(self, points: Iterable[Point]) -> list[Block]:
        return plan(
            points,
            self.profile.reads,
            byte_time=self.link.byte_time,
            overhead=self.link.request_overhead,
            forbidden=frozenset(self._holes),
        )

    async def _read_blocks(self, blocks: list[Block]) -> tuple[dict[str, Sample], float, float]:
        samples = {name: missing(self.profile.points[name], reason) for name, (reason, _) in self._refused.items()}
        first = last = time.monotonic()
        answered_once = False
        silences = 0
        for block in blocks:
            try:
                answer = await self._ask(block)
            except RefusedError as error:
                answered_once = True
                last = time.monotonic()
                samples |= await self._split(block, error)
            except DeviceError as error:
                silences += isinstance(error, NoAnswerError)
                if not answered_once or silences > 1:
                    raise
                samples |= {p.name: missing(p, str(error)) for p in block.points}
            else:
                if not answered_once:
                    first = answer.asked
                answered_once = True
                last = answer.answered
                samples |= self._take(block, answer.words, answer.suspect)
        return samples, first, last

    async def _split(self, block: Block, error: RefusedError) -> dict[str, Sample]:
        """Read a refused block point by point; remember who is refused and which gap must not be crossed."""
        self._plan = None
        if len(block.points) == 1:
            return {block.points[0].name: self._refuse(block.points[0], error)}
        samples: dict[str, Sample] = {}
        for point in block.points:
            single = plan([point], self.profile.reads, byte_time=0, overhead=0)[0]
            try:
                answer = await self._ask(single)
            except RefusedError as refused:
                samples[point.name] = self._refuse(point, refused)
                self._holes |= {(point.table, point.address + i) for i in range(point.count)}
            except DeviceError as failed:
                samples[point.name] = missing(point, str(failed))
            else:
                samples |= self._take(single, answer.words, answer.suspect)
        if all(sample.value is not None for sample in samples.values()):
            taken = {p.address + i for p in block.points for i in range(p.count)}
            gaps = {(block.table, a) for a in range(block.address, block.address + block.count) if a not in taken}
            # no gap to blame: the device takes no blocks this long, so cut before every point
            self._holes |= gaps or {(block.table, p.address) for p in block.points[1:]}
        return samples

    def _refuse(self, point: Point, error: RefusedError) -> Sample:
        reason = f"refused by the device (exception {error.code})"
        self._refused[point.name] = (reason, time.monotonic())
        return missing(point, reason)

    async def _ask(self, block: Block) -> Answer:
        unit = self.unit_id if block.unit_id is None else block.unit_id
        most = self.profile.reads.max_registers
        if block.table in (Table.COIL, Table.DISCRETE) or block.count <= most:
            return await self.link.read(unit, block.table, block.address, block.count, spare=block.spare)
        # one text longer than the device hands out at once
        starts = range(0, block.count, most)
        sizes = [min(most, block.count - start) for start in starts]
        parts = [
            await self.link.read(unit, block.table, block.address + start, size)
            for start, size in zip(starts, sizes, strict=True)
        ]
        words = tuple(word for part in parts for word in part.words)
        return Answer(words, parts[0].asked, parts[-1].answered, any(part.suspect for part in parts))

    def _take(self, block: Block, words: tuple[int, ...], suspect: bool) -> dict[str, Sample]:
        taken = {}
        for point in block.points:
            start = point.address - block.address
            sample = decode(point, words[start : start + point.count])
            if suspect and sample.quality is Quality.GOOD:
                # right after a timeout a late answer of the same shape cannot be excluded on a serial line
                sample = Sample(sample.point, sample.value, sample.unit, Quality.DERIVED, sample.raw, sample.text,
                                "read right after a timeout")  # fmt: skip
            taken[point.name] = sample
        return taken


def require_values(profile: Profile, samples: Mapping[str, Sample]) -> None:
    """Raise ``UnreadableError`` with the device's reasons when not one value came."""
    if any(sample.value is not None for sample in samples.values()):
        return
    reasons = sorted({sample.reason for sample in samples.values() if sample.reason})
    is_absent = any(f"exception {code}" in reason for reason in reasons for code in (10, 11))
    raise UnreadableError(
        f"Not one point of {profile.id} could be read: {'; '.join(reasons)}.",
        "No device answers under this unit id: check unit= of the link."
        if is_absent
        else "The profile does not fit this device; leave it out to have the device recognised.",
    )


def slept() -> float:
    """Return how long (s) the computer has been asleep since it was started: Linux stops the monotonic clock then."""
    if sys.platform == "linux":
        return max(0.0, time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic())
    return 0.0


def _as_text(sample: Sample | None) -> str | None:
    if sample is None or sample.value is None:
        return None
    return sample.text or str(sample.value).strip() or None


def matches(test: str, sample: Sample) -> bool:
    """Tell whether a sample passes a recognition test: a pattern over its text, or a range of its number."""
    if sample.value is None:
        return False
    if test.startswith("^"):
        return re.search(test, sample.text or str(sample.value)) is not None
    low, high = test.split("..")
    with contextlib.suppress(ValueError, TypeError):
        return float(low) <= float(sample.value) <= float(high)
    return False
