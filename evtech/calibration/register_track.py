"""Follows one energy register through a run, and measures how often the instrument renews it.

What is counted never falls. A register that runs over is carried on by its width; anything else that cannot be (a fall,
a jump faster than the load allows, a standstill under load, a silence) ends the run with a sentence that says why.
"""

from collections import deque
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Literal

Role = Literal["device", "reference"]
LONGEST_GAP_S = 5.0  # of the readings while power flows (metrology practice: 5 s)
STANDSTILL_STEPS = 3  # steps that a register may stand still at the present power
LEAST_STANDSTILL_S = 3.0
FASTER_BY = 1.2  # than the greatest power of the load
ENOUGH_CHANGES = 20
FEW_CHANGES = 3


@dataclass(frozen=True, slots=True)
class RegisterReading:
    """One reading of an energy register: when it was asked and answered (s), its kWh, the words as they came.

    ``kwh`` is ``None`` where the answer held no usable number; ``reason`` then says why.
    """

    asked: float
    answered: float
    kwh: float | None
    time: datetime
    words: tuple[int, ...] = ()
    reason: str | None = None

    @property
    def at(self) -> float:
        """Return the middle between request and answer (s)."""
        return (self.asked + self.answered) / 2


@dataclass(frozen=True, slots=True)
class RegisterFacts:
    """What is known of a register: its owner, its step, its range where it can run over, how often it is renewed.

    ``update_s`` is ``None`` where nobody could measure it; ``register`` says where it lies, such as ``input 0x0048``.
    """

    owner: str
    step_kwh: float
    range_kwh: float | None = None
    update_s: float | None = None
    register: str | None = None


class UpdateMeter:
    """Measures how often a number changes (s): the median gap between two changes seen by fast polling.

    It is an upper bound: polling slower than the device renews, or a step that lasts longer, makes it larger.
    """

    def __init__(self) -> None:
        self._gaps: deque[float] = deque(maxlen=200)
        self._value: float | None = None
        self._seen = self._changed = 0.0

    def take(self, value: float | None, at: float) -> None:
        """Take the number read at a moment."""
        if value is None:
            return
        if self._value is not None and value != self._value:
            moment = (self._seen + at) / 2
            if self._changed:
                self._gaps.append(moment - self._changed)
            self._changed = moment
        self._value, self._seen = value, at

    @property
    def is_sure(self) -> bool:
        """Tell whether enough changes were seen."""
        return len(self._gaps) >= ENOUGH_CHANGES

    @property
    def seconds(self) -> float | None:
        """Return the period (s), ``None`` while hardly anything changed."""
        return median(self._gaps) if len(self._gaps) >= FEW_CHANGES else None


class RegisterTrack:
    """Counts what one register gains from the start of a run on."""

    def __init__(
        self, facts: RegisterFacts, start: RegisterReading, most_kw: float | None, gap_s: float = LONGEST_GAP_S
    ) -> None:
        assert start.kwh is not None
        self.facts = facts
        self.counted = 0.0
        self.ran_over = False
        self._last = self._seen = start
        self._changed_at = start.at
        self._most_kw, self._gap_s = most_kw, gap_s

    def take(self, reading: RegisterReading, power_kw: float | None, flows: bool) -> str | None:
        """Count a reading; return why the run cannot go on, else ``None``."""
        silence = reading.at - self._seen.at
        self._seen = reading
        if flows and silence > self._gap_s:
            return f"gap: the {self.facts.owner} gave no reading for {silence:.1f} s"
        if reading.kwh is None:
            return f"not a number: the register of the {self.facts.owner} {reading.reason or 'gave no value'}"
        assert self._last.kwh is not None
        rise = reading.kwh - self._last.kwh
        if rise == 0.0:
            return self._frozen(reading.at, power_kw) if flows else None
        if rise < 0.0 and self.facts.range_kwh is not None and self._possible(rise + self.facts.range_kwh, reading):
            self.ran_over = True
            rise += self.facts.range_kwh
        if rise < 0.0:
            return (
                f"rollback: the register of the {self.facts.owner} fell from {self._last.kwh:.10g} to"
                f" {reading.kwh:.10g} kWh"
            )
        if not self._possible(rise, reading):
            return (
                f"jump: the register of the {self.facts.owner} rose by {rise:.6g} kWh in"
                f" {reading.at - self._last.at:.1f} s, more than the load can be"
            )
        self.counted += rise
        self._last, self._changed_at = reading, reading.at
        return None

    def let_stand(self, at: float) -> None:
        """Begin the measurement of a standstill anew, as after a pause of the load."""
        self._changed_at = at

    def silent_since(self, at: float) -> float:
        """Return how long no reading has come (s)."""
        return at - self._seen.at

    def _possible(self, rise: float, reading: RegisterReading) -> bool:
        if self._most_kw is None:
            return True
        seconds = reading.at - self._changed_at + 2 * (self.facts.update_s or 1.0)
        return rise <= FASTER_BY * self._most_kw * seconds / 3600 + 2 * self.facts.step_kwh

    def _frozen(self, at: float, power_kw: float | None) -> str | None:
        if not power_kw or power_kw <= 0.0:
            return None
        allowed = STANDSTILL_STEPS * self.facts.step_kwh / power_kw * 3600
        allowed = max(allowed, STANDSTILL_STEPS * (self.facts.update_s or 0.0), LEAST_STANDSTILL_S)
        stood = at - self._changed_at
        if stood <= allowed:
            return None
        return f"frozen: the register of the {self.facts.owner} stood still for {stood:.1f} s at {power_kw:.2f} kW"
