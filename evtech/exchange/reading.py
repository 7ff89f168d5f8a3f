"""Finds out what a file is by its beginning, and opens it: evtech's exports, CSV, CDRs, OCPP logs."""

import re
from pathlib import Path
from typing import Any

from evtech.errors import InputError
from evtech.exchange import cdr, csv_samples, csv_sessions, evtech_json, ocpp_log, sample_columns, session_columns
from evtech.exchange.csv_table import Table, find_table
from evtech.exchange.incoming import Parcel
from evtech.exchange.json_stream import JsonStream, loads
from evtech.exchange.ocpp_frames import frame_of
from evtech.exchange.plans import SAMPLES, SESSIONS, Plan, checked
from evtech.exchange.progress import Progress
from evtech.exchange.source_file import SourceFile

KNOWN = (
    "Known: CSV of samples or of sessions, evtech's JSON and Parquet, OCPI CDRs (JSON), OCPP 1.6 and 2.0.1 logs"
    " (a message a line)."
)
CSV, LOG, CDRS, CDR_LINES, EXPORT, PARQUET = "csv", "ocpp", "cdr", "cdr lines", "evtech", "parquet"
_LOOKED_AT = 200  # lines
_MAGIC = {b"PK\x03\x04": "a workbook or an archive of files; save the table as CSV", b"%PDF": "a PDF",
          b"SQLi": "a database; an archive of evtech is opened, not imported"}  # fmt: skip
_OF_SESSIONS = frozenset(("energy_kwh", "energy", "kwh", "duration", "token"))
_DOCUMENT = re.compile(r"\s*(?:\{|\[\s*[\[{\]])")


def kind_of(source: SourceFile) -> str:
    """Return what a file is; raise ``InputError`` for what is none of the known kinds."""
    head = source.head()
    if head[:4] == b"PAR1":
        return PARQUET
    if head[:4] in _MAGIC:
        raise InputError(f"{source.path} is {_MAGIC[head[:4]]}.", KNOWN)
    if not head.strip():
        raise InputError(f"{source.path} is empty.", KNOWN)
    encoding = source.encoding()
    if not source.is_text():
        raise InputError(f"{source.path} is no text file.", KNOWN)
    text = head.decode("utf-16" if encoding == "utf-16" else "utf-8-sig", "replace").lstrip("\ufeff")
    if _DOCUMENT.match(text):
        return _kind_of_json(source, text)
    return LOG if any(frame_of(line) is not None for line in text.splitlines()[:_LOOKED_AT]) else CSV


def open_parcel(source: SourceFile, plan: Plan | None = None) -> Parcel:
    """Return a file ready to be read; raise ``InputError`` saying what is wrong with it."""
    plan = checked(plan or Plan())
    parcel = _opened(source, plan)
    parcel.plan = parcel.plan or plan
    return parcel


def _opened(source: SourceFile, plan: Plan) -> Parcel:
    kind = CSV if plan.kind else kind_of(source)
    if kind == CSV:
        table, warnings = look(source, plan)
        if table.plan.kind == SESSIONS:
            return csv_sessions.read_sessions(table, warnings)
        return csv_samples.read_samples(table, warnings, source.fingerprint())
    if kind == PARQUET:
        from evtech.exchange.parquet import read_parquet

        return read_parquet(source)
    if kind == LOG:
        return ocpp_log.read_log(source, plan)
    if kind == EXPORT:
        return evtech_json.read_export(source)
    return cdr.read_cdrs(source) if kind == CDRS else cdr.read_cdr_lines(source)


def look(source: SourceFile, plan: Plan | None = None) -> tuple[Table, list[str]]:
    """Return the first rows of a CSV with a plan of how to read it, and what is odd about it.

    A plan with columns is taken as it is; one without gets those that the titles suggest.
    """
    table = find_table(source, plan)
    if table.plan.columns:
        if len(table.plan.columns) != len(table.head):
            raise InputError(f"{source.path} has {len(table.head)} columns, the plan {len(table.plan.columns)}.", "")
        return table, []
    kind = table.plan.kind or _kind_of_table(table)
    propose = session_columns.proposed if kind == SESSIONS else sample_columns.proposed
    made, warnings = propose(table.plan, table.head)
    return Table(source, made, table.head, table.sample), warnings


def read_file(path: Path, plan: Plan | None = None, progress: Progress | None = None) -> Parcel:
    """Return a file ready to be read, by its path."""
    return open_parcel(SourceFile(path, progress), plan)


def _kind_of_table(table: Table) -> str:
    """Return what a table holds; raise ``InputError`` for one of ports, outages or states: these are no sessions."""
    head = table.head
    names = {title.strip() for title in head}
    if names >= {"port", "from"} and not names & _OF_SESSIONS:
        if names & {"cause", "excluded"}:
            raise InputError(f"{table.source.path} is a table of outages.", "`evtech fleet import --outages` takes it.")
        if "state" in names:
            raise InputError(f"{table.source.path} is a table of states.", "`evtech insights --states` reads it.")
    if "port" in names and names & {"rated_kw", "in_service_from"}:
        raise InputError(f"{table.source.path} is a table of ports.", "`evtech fleet import --ports` takes it.")
    if sample_columns.is_samples(head) or not session_columns.is_sessions(head):
        return SAMPLES
    return SESSIONS


def _kind_of_json(source: SourceFile, text: str) -> str:
    if evtech_json.is_export(text):
        return EXPORT
    first = _first_line(text)
    if first is not None:  # a value a line
        return CDR_LINES if cdr.is_cdr(first) else _log(source, first)
    stream = JsonStream(source)
    if stream.peek() == "[":
        for _ in stream.elements():
            element = stream.value()
            return CDRS if cdr.is_cdr(element) else _log(source, element)
        raise InputError(f"{source.path} holds an empty list.", KNOWN)
    return _kind_of_object(source, stream)


def _kind_of_object(source: SourceFile, stream: JsonStream) -> str:
    """Return what one object is: a CDR, an answer with CDRs or messages in it, or one message."""
    found: dict[str, Any] = {}
    for key in stream.keys():  # noqa: SIM118  # no dict: the keys are read from the file
        if key in (*cdr.ENVELOPES, *ocpp_log.ENVELOPES) and stream.peek() == "[":
            for _ in stream.elements():
                element = stream.value()
                return CDRS if cdr.is_cdr(element) else _log(source, element)
            raise InputError(f"{source.path} holds an empty list.", KNOWN)
        found[key] = stream.value()
    if any(cdr.is_cdr(each) for each in (found, *(found.get(key) for key in cdr.ENVELOPES))):
        return CDR_LINES if stream.peek() else CDRS
    return _log(source, found)


def _log(source: SourceFile, element: Any) -> str:
    if frame_of(element) is None:
        raise InputError(f"{source.path} holds no sessions that evtech knows.", KNOWN)
    return LOG


def _first_line(text: str) -> Any | None:
    """Return the value of the first line where each line is one of its own, else ``None``."""
    first, _, rest = text.lstrip().partition("\n")
    if rest.lstrip()[:1] not in ("{", "["):
        return None
    try:
        found = loads(first)
    except ValueError:
        return None
    return found if isinstance(found, dict) or frame_of(found) is not None else None
