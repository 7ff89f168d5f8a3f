"""Handing a visit over: what would be in the file, and the file with reports, profiles and traffic.

Reports are made from what the file itself holds, so that a name which is left out of the rows is not in a report
either. Raw frames cannot be cleaned of card numbers: where cards are left out, they stay out too.
"""

import hashlib
import importlib
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evtech.errors import EvtechError, InputError
from evtech.reports.signers import Signer
from evtech.reports.visit_file import export_visit, load_rows, open_visit
from evtech.store.portable import results_by_kind, visit_id

if TYPE_CHECKING:
    from evtech.store.archive import Archive

Progress = Callable[[str, int, int], None]  # what is done now, how many steps are done, how many there are
# kind of result -> module and function that writes its report: (archive, id, pdf=, lang=, seal=)
_REPORTS = {
    "diagnosis": ("evtech.reports.diagnosis", "write_diagnosis_report"),
    "calibration": ("evtech.reports.calibration_kept", "write_kept_calibration"),
    "billing": ("evtech.reports.billing_kept", "write_kept_report"),
}
_ATTACHED = " WHERE ? IN (visit_id, (SELECT visit_id FROM result WHERE result.id = result_id))"
_COUNTED = {
    "recordings": "SELECT count(*) FROM recording WHERE visit_id = ?",
    "sessions": "SELECT count(*) FROM charging_session s JOIN recording r ON r.id = recording_id WHERE r.visit_id = ?",
    "running": "SELECT count(*) FROM open_session s JOIN recording r ON r.id = s.recording_id WHERE r.visit_id = ?",
    "events": "SELECT count(*) FROM event e JOIN recording r ON r.id = e.recording_id WHERE r.visit_id = ?",
    "polls": (
        "SELECT coalesce(sum(n), 0) FROM chunk_time c JOIN recording r ON r.id = c.recording_id WHERE r.visit_id = ?"
    ),
    "tail": "SELECT count(*) FROM tail t JOIN recording r ON r.id = t.recording_id WHERE r.visit_id = ?",
    "bytes": (
        "SELECT coalesce(sum(length(c.data)), 0) FROM chunk c JOIN point p ON p.id = c.point_id"
        " JOIN recording r ON r.id = p.recording_id WHERE r.visit_id = ?"
    ),
    "attachments": f"SELECT count(*) FROM attachment{_ATTACHED}",
    "attachment_bytes": f"SELECT coalesce(sum(length(data)), 0) FROM attachment{_ATTACHED}",
}


@dataclass(frozen=True, slots=True)
class Preview:
    """What a visit's file would hold. ``counts`` has the names of ``_COUNTED``; ``results`` counts by kind."""

    visit: str
    counts: dict[str, int]
    results: dict[str, int]
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What is handed over. ``reports`` is a language or ``None``; ``traffic`` a finished pcapng file's bytes."""

    visit: str
    leave_out: tuple[str, ...] = ()
    reports: str | None = None
    traffic: bytes | None = None


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A finished file: its SHA-256, its manifest, and sentences about what could not be put in."""

    path: Path
    sha256: str
    manifest: dict[str, Any]
    remarks: tuple[str, ...]


class CancelledError(EvtechError):
    """Handing over was given up; no file was written."""

    exit_code = 130


def preview(archive: "Archive", id_or_prefix: str) -> Preview:
    """Return what a visit holds; raise ``NotFoundError``."""
    with archive.reading() as connection:
        visit = visit_id(connection, id_or_prefix)
        counts = {
            name: int(connection.exec_driver_sql(query, (visit,)).scalar_one()) for name, query in _COUNTED.items()
        }
        profiles = connection.exec_driver_sql(
            "SELECT DISTINCT profile FROM recording WHERE visit_id = ? ORDER BY profile", (visit,)
        ).fetchall()
        kinds = results_by_kind(connection, visit)
    return Preview(visit, counts, kinds, tuple(str(row[0]) for row in profiles))


def hand_over(
    archive: "Archive", wish: Wish, target: Path, signer: Signer, *, profile_file: Callable[[str], Path | None],
    progress: Progress = lambda step, done, count: None,
) -> HandedOver:  # fmt: skip
    """Write the file, whole or not at all. ``progress`` is called between steps and may raise to give up.

    ``profile_file`` finds a profile's file by id. Raises ``NotFoundError``, ``InputError`` and ``ArchiveError``.
    """
    if wish.traffic is not None and "tokens" in wish.leave_out:
        raise InputError(
            "Raw traffic holds card numbers as the charger sent them.", "Leave out the traffic, or keep the cards."
        )
    remarks: list[str] = []
    extra = _profiles(preview(archive, wish.visit).profiles, profile_file, remarks)
    if wish.traffic is not None:
        extra["traffic/link.pcapng"] = wish.traffic
    if wish.reports is not None:
        extra |= _reports(archive, wish, signer, remarks, progress)
    progress("file", 0, 1)
    manifest = export_visit(archive, wish.visit, target, signer, redact=wish.leave_out, extra=extra, step=progress)
    with target.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return HandedOver(target, digest, manifest, tuple(remarks))


def _profiles(
    names: tuple[str, ...], profile_file: Callable[[str], Path | None], remarks: list[str]
) -> dict[str, bytes]:
    found = {}
    for name in names:
        file = profile_file(name)
        if file is None:
            remarks.append(f"The profile {name} is not known here any more; it is not in the file.")
            continue
        found[f"profiles/{Path(name).stem}.toml"] = file.read_bytes()
    return found


def _reports(
    archive: "Archive", wish: Wish, signer: Signer, remarks: list[str], progress: Progress
) -> dict[str, bytes]:
    """Return the reports of a visit by member name, made from its rows as they are handed over."""
    from evtech.store.archive import Archive

    with tempfile.TemporaryDirectory(prefix="evtech-hand-over-") as folder:
        rows = Path(folder) / "rows.evvisit"
        export_visit(archive, wish.visit, rows, signer, redact=wish.leave_out, step=progress)
        copy = Archive.open(Path(folder) / "rows.evtech")
        try:
            load_rows(copy, open_visit(rows, {}), step=progress)
            return _written(copy, Path(folder), signer, wish.reports or "en", remarks, progress)
        finally:
            copy.close()


def _written(
    copy: "Archive", folder: Path, signer: Signer, lang: str, remarks: list[str], progress: Progress
) -> dict[str, bytes]:
    from evtech.reports.seal import sign_pdf

    wanted = [("session", session.id) for session in copy.sessions()]
    wanted += [(kind, result.id) for kind in _REPORTS for result in copy.results(kind)]
    made = {}
    for number, (kind, id_) in enumerate(wanted):
        progress(f"{kind} {id_[:8]}", number, len(wanted))
        module, function = ("evtech.reports.session", "write_session_report") if kind == "session" else _REPORTS[kind]
        file = folder / "report.pdf"
        try:
            getattr(importlib.import_module(module), function)(copy, id_, pdf=file, lang=lang, seal=False)
        except EvtechError as error:  # one report that cannot be made must not keep the visit back
            remarks.append(f"The report {kind} {id_[:8]} is not in the file: {error}")
            continue
        made[f"reports/{kind}-{id_[:8]}.pdf"] = sign_pdf(file.read_bytes(), signer)
    return made
