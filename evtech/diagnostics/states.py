"""Pilot states from whatever a recording calls them: letters, OCPP names, ASCII codes, a maker's numbers.

Digits: x1 without offer, x2 with offer (IEC 61851-1, annex A). A number without a map is read only where exactly one of
the usual enumerations agrees with the currents; else it stays unknown.
"""

import re
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from evtech.diagnostics.trace import Floats

Words = npt.NDArray[np.str_]
LETTERS = ("A1", "A2", "B", "B1", "B2", "C", "C1", "C2", "D", "D1", "D2", "E", "F")
UNDECIDED = "unknown"  # the charger itself says that it cannot tell the state
_NAMES: Mapping[str, str] = {
    "AVAILABLE": "A1", "PREPARING": "B", "CHARGING": "C2", "SUSPENDEDEV": "B2", "SUSPENDEDEVSE": "B1",
    "FINISHING": "B1", "UNAVAILABLE": "F", "FAULTED": "F", "UNKNOWN": UNDECIDED, "INVALID": UNDECIDED,
}  # fmt: skip
_ASCII = {str(code): chr(code) for code in range(65, 71)}
# usual enumerations of makers, tried where no profile tells: EVSE-DIN and relatives, Heidelberg and relatives, A1 to F
_ENUMERATIONS: tuple[Mapping[str, str], ...] = (
    {"1": "A1", "2": "B", "3": "C", "4": "D", "5": "F"},
    {"2": "A1", "3": "A2", "4": "B1", "5": "B2", "6": "C1", "7": "C2", "8": "C2", "9": "E", "10": "F", "11": "F"},
    {"0": "A1", "1": "A2", "2": "B1", "3": "B2", "4": "C1", "5": "C2", "6": "D1", "7": "D2", "8": "E", "9": "F"},
)  # fmt: skip
_ENOUGH_A = 1.0  # with such a current the state must be C or D
_AGREES, _MARGIN, _RARE = 0.9, 0.02, 0.2
_LETTER = re.compile(r"(?:STATE\s*)?([A-F][12]?)")


def pilot_words(words: Words, current: Floats | None) -> Words:
    """Return the states as letters with their digit where it was told; "" where nothing can be said.

    ``current`` is the largest phase current (A) at every sample, ``None`` where none is recorded.
    """
    listed = [str(word) for word in np.unique(words)]
    table = {word: _word(word) for word in listed}
    numbers = {word: _number(word) for word in listed}
    if any(numbers.values()) and not any(table.values()):
        table = _by_number(words, {word: number for word, number in numbers.items() if number}, current)
    result = np.full(len(words), "", "<U8")
    for word, state in table.items():
        if state:
            result[words == word] = state
    return result


def _word(word: str) -> str:
    upper = re.sub(r"[\s_-]+", "", word.strip().upper())
    found = _LETTER.fullmatch(upper)
    if found is None:
        return _NAMES.get(upper, "")
    return "A1" if found[1] == "A" else found[1] if found[1] in LETTERS else found[1][0]


def _number(word: str) -> str:
    found = re.fullmatch(r"\s*(\d+)(?:\.0*)?\s*", word)
    return found[1] if found else ""


def _by_number(words: Words, numbers: Mapping[str, str], current: Floats | None) -> dict[str, str]:
    if set(numbers.values()) <= set(_ASCII):
        return {word: "A1" if number == "65" else _ASCII[number] for word, number in numbers.items()}
    scores = []
    for enumeration in _ENUMERATIONS:
        if set(numbers.values()) <= set(enumeration):
            table = {word: enumeration[number] for word, number in numbers.items()}
            scores.append((_agreement(words, table, current), table))
    scores.sort(key=lambda pair: -pair[0])
    clear = len(scores) == 1 or (len(scores) > 1 and scores[0][0] - scores[1][0] > _MARGIN)
    return scores[0][1] if clear and scores[0][0] >= _AGREES else {}


def _agreement(words: Words, table: Mapping[str, str], current: Floats | None) -> float:
    """Return the share of samples at which current flows in C2 and D2 and nowhere else; less for a rare state D."""
    if current is None or not (np.nan_to_num(current) > _ENOUGH_A).any():
        return 0.0
    flowing = np.nan_to_num(current) > _ENOUGH_A
    must = np.isin(words, [word for word, state in table.items() if state in ("C2", "D2")])
    may = must | np.isin(words, [word for word, state in table.items() if state in ("C", "D", "C1", "D1")])
    share = float(np.where(flowing, may, ~must).mean())
    return share - (_RARE if any(state[0] == "D" for state in table.values()) else 0.0)
