"""The states and codes of a recording in a maker's own numbers, read by the product's profile.

A recording made by a logger holds the register as it came. What the profile says of such a number when the charger is
read live holds for the recording as well.
"""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from evtech.devices.library import Library
from evtech.devices.profile import Condition, Profile
from evtech.diagnostics.knowledge import catalogues
from evtech.diagnostics.trace import Trace

_NUMBER = re.compile(r"(\d+)(?:\.0*)?|0x([0-9A-Fa-f]+)")
_SURE = ("C", "D")  # a vehicle that charges is plugged in, whatever else is not recorded


def as_product_says(trace: Trace, profile: str | None, library: Library) -> tuple[Trace, Profile | None]:
    """Return a logger's recording with the maker's numbers read, and the profile they were read by.

    There is no profile where only the product's error codes are known; raises ``ProfileError`` where not even these.
    """
    if profile is None or (profile in catalogues() and all(p.id != profile for p in library.profiles())):
        return trace, None
    product = library.find(profile)
    return with_profile(trace, product), product


def with_profile(trace: Trace, profile: Profile) -> Trace:
    """Return the recording with pilot letters for the maker's numbers, and with the faults those numbers stand for.

    Only a column of nothing but numbers is read so; letters stay. Where a state rests on a register that is not
    recorded, it is unknown.
    """
    words, point = trace.texts.get("cp_state"), profile.state_point
    if words is None or point is None or not profile.states:
        return trace
    if not (words != "").any() or any(_number(word) is None for word in np.unique(words).tolist() if word):
        return trace
    names = sorted({c.point for rule in profile.states for c in rule.when} - {point})
    columns = [words.tolist(), *(_column(trace, name) for name in names)]
    rows = list(zip(*columns, strict=True))
    pilots = {row: _pilot(profile, dict(zip([point, *names], map(_number, row), strict=True))) for row in set(rows)}
    texts = dict(trace.texts) | {"cp_state": np.array([pilots[row] for row in rows])}
    codes = [_code(profile, _number(word)) for word in words.tolist()]
    if "error_code" not in texts and any(code not in ("", "0") for code in codes):
        texts["error_code"] = np.array(codes)
    return replace(trace, texts=texts)


def _number(word: str) -> int | None:
    found = _NUMBER.fullmatch(word.strip())
    return None if found is None else int(found[1]) if found[1] else int(found[2], 16)


def _column(trace: Trace, name: str) -> list[str]:
    if name in trace.texts:
        return [str(word) for word in trace.texts[name]]
    column = trace.numbers.get(name)
    return [""] * len(trace) if column is None else ["" if np.isnan(n) else f"{n:.0f}" for n in column]


def _pilot(profile: Profile, numbers: Mapping[str, int | None]) -> str:
    """Return the pilot state of the first rule that holds; "" where an earlier one cannot be judged."""
    doubtful = False
    for rule in profile.states:
        held = [_holds(condition, numbers[condition.point]) for condition in rule.when]
        if all(held):
            pilot = rule.pilot or ""
            return "" if doubtful and pilot[:1] not in _SURE else pilot
        doubtful |= None in held and False not in held
    return ""


def _holds(condition: Condition, number: int | None) -> bool | None:
    """Return whether a condition holds, ``None`` where its register is not recorded."""
    if number is None:
        return None
    if condition.values is not None and number not in condition.values:
        return False
    return number & condition.set_bits == condition.set_bits and not number & condition.clear_bits


def _code(profile: Profile, number: int | None) -> str:
    """Return the code that a number of the state register stands for, "0" for none."""
    if number is None:
        return ""
    catalogue = catalogues().get(profile.id)
    if catalogue is None or catalogue.register != profile.state_point or catalogue.mode != "enum":
        return "0"
    return str(number) if any(code.code == number and code.faults for code in catalogue.codes) else "0"
