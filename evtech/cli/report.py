"""``evtech report``: documents made from the archive."""

import importlib
import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from evtech.cli.insights import zone_named
from evtech.cli.output import Output
from evtech.errors import ArchiveError, InputError

if TYPE_CHECKING:
    from evtech.reports.sealing import Written

# kind -> module and function that writes it: (archive, id, pdf=, html=, lang=, seal=) -> [(file, SHA-256)]
KINDS = {
    "session": ("evtech.reports.session", "write_session_report"),
    "diagnosis": ("evtech.reports.diagnosis", "write_diagnosis_report"),
    "billing": ("evtech.reports.billing_kept", "write_kept_report"),
    "calibration": ("evtech.reports.calibration_kept", "write_kept_calibration"),
    "availability": ("evtech.reports.availability", "write_availability"),
    "customer": ("evtech.reports.customer", "write_customer"),
    "visit": ("evtech.reports.visit", "write_visit"),
}
# into a folder these write a file each: a port, a session, a site
MANY = {
    "availability": KINDS["availability"],
    "session": ("evtech.reports.batch", "write_sessions"),
    "customer": ("evtech.reports.batch", "write_customers"),
}
# options beyond these, by kind
TABLES = ("availability", "customer", "visit")
PERIODS = ("availability", "customer")


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def report(
        context: typer.Context,
        kind: str = typer.Argument(..., metavar="KIND", help=f"{', '.join(KINDS)}, or verify"),
        id_: str = typer.Argument(
            ...,
            metavar="ID",
            help="Id; a port or site, or all; with billing a record's file too; with verify a PDF or .evvisit file.",
        ),
        pdf: str | None = typer.Option(None, help=f"PDF file to write, or FOLDER/ for a file each: {', '.join(MANY)}."),
        html: str | None = typer.Option(None, help="HTML file to write, or FOLDER/."),
        xlsx: str | None = typer.Option(None, help=f"Workbook to write, or FOLDER/: {', '.join(TABLES)}."),
        csv: str | None = typer.Option(None, help="The first table as CSV; into FOLDER/ every table."),
        from_: str | None = typer.Option(None, "--from", help=f"Start: {', '.join(PERIODS)}, sessions into a folder."),
        to: str | None = typer.Option(None, help="End, not included."),
        period: str | None = typer.Option(
            None, help="Instead: 2025, 2025-Q1 or 2025-03; with availability on each port's own clock."
        ),
        zone: str = typer.Option("UTC", "--timezone", help="IANA zone of ports of which none was entered."),
        outages: Path | None = typer.Option(None, help="With availability: CSV of outages and exclusions."),  # noqa: B008
        prepared_by: str | None = typer.Option(
            None, "--technician", help="With availability: who prepared it; else the name of the settings."
        ),
        lang: str = typer.Option("en", help="en or de"),
        seal: bool = typer.Option(True, "--seal/--no-seal", help="Sign the PDF with your key."),
        trust_as: str | None = typer.Option(
            None, "--trust", help="With verify: know this signer under a name from now on."
        ),
    ) -> None:
        """Write a report, or say whether one is what evtech wrote and who sealed it."""
        if kind == "verify":
            raise typer.Exit(verify(context.obj.output, Path(id_), trust_as))
        if kind not in KINDS:
            raise InputError(f"There is no report {kind!r} in this version.", f"Available: {', '.join(KINDS)}.")
        named = {"pdf": pdf, "html": html} | ({"xlsx": xlsx, "csv": csv} if kind in TABLES else {})
        if not any(named.values()):
            raise InputError("No file is named.", "Add --pdf FILE, --html FILE or both.")
        files = {name: target(text) for name, text in named.items() if text}
        is_many = any(path.is_dir() for path in files.values())
        if is_many and kind not in MANY:
            raise InputError(f"{kind} writes one file.", f"Into a folder: {', '.join(MANY)}. Else name a file.")
        if kind == "billing" and Path(id_).exists():
            from evtech.reports.billing_kept import write_file_report

            written = write_file_report(Path(id_), **files, lang=lang, seal=seal)
        else:
            options: dict[str, object] = {}
            if kind in PERIODS or is_many:
                options |= _period(kind, from_, to, period, zone)
            if kind == "availability":
                options |= {"outages": outages, "zone": zone_named(zone), "prepared_by": prepared_by}
            if kind == "customer":
                options["zone"] = zone_named(zone)
            if is_many or kind == "availability":
                options["progress"] = _told(context.obj.output)
            writer = MANY[kind] if is_many else KINDS[kind]
            written = _from_archive(context, writer, id_, **files, lang=lang, seal=seal, **options)
        say_remarks(context.obj.output, written)
        rows = [{"file": str(path), "sha256": digest} for path, digest in written]
        context.obj.output.result({"kind": kind, "files": rows}, "\n".join(f"{path} is written" for path, _ in written))


def target(text: str) -> Path:
    """Return a place to write to; a name that ends as a folder's does is made one."""
    path = Path(text)
    if text.endswith(("/", os.sep)):
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ArchiveError(f"{path} cannot be made: {error.strerror}.", "Choose another folder.") from error
    return path


def _period(kind: str, from_: str | None, to: str | None, period: str | None, zone: str) -> dict[str, object]:
    from evtech.cli.sessions import moment
    from evtech.reports.periods import local, named_period

    if period is None:
        low, high = moment(from_), moment(to)
        if low is not None and high is not None and low >= high:
            raise InputError("The period is empty: --from is not before --to.", "Such as --period 2025-Q1.")
        return {"from_": low, "to": high}
    if from_ is not None or to is not None:
        raise InputError("--period and --from, --to say the same thing twice.", "Name one of them.")
    days = named_period(period)
    if kind == "availability":
        return {"days": days}
    start, end = days.in_zone(zone_named(zone))
    return {"from_": local(start, zone), "to": local(end, zone)}


def _told(output: Output) -> Callable[[str, int, int], None]:
    def tell(name: str, done: int, count: int) -> None:
        if count > 1:
            output.detail(f"{name} ({done + 1} of {count})")

    return tell


def _from_archive(context: typer.Context, writer: tuple[str, str], id_: str, **wanted: Any) -> "list[Written]":
    from evtech.cli.sessions import open_archive

    module, function = writer
    write = getattr(importlib.import_module(module), function)
    archive = open_archive(context)
    try:
        written: list[Written] = write(archive, id_, **wanted)
    finally:
        archive.close()
    return written


def say_remarks(output: Output, written: Iterable[tuple[Path, str]]) -> None:
    """Say why a report carries no seal where it should; what was written may be a plain pair."""
    for file in written:
        if remark := getattr(file, "remark", None):
            output.say(f"evtech: {remark}")


def verify(output: Output, file: Path, trust_as: str | None) -> int:
    """Say what a file's seal says and return 0 for unchanged, else 1."""
    from evtech.reports.signers import known_signers, trust
    from evtech.reports.verifying import verify_file

    report = verify_file(file, known_signers())
    if trust_as is not None and report.result == "unknown_signer" and report.fingerprint is not None:
        trust(report.fingerprint, trust_as)
        report = verify_file(file, known_signers())
    data = {
        "result": report.result,
        "signer": report.signer,
        "fingerprint": report.fingerprint,
        "sealed_at": report.sealed_at,
        "changes": report.changes,
    }
    words = {
        "unchanged": f"unchanged, sealed by {report.signer}",
        "changed": "CHANGED: " + "; ".join(report.changes),
        "unknown_signer": f"unchanged since it was sealed, but by a key that is not known here: {report.signer}",
        "unsealed": "no seal: nobody vouches for this file",
    }
    lines = [words[report.result]] + ([f"fingerprint {report.fingerprint}"] if report.fingerprint else [])
    output.result(data, "\n".join(lines))
    return 0 if report.result == "unchanged" else 1
