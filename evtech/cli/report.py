"""``evtech report``: documents made from the archive."""

import importlib
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from evtech.cli.output import Output
from evtech.errors import InputError

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
        pdf: Path | None = typer.Option(None, help="PDF file to write."),  # noqa: B008
        html: Path | None = typer.Option(None, help="HTML file to write."),  # noqa: B008
        xlsx: Path | None = typer.Option(None, help=f"Workbook to write: {', '.join(TABLES)}."),  # noqa: B008
        csv: Path | None = typer.Option(None, help="The first table as CSV."),  # noqa: B008
        from_: str | None = typer.Option(None, "--from", help=f"Start: {', '.join(PERIODS)}."),
        to: str | None = typer.Option(None, help="End, not included."),
        outages: Path | None = typer.Option(None, help="With availability: CSV of outages and exclusions."),  # noqa: B008
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
        more = {"xlsx": xlsx, "csv": csv} if kind in TABLES else {}
        if not any((pdf, html, *more.values())):
            raise InputError("No file is named.", "Add --pdf FILE, --html FILE or both.")
        if kind == "billing" and Path(id_).exists():
            from evtech.reports.billing_kept import write_file_report

            written = write_file_report(Path(id_), pdf=pdf, html=html, lang=lang, seal=seal)
        else:
            from evtech.cli.sessions import moment

            options: dict[str, object] = {"from_": moment(from_), "to": moment(to)} if kind in PERIODS else {}
            options |= {"outages": outages} if kind == "availability" else {}
            written = _from_archive(context, kind, id_, pdf=pdf, html=html, lang=lang, seal=seal, **more, **options)
        say_remarks(context.obj.output, written)
        files = [{"file": str(path), "sha256": digest} for path, digest in written]
        context.obj.output.result(
            {"kind": kind, "files": files}, "\n".join(f"{path} is written" for path, _ in written)
        )


def _from_archive(context: typer.Context, kind: str, id_: str, **wanted: Any) -> "list[Written]":
    from evtech.cli.sessions import open_archive

    module, function = KINDS[kind]
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
