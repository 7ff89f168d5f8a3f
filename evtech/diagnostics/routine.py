"""What a diagnostic routine is: its declaration, its questions, its steps and its result.

A routine measures or asks, judges against limits and says why. It talks to the world only through a ``Bench``
(``bench.py``): the same routine works on a recording and on a live charger, without sleeping in tests.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evtech.diagnostics.bench import Bench


class Verdict(StrEnum):
    """How a routine or a step ended, the best first."""

    PASS = "PASS"
    WARN = "WARN"
    FAIL = "FAIL"
    INCONCLUSIVE = "INCONCLUSIVE"  # a signal is missing, there are too few samples, or a precondition broke
    NOT_APPLICABLE = "NOT_APPLICABLE"  # the device cannot
    SKIPPED = "SKIPPED"  # not armed, not answered, or not asked for


@dataclass(frozen=True, slots=True)
class Question:
    """Something a person must measure, look at or do; answered by a page, by a facts file, or skipped.

    ``kind``: "number" (``unit`` says in what), "choice" (one of ``choices``), "done" (an act, confirmed).
    ``low`` and ``high`` bound what can be typed, not what is good: that is the routine's limit, told in ``expect``.
    """

    name: str  # the key under "answers" of a facts file
    text: str
    kind: str = "number"
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    expect: str = ""
    safety: str = ""


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step: what was expected, what was measured, the verdict on it and why."""

    name: str
    verdict: Verdict
    reason: str
    expected: str = ""
    measured: str = ""
    at: float | None = None  # s, as the samples count


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands. ``share`` is 0 to 1 of the present routine, ``None`` where its end is not known."""

    routine: str
    text: str
    share: float | None = None
    step: StepResult | None = None  # the step that has just ended


@dataclass(frozen=True, slots=True)
class RoutineResult:
    """One routine's answer. ``measured`` holds plain values (numbers, words, lists) with unit suffixes in the keys.

    ``faults`` are ids of faults that the verdict names, with the phase where one is known. ``not_restored`` lists
    what must be put back by hand.
    """

    id: str
    verdict: Verdict
    reason: str
    measured: Mapping[str, Any] = field(default_factory=dict)
    steps: tuple[StepResult, ...] = ()
    faults: Mapping[str, str | None] = field(default_factory=dict)
    contradicts: tuple[str, ...] = ()  # faults that the measurement speaks against
    favours: tuple[tuple[str, str], ...] = ()  # a fault's id and the one of its causes that was shown
    not_restored: tuple[str, ...] = ()
    began: datetime | None = None
    ended: datetime | None = None


@dataclass(frozen=True, slots=True)
class Routine:
    """One routine: what is known before it runs (the page shows it on the card), and the coroutine that runs it.

    ``needs`` are points without which it cannot decide (alternatives as "a|b"), ``writes`` points it sets when armed,
    ``questions`` what it may ask. ``watch_s`` is how long it watches a live charger by itself, ``seconds`` the usual
    time of the whole. ``run`` returns the result; it raises ``Cancelled`` from the bench and what the link raises.
    """

    id: str
    title: str
    purpose: str
    run: "Callable[[Bench], Awaitable[RoutineResult]]"
    needs: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    questions: tuple[Question, ...] = ()
    watch_s: float = 0.0
    seconds: float = 0.0
    needs_link: bool = False  # it probes the link itself: nothing to be had from a recording of samples
    needs_profile: bool = True

    @property
    def is_guided(self) -> bool:
        """Tell whether it may ask a person."""
        return bool(self.questions)

    @property
    def is_writing(self) -> bool:
        """Tell whether a part of it writes, when armed."""
        return bool(self.writes)
