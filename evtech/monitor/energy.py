"""Follows an energy register through everything that happens to one: overflow, restart, glitches.

What is counted never falls. A register that runs over is carried on; one that restarts is summed over its rising
parts; a value that cannot be (a jump no charger can deliver, a dip that heals itself) counts nothing. Each of these is
told in a sentence, because an energy that had to be pieced together must not look like one that was simply read.
"""

from evtech.devices.profile import DataType, Point

MOST_POWER_W = 500_000.0  # more than any charger delivers: a faster rise is no charging
ALLOWED_STEP_WH = 10_000.0  # a register may be brought up to date late, in one step
_BITS = {DataType.UINT16: 16, DataType.UINT32: 32, DataType.INT32: 31, DataType.UINT64: 64, DataType.INT64: 63}
_SAME_DEPTH = 0.5  # a rise by this part of a fall, in one step, heals the fall


class EnergyRegister:
    """One register from plug-in on; values in its base unit (Wh or VAh), moments in s since 1970."""

    def __init__(self, point: Point) -> None:
        self.point = point
        self.first: float | None = None
        self.last: float | None = None
        self.counted = 0.0
        self.notes: list[str] = []
        self._is_counter = point.name == "session_energy"
        self._changed_at = 0.0
        self._doubtful: float | None = None  # a value that jumped: believed when the next one agrees
        self._fall: tuple[float, float, float] | None = None  # value before, value after, counted before

    def resume(self, first: float, last: float, counted: float, at: float) -> None:
        """Go on from what was known before evtech was started again."""
        self.first, self.last, self.counted, self._changed_at = first, last, counted, at

    def take(self, value: float | None, at: float) -> None:
        """Take the register's value at a moment; ``None`` where it could not be read."""
        if value is None:
            return
        if self.last is None:
            self.first = self.last = value
            self._changed_at = at
        elif value >= self.last:
            self._rise(value, at)
        elif self._runs_over(value, at):
            self._note("ran over; the difference is carried on")
            self._count(value + self._range() - self.last, value, at)
        elif self.last - value > 2 * (self.point.resolution or 0.0):
            self._fall_back(value, at)

    def _rise(self, value: float, at: float) -> None:
        assert self.last is not None
        if self._fall is not None and self._heals(value, self._fall):
            self._note("fell for a moment and came back; the dip is not counted")
            before, _, self.counted = self._fall
            self.last, self._fall = before, None
        if self._is_possible(value - self.last, at):
            self._doubtful = None
            self._count(value - self.last, value, at)
        elif self._doubtful is not None and self._agrees(value, self._doubtful):
            self._note("jumped by more than can be charged; the jump is not counted")
            self._doubtful, self._fall = None, None
            self.last, self._changed_at = value, at
        else:
            self._doubtful = value

    def _fall_back(self, value: float, at: float) -> None:
        assert self.last is not None
        if self._is_counter and self.counted == 0.0:  # a session counter starts anew with the session
            self.first = self.last = value
        else:
            self._note("fell back: the energy is the sum of its rising parts and may be too small")
            self._fall = (self.last, value, self.counted)
            self.last = value
        self._changed_at, self._doubtful = at, None

    def _count(self, rise: float, value: float, at: float) -> None:
        if rise > 0:
            self._changed_at = at
        self.counted += rise
        self.last = value

    def _heals(self, value: float, fall: tuple[float, float, float]) -> bool:
        before, after, _ = fall
        assert self.last is not None
        return value >= before and value - self.last >= _SAME_DEPTH * (before - after)

    def _is_possible(self, rise: float, at: float) -> bool:
        seconds = max(at - self._changed_at, 0.0)
        return rise <= ALLOWED_STEP_WH + 2 * (self.point.resolution or 0.0) + MOST_POWER_W * seconds / 3600

    def _agrees(self, value: float, doubtful: float) -> bool:
        return 0.0 <= value - doubtful <= ALLOWED_STEP_WH

    def _range(self) -> float:
        bits = _BITS.get(self.point.type)
        return 0.0 if bits is None else 2.0**bits * self.point.scale

    def _runs_over(self, value: float, at: float) -> bool:
        whole = self._range()
        if not whole or self.last is None or not (self.last > 0.98 * whole and value < 0.02 * whole):
            return False
        return self._is_possible(value + whole - self.last, at)

    def _note(self, what: str) -> None:
        sentence = f"{self.point.name} {what}"
        if sentence not in self.notes:
            self.notes.append(sentence)
