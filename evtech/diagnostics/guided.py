"""Guided steps: ask a person, check what was typed, judge it, keep it as a step."""

from evtech.diagnostics.bench import Bench
from evtech.diagnostics.measurements import measurements
from evtech.diagnostics.routine import StepResult, Verdict
from evtech.errors import InputError


async def ask_number(bench: Bench, name: str) -> float | None:
    """Return a typed number, ``None`` where it was skipped; raise ``InputError`` naming the bounds."""
    question = measurements()[name].question
    answer = await bench.ask(question)
    if answer is None:
        return None
    try:
        number = float(answer)
    except ValueError:
        raise InputError(f"{name} = {answer!r} is no number.", f"A number in {question.unit}.") from None
    low, high = question.low, question.high
    if number != number or (low is not None and number < low) or (high is not None and number > high):
        raise InputError(f"{name} = {number:g} is not possible.", f"Allowed: {low:g} to {high:g} {question.unit}.")
    return number


async def ask_choice(bench: Bench, name: str) -> str | None:
    """Return a choice, ``None`` where it was skipped; raise ``InputError`` naming the choices."""
    question = measurements()[name].question
    answer = await bench.ask(question)
    if answer is None:
        return None
    word = str(answer).strip().lower()
    for choice in question.choices:
        if choice.lower() == word:
            return choice
    raise InputError(f"{name} = {answer!r} is not possible.", f"Allowed: {', '.join(question.choices)}.")


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
