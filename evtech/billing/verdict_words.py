"""The verdict on signed values in sentences."""

from evtech.billing.signed_values import SignedValue, VerifyResult

VERDICTS = {
    "valid": "Every signature is valid.",
    "invalid": "A signature is not valid.",
    "no_key": "No public key is at hand, so nothing can be said about the signature.",
    "unsupported": "The file is of a kind that evtech cannot verify.",
    "malformed": "The file, or a record in it, cannot be read.",
}
REASONS = {
    "signature": "The signature does not belong to this text and this key: the values or the key were changed.",
    "key": "The public key cannot be read or is no point of the curve.",
    "key_curve": "The public key belongs to another curve than the signature.",
    "sections": "The record does not have the parts that its format asks for.",
    "payload_json": "The content is not readable as JSON.",
    "signature_encoding": "The signature itself cannot be decoded.",
    "algorithm": "The signature's algorithm is not known.",
    "no_signed_data": "There is no signed data in it.",
    "xml": "The XML is not well-formed, or it has a document type.",
    "empty": "The file is empty.",
    "format": "The format is not recognised.",
    "forged": "An unsigned copy beside the signed values says something else.",
}
KEY_SOURCES = {
    "option": "the key given on the command line",
    "container": "the key that came with the file: it proves only that the file agrees with itself",
    "record": "the key inside the record: it proves only that the record agrees with itself",
    "registry": "the key pinned for this meter",
}


def describe(result: VerifyResult) -> list[str]:
    """Return the lines for a person: verdict, cause, key, values, transaction."""
    lines = [f"{result.result.upper()}  {VERDICTS[result.result]}  ({result.format})"]
    if result.reason:
        lines.append(f"  {REASONS.get(result.reason, result.reason)}")
    if result.key_source:
        lines.append(f"  verified with {KEY_SOURCES.get(result.key_source, result.key_source)}")
    lines += [_value_line(value) for value in result.values]
    return lines + _transaction_lines(result)


def _value_line(value: SignedValue) -> str:
    record = value.record
    last = record.readings[-1] if record.readings else None
    reading = f"{last.value} {last.unit or ''}" if last and last.value is not None else "—"
    reason = f" ({value.reason})" if value.reason else ""
    page = f"  page {record.page}" if record.page else ""
    return f"  {value.index}  {value.signature}{reason}  meter {record.meter_serial or '—'}{page}  {reading}"


def _transaction_lines(result: VerifyResult) -> list[str]:
    transaction = result.transaction
    energy = "—" if transaction.energy_kwh is None else f"{transaction.energy_kwh:f} kWh"
    duration = "—" if transaction.duration_s is None else f"{transaction.duration_s.normalize():f} s"
    state = "complete" if transaction.complete else "not complete"
    billable = "may be billed" if transaction.billable else "must not be billed"
    lines = [f"Transaction {state}: {energy}, {duration}; {billable}."]
    lines += [f"  problem {notice.code}: {notice.message}" for notice in transaction.problems]
    lines += [f"  warning {notice.code}: {notice.message}" for notice in transaction.warnings]
    return lines + [f"  note: {note}" for note in transaction.notes]
