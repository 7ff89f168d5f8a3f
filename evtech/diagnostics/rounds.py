"""Runs routines for a person at a screen: progress, questions, a stop, partial results. The window only looks.

Runs on the I/O loop; ``state`` may be read from any thread and is replaced, never changed in place.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from evtech.diagnostics.bench import Answer, Asker, Bench
from evtech.diagnostics.routine import Progress, Question, Routine, RoutineResult, StepResult
from evtech.diagnostics.runner import run_routines
from evtech.errors import InputError

BenchMaker = Callable[[Asker, Callable[[Progress], None], asyncio.Event], Bench]


@dataclass(frozen=True, slots=True)
class RoundState:
    """What a run is doing: the routine, in words and as a share (``None`` = no end known), its steps, its question."""

    is_running: bool = False
    routine: str = ""
    text: str = ""
    share: float | None = None
    steps: tuple[StepResult, ...] = ()
    question: Question | None = None
    waiting: tuple[str, ...] = ()  # routines that come after the present one
    results: tuple[RoutineResult, ...] = ()  # the newest of each routine, of all runs


class Rounds:
    """One run at a time; results of earlier runs are kept until the same routine is run again."""

    def __init__(self) -> None:
        self.state = RoundState()
        self.answers: dict[str, Answer] = {}
        self._cancel: asyncio.Event | None = None
        self._answer: asyncio.Future[Answer | None] | None = None

    async def run(self, routines: Sequence[Routine], make_bench: BenchMaker) -> tuple[RoutineResult, ...]:
        """Run routines in order; raise ``InputError`` while another run goes on."""
        if self.state.is_running:
            raise InputError(f"{self.state.routine} is still running.", "Stop it first, or wait for its end.")
        self._cancel = asyncio.Event()
        names = tuple(routine.id for routine in routines)
        self.state = replace(self.state, is_running=True, routine=names[0] if names else "", waiting=names[1:])
        try:
            return await run_routines(routines, make_bench(self._ask, self._report, self._cancel), self._take)
        finally:
            self.state = replace(self.state, is_running=False, question=None, share=None, waiting=())

    def cancel(self) -> None:
        """Stop the run; what was found is kept."""
        if self._cancel is not None:
            self._cancel.set()

    def answer(self, value: Answer | None) -> None:
        """Answer the question that stands; ``None`` skips it."""
        question = self.state.question
        if question is None or self._answer is None or self._answer.done():
            return
        if value is not None:
            self.answers[question.name] = value
        self.state = replace(self.state, question=None)
        self._answer.set_result(value)

    async def _ask(self, question: Question) -> Answer | None:
        self._answer = asyncio.get_running_loop().create_future()
        self.state = replace(self.state, question=question)
        try:
            return await self._answer
        finally:
            self.state = replace(self.state, question=None)

    def _report(self, progress: Progress) -> None:
        now = self.state
        steps = () if progress.routine != now.routine else now.steps
        if progress.step is not None:
            steps = (*steps, progress.step)
        waiting = now.waiting
        if progress.routine in waiting:
            waiting = waiting[waiting.index(progress.routine) + 1 :]
        self.state = replace(
            now, routine=progress.routine, text=progress.text, share=progress.share, steps=steps, waiting=waiting
        )

    def _take(self, result: RoutineResult) -> None:
        kept = tuple(r for r in self.state.results if r.id != result.id)
        self.state = replace(self.state, results=(*kept, result), steps=(), share=None)


def judged(value: float, question: Question) -> str:
    """Return why a typed value cannot be right, empty where it can be."""
    if question.low is not None and value < question.low:
        return f"Below {question.low:g} {question.unit} nobody can have measured this.".replace("  ", " ")
    if question.high is not None and value > question.high:
        return f"Above {question.high:g} {question.unit} nobody can have measured this.".replace("  ", " ")
    return ""
