"""Guided steps: ask a person, check what was typed, judge it, keep it as a step."""

from collections.abc import Mapping
from typing import Any

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.measurements import measurements
from evtech.diagnostics.routine import Question, StepResult, Verdict
from evtech.errors import InputError

_OPEN = ("open", "ol", "0l", "inf", "infinite")


async def ask_number(bench: Bench, name: str) -> float | None:
    """Return a typed number, ``None`` where it was skipped; raise ``InputError`` naming the bounds."""
    question = measurements()[name].question
    answer = await bench.ask(question)
    if answer is None:
        return None
    return checked_number(question, answer)


def checked_number(question: Question, answer: float | str) -> float:
    """Return a typed number; an open circuit ("open", "OL") counts as the most that can be typed.

    Raises ``InputError`` naming the bounds.
    """
    if isinstance(answer, str) and answer.strip().lower() in _OPEN and question.high is not None:
        return question.high
    try:
        number = float(answer)
    except ValueError:
        raise InputError(f"{question.name} = {answer!r} is no number.", f"A number in {question.unit}.") from None
    low, high = question.low, question.high
    if number != number or (low is not None and number < low) or (high is not None and number > high):
        raise InputError(
            f"{question.name} = {number:g} is not possible.", f"Allowed: {low:g} to {high:g} {question.unit}."
        )
    return number


async def ask_choice(bench: Bench, name: str) -> str | None:
    """Return a choice, ``None`` where it was skipped; raise ``InputError`` naming the choices."""
    question = measurements()[name].question
    answer = await bench.ask(question)
    if answer is None:
        return None
    return checked_choice(question, answer)


def checked_choice(question: Question, answer: float | str) -> str:
    """Return the choice that was meant; raise ``InputError`` naming the choices."""
    word = str(answer).strip().lower()
    for choice in question.choices:
        if choice.lower() == word:
            return choice
    raise InputError(f"{question.name} = {answer!r} is not possible.", f"Allowed: {', '.join(question.choices)}.")


def check_answers(answers: Mapping[str, Any]) -> list[str]:
    """Return the names that no step asks for; raise ``InputError`` for a known answer that is not possible."""
    for name, value in answers.items():
        known = measurements().get(name)
        if known is None or isinstance(value, bool):
            continue
        if not isinstance(value, int | float | str):
            raise InputError(f"{name} = {value!r} is neither a number nor a word.")
        (checked_choice if known.question.choices else checked_number)(known.question, value)
    return [name for name in answers if name not in measurements()]


async def measure(bench: Bench, name: str) -> StepResult:
    """Ask for one measurement and judge it against its limits; a skipped one is a step SKIPPED."""
    known = measurements()[name]
    question = known.question
    answer = await (ask_choice if question.choices else ask_number)(bench, name)
    if answer is None:
        return bench.step(name, Verdict.SKIPPED, "Not measured.", expected=question.expect)
    bench.measured[name] = answer
    band = known.band(answer)
    shown = answer if isinstance(answer, str) else f"{answer:g} {question.unit}"
    if band is None:
        return bench.step(name, Verdict.INCONCLUSIVE, f"{name} is {shown}.", measured=shown)
    if band.fault:
        bench.faults.setdefault(band.fault, None)
    if band.favours:
        bench.favours.append(band.favours)
    said = f"{question.name.replace('_', ' ')}: {shown}, {band.says} (expected: {question.expect})."
    return bench.step(name, band.verdict, said, expected=question.expect, measured=shown)
