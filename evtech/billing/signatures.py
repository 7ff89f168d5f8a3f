"""Is what the meter signed genuine, whose key says so, and may it be billed?

The file decides nothing about trust: a key that came with it proves only that the file agrees with itself. Where the
key came from is part of the answer. Nothing here raises for bad content; the answer says what is wrong with it.
"""

from collections.abc import Sequence

from evtech.billing.ecdsa import curve_of_algorithm, verify
from evtech.billing.plausibility import judge, with_roles
from evtech.billing.public_keys import fingerprint, point_hex, read_key
from evtech.billing.signed_formats import read_records
from evtech.billing.signed_formats.content import ContentError, open_content
from evtech.billing.signed_formats.format import TooManyError
from evtech.billing.signed_formats.messages import read_signed_data
from evtech.billing.signed_values import (
    WORST_FIRST,
    Failure,
    Notice,
    Reading,
    Record,
    SignedValue,
    Transaction,
    Verdict,
    VerifyResult,
)

__all__ = [
    "Failure", "Notice", "Reading", "Record", "SignedValue", "Transaction", "Verdict", "VerifyResult",
    "verify_bytes", "verify_cdr",
]  # fmt: skip


def verify_bytes(data: bytes, *, public_key: str | None = None, key_source: str = "option") -> VerifyResult:
    """Return the verdict on a file of any known form; a given key decides, ``key_source`` names where it is from."""
    try:
        name, records = read_records(open_content(data))
    except ContentError as error:
        return VerifyResult("malformed", error.reason, "unknown")
    except TooManyError:
        return VerifyResult("malformed", "format", "unknown")
    return _result(name, records, public_key, key_source)


def verify_cdr(signed_data: dict[str, object], public_key: str | None = None) -> VerifyResult:
    """Return the verdict on the SignedData object of an OCPI CDR (2.2.1, mod_cdrs, SignedData class)."""
    try:
        records = read_signed_data(signed_data, lambda content: read_records(content, 1)[1])
    except ContentError as error:
        return VerifyResult("malformed", error.reason, "unknown")
    except TooManyError:
        return VerifyResult("malformed", "format", "unknown")
    if not records:
        return VerifyResult("malformed", "no_signed_data", "unknown")
    name = next((record.format for record in records if record.format != "unknown"), "unknown")
    return _result(name, records, public_key, "option")


def _result(name: str, read: Sequence[Record], public_key: str | None, key_source: str) -> VerifyResult:
    records = with_roles(read)
    given = (public_key or "").strip() or None
    values = tuple(_value(index, record, given, key_source) for index, record in enumerate(records))
    result = next(verdict for verdict in WORST_FIRST if any(value.signature == verdict for value in values))
    reason = next(value.reason for value in values if value.signature == result)
    transaction = judge(records, result == "valid", _key_problems(records, given))
    return VerifyResult(result, reason, name, values, transaction)


def _value(index: int, record: Record, given: str | None, given_source: str) -> SignedValue:
    """Return the verdict on one record, the worst reason first."""
    key_text, source = _key(record, given, given_source)
    if record.failure:
        return SignedValue(index, record, record.failure.verdict, record.failure.reason, source)
    curve = curve_of_algorithm(record.algorithm or "")
    if curve is None:
        return SignedValue(index, record, "unsupported", "algorithm", source)
    if key_text is None:
        verdict: Verdict = "invalid" if record.forged else "no_key"
        return SignedValue(index, record, verdict, "forged" if record.forged else None)
    key = read_key(key_text)
    if key is None:
        return SignedValue(index, record, "invalid", "key", source)
    if not key.fits(curve):
        return SignedValue(index, record, "invalid", "key_curve", source)
    point = key.on(curve)
    if point is None:
        return SignedValue(index, record, "invalid", "key", source)
    held = bool(record.signed) and all(
        any(verify(curve, point, data, signed.r, signed.s) for data in (signed.data, *signed.others))
        for signed in record.signed
    )
    reason = "signature" if not held else "forged" if record.forged else None
    whole = point_hex(curve, point)
    return SignedValue(index, record, "invalid" if reason else "valid", reason, source, fingerprint(whole), whole)


def _key(record: Record, given: str | None, given_source: str) -> tuple[str | None, str | None]:
    if given:
        return given, given_source
    if record.container_key:
        return record.container_key, "container"
    return (record.record_key, "record") if record.record_key else (None, None)


def _key_problems(records: Sequence[Record], given: str | None) -> list[Notice]:
    """Return ``key_mismatch`` where two keys of the file, or the file's and the given one, are not the same."""
    found = [
        key
        for record in records
        for key in (record.container_key, record.record_key, record.mentioned_key)
        if key is not None
    ]
    if given and any(_differ(given, key) for key in set(found)):
        return [Notice("key_mismatch", "The file carries another public key than the one that was given.")]
    if any(_differ(found[0], key) for key in set(found)):
        return [Notice("key_mismatch", "The records carry different public keys.")]
    return []


def _differ(left: str, right: str) -> bool:
    first, second = read_key(left), read_key(right)
    if first is None or second is None:
        return "".join(left.split()).lower() != "".join(right.split()).lower()
    return not first.same_as(second)
