"""Looks a code or some words up: vendor codes, faults, MREC and OCPP names. Needs no connection."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from evtech.diagnostics import trade_names
from evtech.diagnostics.knowledge import Catalogue, Fault, VendorCode, catalogues, faults

# a number as people read it from a display, a log or a row of blinks
_NUMBER = re.compile(
    r"(?:(?:\w*_(?:state|code|cause)(?:_\d)?|state|status|error|meter)[\s:#-]+)?"
    r"(?:(?:error|err|code|fault|bit|state|status|group|blinks?|flash(?:es)?|led|e|f)[\s:#-]*)?"
    r"(?P<number>0x[0-9a-f]+|[0-9a-f]+h|\d+)(?:\s*(?:x|times|blinks?|flashes))?",
    re.IGNORECASE,
)


_OCPP_ONLY = ("LocalListConflict",)  # an OCPP code that no fault bears as its own


@dataclass(frozen=True, slots=True)
class Match:
    """One answer: where it comes from, what it means, which faults it points to."""

    kind: str  # vendor | fault | mrec | ocpp
    profile: str | None
    code: str
    meaning: str | None
    published: bool
    severity: str
    faults: tuple[str, ...]


def look_up(query: str, profile: str | None = None) -> list[Match]:
    """Return what a code or words mean, the closest first; with ``profile`` only that product's codes.

    Decimal and hexadecimal forms, bits and blink counts are understood. Where a product publishes no meanings, its
    code is found with ``meaning`` ``None``.
    """
    text = query.strip()
    if not text:
        return []
    found = [] if profile else named(text)
    found += _vendor(text, profile)
    if not found and not profile:
        found = _words(text)
    return found


def look_up_register(word: str, profile: str) -> list[Match]:
    """Return what the value of a product's error register means: every bit that is set, or the code."""
    catalogue = catalogues()[profile]
    if catalogue.mode == "bits" and re.fullmatch(r"0x[0-9a-f]+|\d+", word, re.IGNORECASE):
        value = int(word, 0) if word[:2].lower() == "0x" else int(word)
        known = {code.code: code for code in catalogue.codes}
        bits = [bit for bit in range(value.bit_length()) if value >> bit & 1]
        if bits and all(bit in known for bit in bits):
            return [_match(catalogue, known[bit]) for bit in bits]
    return look_up(word, profile)


def numbers_in(text: str) -> set[int]:
    """Return the numbers that a code may stand for: 12 as written, and as hexadecimal where it says so."""
    text = text.strip()
    if re.fullmatch(r"[0-9a-f]+h", text, re.IGNORECASE):
        return {int(text[:-1], 16)}
    # letters that are hexadecimal digits may also be just that: F4 is 4 on one display and 0xF4 on another
    found = {int(text, 16)} if re.fullmatch(r"(?=.*[a-f])[0-9a-f]{2,8}", text, re.IGNORECASE) else set()
    match = _NUMBER.fullmatch(text)
    if match is not None:
        number = match["number"].lower()
        found.add(int(number.rstrip("h"), 16) if number[-1] == "h" or number[:2] == "0x" else int(number))
    return found


def named(text: str) -> list[Match]:
    """Return what a name of the trade stands for: a fault id, a code or name of MREC, OCPP and others."""
    key = text.upper()
    found = []
    if key in faults():
        found.append(_fault_match(key))
    for kind, attribute in (("mrec", "mrec"), ("ocpp", "ocpp")):
        hits = [f.id for f in faults().values() if (getattr(f, attribute) or "").upper() == key]
        found += [_meant(kind, text, hits)] if hits else []
    code, other = trade_names.mrec_code(text), trade_names.faults_named(text)
    if code is not None:
        found.append(_meant("mrec", code, [f.id for f in faults().values() if f.mrec == code]))
    if other is not None and not found:
        name, meant = other
        found += [_meant("ocpp", name, meant)] if name in _OCPP_ONLY else [_fault_match(fault) for fault in meant]
    return found


def _fault_match(name: str) -> Match:
    fault = faults()[name]
    return Match("fault", None, fault.id, fault.title, True, fault.severity, (fault.id,))


def _meant(kind: str, code: str, names: Sequence[str]) -> Match:
    hits = [faults()[name] for name in names]
    worst = min(hits, key=lambda f: ("critical", "fault", "warning", "info").index(f.severity))
    return Match(kind, None, code, "; ".join(f.title for f in hits), True, worst.severity, tuple(names))


def _vendor(text: str, profile: str | None) -> list[Match]:
    found = []
    numbers = numbers_in(text)
    chosen = [c for name, c in catalogues().items() if profile in (None, name)]
    for catalogue in chosen:
        hits = [code for code in catalogue.codes if _is(code, text, numbers)]
        found += [_match(catalogue, code) for code in hits]
        if not hits and profile is not None and numbers and not catalogue.published:
            # the product has codes, but the maker tells nobody what they mean: the raw value is the answer
            found.append(Match("vendor", catalogue.profile, text, None, False, "fault", ()))
        elif not hits and profile is not None and numbers and catalogue.default:
            found.append(Match("vendor", catalogue.profile, text, catalogue.default, True, "fault", ("INT-FAULT",)))
    return found


def _is(code: VendorCode, text: str, numbers: set[int]) -> bool:
    if isinstance(code.code, int):
        return code.code in numbers
    return code.code.casefold() == text.casefold() or (bool(numbers) and numbers_in(code.code) == numbers)


def _match(catalogue: Catalogue, code: VendorCode) -> Match:
    shown = str(code.code)
    return Match("vendor", catalogue.profile, shown, code.meaning, code.meaning is not None, code.severity, code.faults)


def _words(text: str) -> list[Match]:
    words = text.casefold().split()
    found = []
    for catalogue in catalogues().values():
        found += [
            _match(catalogue, code)
            for code in catalogue.codes
            if code.meaning and all(word in f"{code.meaning} {catalogue.vendor}".casefold() for word in words)
        ]
    hits = [fault for fault in faults().values() if all(word in _all_words(fault) for word in words)]
    titled = [fault for fault in hits if all(word in fault.title.casefold() for word in words)]
    ordered = [*titled, *(fault for fault in hits if fault not in titled)]
    return [Match("fault", None, f.id, f.title, True, f.severity, (f.id,)) for f in ordered] + found


def _all_words(fault: Fault) -> str:
    return " ".join([fault.id, fault.title, *(cause.cause for cause in fault.causes)]).casefold()
