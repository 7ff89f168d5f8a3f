"""``evtech report``: documents made from the archive."""

import importlib
from pathlib import Path

import typer

from evtech.errors import InputError

# kind -> module and function that writes it: (archive, id, pdf=, html=, lang=) -> [(file, SHA-256)]
KINDS = {
    "session": ("evtech.reports.session", "write_session_report"),
    "diagnosis": ("evtech.reports.diagnosis", "write_diagnosis_report"),
}


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def report(
        context: typer.Context,
        kind: str = typer.Argument(..., metavar="KIND", help=", ".join(KINDS)),
        id_: str = typer.Argument(..., metavar="ID"),
        pdf: Path | None = typer.Option(None, help="PDF file to write."),  # noqa: B008
        html: Path | None = typer.Option(None, help="HTML file to write."),  # noqa: B008
        lang: str = typer.Option("en", help="en or de"),
    ) -> None:
        """Write a report."""
        if kind not in KINDS:
            raise InputError(f"There is no report {kind!r} in this version.", f"Available: {', '.join(KINDS)}.")
        if pdf is None and html is None:
            raise InputError("No file is named.", "Add --pdf FILE, --html FILE or both.")
        from evtech.cli.sessions import open_archive

        module, function = KINDS[kind]
        write = getattr(importlib.import_module(module), function)
        archive = open_archive(context)
        try:
            written = write(archive, id_, pdf=pdf, html=html, lang=lang)
        finally:
            archive.close()
        files = [{"file": str(path), "sha256": digest} for path, digest in written]
        context.obj.output.result(
            {"kind": kind, "files": files}, "\n".join(f"{path} is written" for path, _ in written)
        )
