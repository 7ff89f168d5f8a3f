"""What a folder or several files hold: files for one check, or records for many. Runs on a worker thread."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evtech.billing.batch import sort_folder
from evtech.billing.dossier import RECORD, Evidence, holds_many, read_evidence


@dataclass(frozen=True, slots=True)
class Found:
    """Files for one check, or (with ``records``) what goes with many records."""

    evidence: list[Evidence]
    records: list[Path | Evidence]


def look_through(folder: Path) -> Found:
    """Sort a folder's files; with one record they make one check. Raises ``InputError``."""
    found = sort_folder(folder)
    if len(found.records) == 1:
        record = replace(read_evidence(found.records[0]), role=RECORD)
        return divide([record, *found.others])
    return Found(list(found.others), list(found.records))


def divide(evidence: Sequence[Evidence]) -> Found:
    """Set the records apart where there is more than one, in several files or in one."""
    records = [one for one in evidence if one.role == RECORD]
    if len(records) > 1 or (records and holds_many(records[0])):
        return Found([one for one in evidence if one.role != RECORD], list(records))
    return Found(list(evidence), [])
