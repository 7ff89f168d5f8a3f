"""A finding in one sentence's parts: what is wrong, what was measured, what to do first, what is dangerous."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from evtech.diagnostics.engine import Finding, Proof
from evtech.diagnostics.knowledge import SAFETY, Step
from evtech.measure.quantity import NARROW_SPACE, shown
from evtech.measure.vocabulary import TERMS, label

_NO_DANGER = SAFETY["reading"]
# signals that are no point of their own: the words for them and their unit
_OTHER = {
    "voltage": ("Voltage", "V"), "current": ("Current", "A"), "power": ("Power", "W"),
    "output_voltage": ("Output voltage", "V"), "cp_state": ("Pilot state", ""), "error_code": ("Code", ""),
    "link": ("Link", ""), "temperature_terminal": ("Terminal temperature", "degC"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Headline:
    """The parts; ``measured``, ``first`` and ``danger`` may be empty."""

    what: str
    measured: str
    first: str
    danger: str


def headline(finding: Finding) -> Headline:
    """Return the parts of the sentence that stands above everything else."""
    fault = finding.fault
    where = f" ({finding.phase.replace(',', ', ')})" if finding.phase else ""
    step = first_step(fault.steps)
    return Headline(
        fault.title + where,
        measured_words(finding.proofs),
        step.text.rstrip(".") if step else "",
        danger_words(fault.safety),
    )


def first_step(steps: Sequence[Step]) -> Step | None:
    """Return what a person does first; what evtech does by itself is no work for them."""
    return next((step for step in steps if step.kind != "auto"), steps[0] if steps else None)


def danger_words(safety: str) -> str:
    """Return the first sentence of a safety text, empty where nothing is dangerous."""
    text = safety.replace(_NO_DANGER, "").strip()
    return text.split(". ")[0].rstrip(".") if text else ""


def measured_words(proofs: Sequence[Proof]) -> str:
    """Return the most telling piece of evidence: a measured value with its limit before a word."""
    if not proofs:
        return ""
    return proof_words(min(proofs, key=_rank))


def proof_words(proof: Proof, limit: str = "limit") -> str:
    """Return one piece of evidence in words with unit and limit."""
    if proof.point == "answer" or (len(proof.point) == 3 and proof.point[1:].isdigit()):
        return proof.text  # told by a technician or a routine, in words
    name, unit = naming(proof.point)
    term = TERMS.get(proof.point)
    if term is not None and term.kind == "bool" and proof.value in (0, 1):
        return f"{name}: {'yes' if proof.value else 'no'}"
    words = f"{name} {_shown(proof.value, unit)}"
    bounds = proof.limit if isinstance(proof.limit, list | tuple) else [proof.limit]
    numbers = [b for b in bounds if isinstance(b, int | float) and not isinstance(b, bool)]
    if isinstance(proof.value, str) or not numbers:
        return words
    return f"{words}, {limit} {' … '.join(_shown(b, unit) for b in numbers)}"


def naming(point: str) -> tuple[str, str]:
    """Return a point's or a signal's name for people, and its base unit."""
    if point in _OTHER:
        return _OTHER[point]
    term = TERMS.get(point)
    return (label(point), term.unit) if term else (label(point.replace(".", "_")), "")


def _rank(proof: Proof) -> tuple[bool, bool, bool]:
    """Return what sorts measured values first: a number, with a limit, of something electrical."""
    is_number = isinstance(proof.value, int | float)
    _, unit = naming(proof.point)
    return not is_number, not unit, proof.limit is None


def _shown(value: Any, unit: str) -> str:
    """Return a value with its unit; the value is a number, a word or unknown."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return "—" if value is None else str(value)
    digits, name = shown(float(value), unit, None if unit else 2)
    if not unit:
        digits = digits.rstrip("0").rstrip(".") if "." in digits else digits
    return f"{digits}{NARROW_SPACE}{name}" if name else digits
