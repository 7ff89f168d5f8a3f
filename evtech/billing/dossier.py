"""The files of one dispute: what each is, told by its content, and what they say together.

A person drops a record, tariffs, signed meter values and perhaps the meter's key in any order and under any name.
"""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evtech.billing.check import CheckOptions, CheckResult, check_cdr, verified_values
from evtech.billing.errors import BillingError
from evtech.billing.folder import MAX_RECORDS
from evtech.billing.json_files import MAX_BYTES, parse_json
from evtech.billing.lint import Problem, lint
from evtech.billing.ocpi import records
from evtech.billing.signed_formats.content import TEXT_STARTS
from evtech.billing.tariff import Tariff
from evtech.billing.tariff_files import TariffSource, from_bytes
from evtech.errors import InputError

if TYPE_CHECKING:
    from evtech.billing.signed_values import VerifyResult

RECORD, TARIFF, SIGNED, KEY, UNKNOWN = ROLES = ("record", "tariff", "signed", "key", "unknown")
MOST_FILES = 50_000  # of a folder
LONGEST_KEY = 4_000  # characters
QUICK = 200_000  # bytes; a larger file is told by its marks alone, because a window waits for the answer
RECORD_MARK, TARIFF_MARK = b'"charging_periods"', b'"elements"'
XML_MARKS = (b"signedData", b"signedMeterValue", b"ChargingProcess", b"encodedMeterValue", b"OCMF")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One file, or a pasted text (``path`` is ``None``), and what it is taken for: one of ``ROLES``."""

    name: str
    data: bytes
    role: str
    path: Path | None = None

    @property
    def sha256(self) -> str:
        """Return the hash of the content."""
        return hashlib.sha256(self.data).hexdigest()


@dataclass(frozen=True, slots=True)
class Examined:
    """What the files say together.

    ``result`` is ``None`` without a charge record. ``tariff`` is the one that priced the session, else the first given;
    ``problems`` are its defects. ``verified`` is the verdict on the signed values, also where the rest cannot be
    checked.
    """

    result: CheckResult | None
    verified: "VerifyResult | None" = None
    tariff: Tariff | None = None
    problems: tuple[Problem, ...] = ()
    tariff_error: BillingError | None = None


def recognise(data: bytes) -> str:
    """Return what some bytes are, one of ``ROLES``; a broken file counts as what it was meant to be."""
    bare = data.removeprefix(b"\xef\xbb\xbf").lstrip()
    if bare[:1] in (b"{", b"["):
        return _json_role(data)
    if bare.startswith(TEXT_STARTS) or (bare.startswith(b"<") and any(mark in bare for mark in XML_MARKS)):
        return SIGNED
    if len(bare) <= LONGEST_KEY and _is_key(bare):
        return KEY
    return SIGNED if _holds_records(data) else UNKNOWN


def read_evidence(path: Path) -> Evidence:
    """Return a file with what it is; raise ``InputError`` where it cannot be read. At most 4 MB are taken."""
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.", "Check name and rights.") from error
    return Evidence(path.name, data, recognise(data), path)


def pasted(text: str, name: str) -> Evidence:
    """Return a pasted text with what it is."""
    data = text.encode("utf-8", "replace")
    return Evidence(name, data, recognise(data))


def files_below(folder: Path) -> list[Path]:
    """Return the files in a folder and below it, in order; raise ``InputError`` for none or too many."""
    found: list[Path] = []
    for path in folder.rglob("*"):
        if path.is_file() and not path.name.startswith("."):
            found.append(path)
        if len(found) > MOST_FILES:
            raise InputError(f"{folder} holds more than {MOST_FILES} files.", "Choose a smaller folder.")
    if not found:
        raise InputError(f"There is no file in {folder}.", "Choose the folder of the charge records.")
    return sorted(found)


def record_values(evidence: Evidence) -> list[Any]:
    """Return the JSON values of the charge records in a file; raise ``InputError`` where it cannot be read."""
    found = records(parse_json(evidence.data, evidence.name), "charging_periods")
    if not 0 < len(found) <= MAX_RECORDS:
        raise InputError(f"{evidence.name} holds {len(found)} records.", f"Between 1 and {MAX_RECORDS} a file.")
    return found


def holds_many(evidence: Evidence) -> bool:
    """Tell whether a file holds several records; like ``recognise`` it looks at the marks of a large one only."""
    marks = evidence.data.count(RECORD_MARK)
    if marks < 2 or len(evidence.data) > QUICK:
        return marks > 1
    try:
        return len(record_values(evidence)) > 1
    except InputError:
        return False


def tariffs_of(evidence: Sequence[Evidence]) -> TariffSource | None:
    """Return the source of the given tariffs; ``None`` where the record's own count."""
    return from_bytes([(one.name, one.data) for one in evidence if one.role == TARIFF])


def key_of(evidence: Sequence[Evidence]) -> str | None:
    """Return the meter's key that was given as a file."""
    return next((one.data.decode("utf-8-sig", "replace").strip() for one in evidence if one.role == KEY), None)


def verify_given(evidence: Sequence[Evidence], public_key: str | None) -> "VerifyResult | None":
    """Return the verdict on the signed values in files of their own; several texts are one transaction."""
    from evtech.billing.signatures import verify_bytes

    signed = [one.data for one in evidence if one.role == SIGNED]
    if not signed:
        return None
    joined = all(data.strip().startswith(b"OCMF|") for data in signed)
    return verify_bytes(b"\n".join(data.strip() for data in signed) if joined else signed[0], public_key=public_key)


def examine(evidence: Sequence[Evidence], options: CheckOptions | None = None, index: int = 0) -> Examined:
    """Return what the files say together; ``index`` chooses among the records of the first record file.

    Never raises for a bad file: the answer says what is wrong.
    """
    options = options or CheckOptions()
    options = replace(options, public_key=options.public_key or key_of(evidence))
    verified = verify_given(evidence, options.public_key)
    source = tariffs_of(evidence)
    record = next((one for one in evidence if one.role == RECORD), None)
    if record is None:
        tariff, error = _first(source)
        return Examined(None, verified, tariff, _problems(tariff), error)
    try:
        result = check_cdr(record_values(record)[index], source, replace(options, verified=verified))
    except InputError as error:
        result = CheckResult("error", "unreadable_cdr", str(error), error.hint)
    if result.cdr and not result.verified:
        verified = verified_values(result.cdr, replace(options, verified=verified))
    tariff, tariff_error = (result.pricing.tariff, None) if result.pricing else _first(source)
    return Examined(result, result.verified or verified, tariff, _problems(tariff), tariff_error)


def leftovers(evidence: Sequence[Evidence]) -> Iterator[str]:
    """Yield a sentence about each file that had no part in the answer."""
    signed = [one for one in evidence if one.role == SIGNED]
    if len(signed) > 1 and not all(one.data.strip().startswith(b"OCMF|") for one in signed):
        yield f"Only {signed[0].name} was verified; signed values of several files are joined for OCMF texts only."
    for one in evidence:
        if one.role == UNKNOWN:
            yield f"{one.name} is none of the files a billing check uses."


def _first(source: TariffSource | None) -> tuple[Tariff | None, BillingError | None]:
    try:
        return (next(iter(source([])), None) if source else None), None
    except BillingError as error:
        return None, error


def _problems(tariff: Tariff | None) -> tuple[Problem, ...]:
    return tuple(lint(tariff)) if tariff else ()


def _json_role(data: bytes) -> str:
    if len(data) > QUICK and (RECORD_MARK in data or TARIFF_MARK in data):
        return RECORD if RECORD_MARK in data else TARIFF
    try:
        first = records(parse_json(data, "file"), "charging_periods")[:1]
    except InputError:  # broken: what it was meant to be; the check will say how it is broken
        return RECORD if RECORD_MARK in data else TARIFF if TARIFF_MARK in data else SIGNED
    fields = first[0] if first and isinstance(first[0], dict) else {}
    if "charging_periods" in fields or "total_cost" in fields:
        return RECORD
    if "elements" in fields:
        return TARIFF
    if _holds_records(data):
        return SIGNED
    return TARIFF if {"id", "currency"} <= set(fields) else UNKNOWN


def _holds_records(data: bytes) -> bool:
    from evtech.billing.signed_formats import read_records
    from evtech.billing.signed_formats.content import ContentError, open_content
    from evtech.billing.signed_formats.format import TooManyError

    try:
        return bool(read_records(open_content(data))[1])
    except TooManyError:
        return True
    except ContentError:
        return False


def _is_key(data: bytes) -> bool:
    from evtech.billing.public_keys import read_key

    return read_key(data.decode("utf-8", "replace")) is not None
