"""``evtech support``: one file for the support desk."""

from pathlib import Path
from typing import Any

import typer

from evtech.errors import EvtechError, InputError


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def support(
        context: typer.Context,
        file: Path = typer.Argument(..., metavar="FILE.zip"),  # noqa: B008
        part: list[str] = typer.Option([], "--part", help="logs, settings, environment, archive; all if none."),  # noqa: B008
        keep: list[str] = typer.Option([], "--keep", help="Do not replace these: addresses, names, serials."),  # noqa: B008
        pcapng: Path | None = typer.Option(None, help="Put this file of raw traffic in (monitor --pcapng)."),  # noqa: B008
        dry_run: bool = typer.Option(False, "--dry-run", help="Only list what would be in it."),
    ) -> None:
        """Collect logs, settings, environment and archive facts, cleaned of names, addresses and serial numbers."""
        from evtech.reports.support import CLEANED, PARTS, collect, write_bundle

        if unknown := set(keep) - set(CLEANED):
            raise InputError(f"--keep {', '.join(sorted(unknown))} is unknown.", f"Allowed: {', '.join(CLEANED)}.")
        clean = [kind for kind in CLEANED if kind not in keep]
        traffic = _traffic(pcapng)
        wanted = [*(part or PARTS), *(["traffic"] if traffic is not None else [])]
        archive = _archive(context)
        try:
            members = collect(archive, parts=wanted, clean=clean, traffic=traffic)
        finally:
            if archive is not None:
                archive.close()
        data = {
            "file": None if dry_run else str(file),
            "sha256": None if dry_run else write_bundle(file, members)[1],
            "members": [{"name": name, "bytes": len(content)} for name, content in members.items()],
            "redacted": clean,
        }
        lines = [f"{len(content):>9}  {name}" for name, content in members.items()]
        if not dry_run:
            lines.append(f"{file} is written; look into it before you send it")
        context.obj.output.result(data, "\n".join(lines))


def _archive(context: typer.Context) -> Any:  # its class is imported late
    """Return the archive, or ``None`` where it cannot be opened: the bundle is for that case too."""
    from evtech.cli.sessions import open_archive

    try:
        return open_archive(context)
    except EvtechError as error:
        context.obj.output.say(f"evtech: the archive is left out: {error}")
        return None


def _traffic(file: Path | None) -> bytes | None:
    if file is None:
        return None
    from evtech.cli.visit import read_pcapng

    return read_pcapng(file)
