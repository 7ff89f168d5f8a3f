"""What a person measures or looks at: questions and limits as data (``resources/routines/measurements.toml``)."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from evtech import paths
from evtech.diagnostics.knowledge import SAFETY
from evtech.diagnostics.routine import Question, Verdict


@dataclass(frozen=True, slots=True)
class Band:
    """Values up to ``upto`` (``None`` = the rest), or one choice: the verdict and what it says.

    ``fault`` is named by the answer; ``favours`` is a fault's id and the one of its causes that it speaks for.
    """

    verdict: Verdict
    says: str
    upto: float | None = None
    choice: str | None = None
    fault: str | None = None
    favours: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Measurement:
    """One question, the routine that asks it, and its bands in order; without bands the routine judges."""

    question: Question
    routine: str
    bands: tuple[Band, ...]

    def band(self, answer: float | str) -> Band | None:
        """Return the band of an answer."""
        for band in self.bands:
            if isinstance(answer, str):
                if band.choice == answer:
                    return band
            elif band.choice is None and (band.upto is None or answer <= band.upto):
                return band
        return None


@cache
def measurements() -> Mapping[str, Measurement]:
    """Return all measurements by name."""
    file = paths.resources() / "routines" / "measurements.toml"
    return {row["name"]: _measurement(row) for row in tomllib.loads(file.read_text("utf-8"))["measurement"]}


def question(name: str) -> Question:
    """Return one question."""
    return measurements()[name].question


def _measurement(row: dict[str, Any]) -> Measurement:
    choices = tuple(row.get("choices", ()))
    asked = Question(
        row["name"],
        row["text"],
        "choice" if choices else "number",
        row.get("unit", ""),
        row.get("low"),
        row.get("high"),
        choices,
        row.get("expect", ""),
        SAFETY[row.get("safety", "none")],
    )
    bands = tuple(
        Band(
            Verdict(band["verdict"]),
            band["says"],
            band.get("upto"),
            band.get("choice"),
            band.get("fault"),
            tuple(band["favours"]) if "favours" in band else None,
        )
        for band in row["bands"]
    )
    return Measurement(asked, row["routine"], bands)
