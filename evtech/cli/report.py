"""``evtech report``: documents made from the archive."""

from pathlib import Path

import typer

from evtech.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def report(
        context: typer.Context,
        kind: str = typer.Argument(..., metavar="KIND", help="session"),
        id_: str = typer.Argument(..., metavar="ID"),
        pdf: Path | None = typer.Option(None, help="PDF file to write."),  # noqa: B008
        html: Path | None = typer.Option(None, help="HTML file to write."),  # noqa: B008
        lang: str = typer.Option("en", help="en or de"),
    ) -> None:
        """Write a report."""
        if kind != "session":
            raise InputError(f"There is no report {kind!r} in this version.", "Available: session.")
        if pdf is None and html is None:
            raise InputError("No file is named.", "Add --pdf FILE, --html FILE or both.")
        from evtech.cli.sessions import open_archive
        from evtech.reports.session import write_session_report

        archive = open_archive(context)
        try:
            written = write_session_report(archive, id_, pdf=pdf, html=html, lang=lang)
        finally:
            archive.close()
        files = [{"file": str(path), "sha256": digest} for path, digest in written]
        context.obj.output.result(
            {"kind": kind, "files": files}, "\n".join(f"{path} is written" for path, _ in written)
        )
