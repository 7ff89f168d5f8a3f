"""A billing check kept in the archive with the files it was made from, and made again from them for a report.

The body is the answer (``evtech.billing.check/1``) with the names and hashes of the files and what was given beside
them. Files up to 1 MB are kept as attachments; a larger one is taken from its place again if it is still the same.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from evtech import VERSION
from evtech.billing.answer import check_json
from evtech.billing.check import CheckOptions, CheckResult
from evtech.billing.dossier import RECORD, ROLES, SIGNED, TARIFF, Evidence, examine, read_evidence, record_values
from evtech.billing.errors import BillingError
from evtech.errors import InputError
from evtech.insights.port_check import check_bills
from evtech.insights.rule_limits import load_limits
from evtech.reports.billing import write_report
from evtech.reports.sealing import Written
from evtech.store.archive import Archive
from evtech.store.attachments import LARGEST, Attachment, attach, attached
from evtech.store.results import Result

KIND = "billing"
SCHEMA = "evtech.billing.check/1"


def keep(
    archive: Archive, evidence: Sequence[Evidence], result: CheckResult, options: CheckOptions, index: int = 0
) -> Result:
    """Keep the answer about a record with its files; raise ``InputError`` for an error, ``ArchiveError``."""
    if result.pricing is None or result.cdr is None:
        raise InputError(f"There is nothing to keep: {result.message}", result.hint)
    recording = options.recording
    kept = Result(
        kind=KIND,
        title=f"Billing check {result.cdr.id or ''} {result.cdr.start:%Y-%m-%d}".replace("  ", " "),
        verdict=result.result,
        session_id=recording.id if recording else None,
        visit_id=recording.visit_id if recording else None,
        body=check_json(result)
        | {
            "software": VERSION,
            "sources": [_source(place, one) for place, one in enumerate(evidence)],
            "options": {
                "timezone": options.timezone,
                "ocpi_version": options.version,
                "public_key": options.public_key,
                "session": recording.id if recording else None,
                "displayed": None if options.displayed is None else str(options.displayed),
                "index": index,
            },
        },
    )
    archive.add_result(kept)
    small = [(place, one) for place, one in enumerate(evidence) if len(one.data) <= LARGEST]
    attach(archive, [Attachment(kept.id, _attachment_name(place, one.name), one.data) for place, one in small])
    check_bills(archive, load_limits(), kept)
    return kept


def reopen(archive: Archive, kept: Result) -> tuple[list[Evidence], CheckOptions, int]:
    """Return the files of a kept check, what was given beside them, and which record it was about.

    Raises ``InputError`` where a file that was too large to be kept is no longer what it was.
    """
    files = {file.name: file.data for file in attached(archive, kept.id)}
    evidence = [_evidence(place, source, files) for place, source in enumerate(kept.body.get("sources", []))]
    given: dict[str, Any] = kept.body.get("options", {})
    shown, session = given.get("displayed"), given.get("session")
    options = CheckOptions(
        timezone=given.get("timezone"),
        version=given.get("ocpi_version", "auto"),
        public_key=given.get("public_key"),
        recording=archive.session(session) if session else None,
        displayed=None if shown is None else Decimal(shown),
    )
    return evidence, options, int(given.get("index", 0))


def write_kept_report(
    archive: Archive,
    id_: str,
    *,
    pdf: Path | None = None,
    html: Path | None = None,
    lang: str = "en",
    seal: bool = True,
) -> list[Written]:
    """Write the report of a kept check, made again from its files; return each file with its SHA-256.

    The calculation is the same for ever; where this version nevertheless comes to another verdict, the report says so.
    """
    kept = archive.result(id_, KIND)
    evidence, options, index = reopen(archive, kept)
    result = examine(evidence, options, index).result
    if result is None:
        raise InputError(f"{kept.title} holds no charge record.")
    if result.result != kept.verdict:
        note = f"evtech {kept.body.get('software')} came to {kept.verdict} on {kept.at:%Y-%m-%d}, this one does not."
        result = replace(result, notes=(*result.notes, note))
    return write_report(result, _files(evidence), pdf=pdf, html=html, lang=lang, made=datetime.now(UTC), seal=seal)


def write_file_report(
    path: Path, *, pdf: Path | None = None, html: Path | None = None, lang: str = "en", seal: bool = True
) -> list[Written]:
    """Write the report about the record in a file, or about the only record in a folder with its tariffs and values.

    Raises ``InputError`` where there is no record or more than one, ``BillingError`` where it cannot be checked.
    """
    from evtech.billing.dossier import files_below

    evidence = [read_evidence(file) for file in (files_below(path) if path.is_dir() else [path])]
    used = [one for one in evidence if one.role in (RECORD, TARIFF, SIGNED)]
    records = [one for one in used if one.role == RECORD] or [replace(one, role=RECORD) for one in evidence[:1]]
    result = examine([*records, *(one for one in used if one.role != RECORD)]).result
    if result is None or result.error:
        raise BillingError(
            (result and result.error) or "unreadable_cdr",
            (result and result.message) or f"{path} holds no charge record.",
            _hint(result),
        )
    if len(records) > 1 or len(record_values(records[0])) > 1:
        raise InputError(f"{path} holds several records; a report is about one.", "Name the file of one record.")
    return write_report(result, _files(used or records), pdf=pdf, html=html, lang=lang, seal=seal)


def _hint(result: CheckResult | None) -> str | None:
    if result is not None and result.error in ("no_valid_tariff", "timezone_missing", "timezone_invalid"):
        return "`evtech billing check` takes --tariff, --timezone and --pdf; or name a folder with record and tariff."
    return result.hint if result else "Name a charge record, a folder with one, or the id of a kept check."


def _files(evidence: Sequence[Evidence]) -> list[tuple[str, bytes]]:
    return [(one.name, one.data) for one in evidence]


def _source(place: int, one: Evidence) -> dict[str, Any]:
    kept = _attachment_name(place, one.name) if len(one.data) <= LARGEST else None
    path = None if one.path is None else str(one.path)
    return {"name": one.name, "role": one.role, "sha256": one.sha256, "path": path, "attachment": kept}


def _attachment_name(place: int, name: str) -> str:
    return f"{place + 1}-{name}"


def _evidence(place: int, source: dict[str, Any], files: dict[str, bytes]) -> Evidence:
    name, role = str(source["name"]), str(source["role"])
    data = files.get(str(source.get("attachment")))
    path = Path(source["path"]) if source.get("path") else None
    if data is None and path is not None:
        try:
            data = path.read_bytes()
        except OSError:
            data = None
    if data is None or hashlib.sha256(data).hexdigest() != source["sha256"]:
        raise InputError(
            f"{name} was too large to be kept and is not at its place any more, or was changed.",
            "Check the record again with the original files.",
        )
    return Evidence(name, data, role if role in ROLES else ROLES[-1], path)
