"""The signed-record formats that are known; a new one is a file here and a line in ``SIGNED_FORMATS``."""

from evtech.billing.signed_formats.alfen import ALFEN
from evtech.billing.signed_formats.chargeit_bsm import CHARGEIT_BSM
from evtech.billing.signed_formats.chargeit_emh import CHARGEIT_EMH
from evtech.billing.signed_formats.container import CONTAINER
from evtech.billing.signed_formats.content import Content, ContentError, object_of, open_content, unwrap
from evtech.billing.signed_formats.edl40 import EDL40
from evtech.billing.signed_formats.edl40_sig import EDL40_SIG
from evtech.billing.signed_formats.format import MOST_RECORDS, Inner, SignedFormat, TooManyError, broken, few
from evtech.billing.signed_formats.mennekes import MENNEKES
from evtech.billing.signed_formats.messages import MESSAGES
from evtech.billing.signed_formats.ocmf_text import OCMF
from evtech.billing.signed_formats.pcdf import PCDF
from evtech.billing.signed_formats.ptb import PTB
from evtech.billing.signed_values import Failure, Record

SIGNED_FORMATS: tuple[SignedFormat, ...] = (
    OCMF,
    ALFEN,
    PCDF,
    EDL40,
    CONTAINER,
    MENNEKES,
    EDL40_SIG,
    PTB,
    CHARGEIT_BSM,
    CHARGEIT_EMH,
    MESSAGES,
)

_DEEPEST = 4


def read_records(content: Content, depth: int = 0) -> tuple[str, list[Record]]:
    """Return the file's format and its records.

    Raise ``ContentError`` where nothing known is found, ``TooManyError`` where there are too many.
    """

    count = 0

    def inner(found: Content) -> list[Record]:
        nonlocal count
        records = read_records(found, depth + 1)[1]
        count += len(records)
        if count > MOST_RECORDS:
            raise TooManyError
        return records

    if depth > _DEEPEST:
        raise ContentError("format")
    known = next((known for known in SIGNED_FORMATS if known.recognises(content)), None)
    records = known.read(content, inner) if known else _lines(content, inner)
    if not few(records):
        raise ContentError("no_signed_data")
    return (known.name if known and known.name else _format_of(records)), records


def _lines(content: Content, inner: Inner) -> list[Record]:
    """Return the records of a text whose lines are each encoded, or of a file of a kind known but not read."""
    if "open.charging.cloud" in str(object_of(content.json).get("@context")):
        return [Record(format="unknown", failure=Failure("unsupported", "format"))]
    lines = [line for line in content.data.splitlines() if line.strip()]
    if content.xml is not None or content.json is not None or not 1 < len(lines) <= MOST_RECORDS:
        raise ContentError("format")
    opened = [unwrap(line) for line in lines]
    if not any(opened):
        raise ContentError("format")
    return [record for raw in opened for record in (inner(open_content(raw)) if raw else [broken("unknown")])]


def _format_of(records: list[Record]) -> str:
    return next((record.format for record in records if record.format != "unknown"), "unknown")
