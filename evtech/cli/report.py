"""``evtech report``: documents made from the archive."""

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from evtech.errors import InputError

if TYPE_CHECKING:
    from evtech.store.archive import Archive

Written = list[tuple[Path, str]]


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def report(
        context: typer.Context,
        kind: str = typer.Argument(..., metavar="KIND", help="session or calibration"),
        id_: str = typer.Argument(..., metavar="ID"),
        pdf: Path | None = typer.Option(None, help="PDF file to write."),  # noqa: B008
        html: Path | None = typer.Option(None, help="HTML file to write."),  # noqa: B008
        lang: str = typer.Option("en", help="en or de"),
    ) -> None:
        """Write a report."""
        if kind not in _KINDS:
            raise InputError(f"There is no report {kind!r} in this version.", f"Available: {', '.join(_KINDS)}.")
        if pdf is None and html is None:
            raise InputError("No file is named.", "Add --pdf FILE, --html FILE or both.")
        from evtech.cli.sessions import open_archive

        archive = open_archive(context)
        try:
            written = _KINDS[kind](archive, id_, pdf, html, lang)
        finally:
            archive.close()
        files = [{"file": str(path), "sha256": digest} for path, digest in written]
        context.obj.output.result(
            {"kind": kind, "files": files}, "\n".join(f"{path} is written" for path, _ in written)
        )


def _session(archive: "Archive", id_: str, pdf: Path | None, html: Path | None, lang: str) -> Written:
    from evtech.reports.session import write_session_report

    return write_session_report(archive, id_, pdf=pdf, html=html, lang=lang)


def _calibration(archive: "Archive", id_: str, pdf: Path | None, html: Path | None, lang: str) -> Written:
    from evtech.calibration.evaluate import evaluate
    from evtech.calibration.journal import record_of
    from evtech.reports.calibration import write_calibration_report

    record = record_of(archive.result(id_, "calibration"))
    return write_calibration_report(record, evaluate(record), pdf=pdf, html=html, lang=lang)


_KINDS = {"session": _session, "calibration": _calibration}
