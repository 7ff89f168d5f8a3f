"""``evtech sessions``: what was recorded."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from evtech.cli import imports
from evtech.cli.output import iso
from evtech.errors import InputError
from evtech.measure.quantity import shown
from evtech.store.session_rows import contract

if TYPE_CHECKING:
    from evtech.store.session_list import SessionLine


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="List, show and export charging sessions.", no_args_is_help=True)
    app.add_typer(group, name="sessions")
    group.command("list")(list_sessions)
    group.command("show")(show)
    group.command("export")(export)
    imports.register(group)


def list_sessions(
    context: typer.Context,
    from_: str | None = typer.Option(None, "--from", help="ISO date or time."),
    to: str | None = typer.Option(None, help="ISO date or time."),
    charger: str | None = typer.Option(None, help="Profile, serial number or part of the name."),
    text: str | None = typer.Option(None, help="A text anywhere in the session."),
    site: str | None = typer.Option(None, help="A site, or part of its name."),
    result: list[str] = typer.Option([], help="How it ended: driver, fault …; normal or failed for all of a kind."),  # noqa: B008
) -> None:
    """List sessions, newest first; what a filter hides is counted."""
    from evtech.store.session_list import SessionFilter

    wanted = SessionFilter(moment(from_), moment(to), charger, site, text, _ends(result))
    archive = open_archive(context)
    try:
        found = archive.session_list(wanted)
        bodies = {s.id: s for s in archive.sessions()} if context.obj.output.as_json else {}
        data = {
            "sessions": [
                contract(bodies[line.id])
                | {
                    "site": line.site,
                    "source": line.source,
                    "port": line.port,
                    "corrected": list(line.corrected),
                    "left_out": None if line.twin is None else line.twin.why,
                    "same_as": None if line.twin is None else line.twin.of,
                }
                for line in (found.lines if context.obj.output.as_json else ())
            ],
            "total_energy_wh": found.total_energy_wh,
            "shown": len(found.lines),
            "hidden": found.hidden,
        }
    finally:
        archive.close()
    lines = [_line(line) for line in found.lines]
    digits, unit = shown(found.total_energy_wh, "Wh")
    hidden = f"; {found.hidden} hidden by the filter" if found.hidden else ""
    twice = sum(line.twin is not None for line in found.lines)
    hidden += f"; {twice} told twice or credited, not in the sum" if twice else ""
    lines.append(f"{len(found.lines)} sessions, {digits} {unit}{hidden}")
    context.obj.output.result(data, "\n".join(lines))


def show(context: typer.Context, session_id: str = typer.Argument(..., metavar="ID")) -> None:
    """Show one session; the beginning of its id is enough."""
    archive = open_archive(context)
    try:
        session = archive.session(session_id)
        imported = archive.imported().get(session.visit_id)
    finally:
        archive.close()
    data = contract(session) | {"imported_from": imported}
    text = "\n".join(f"{key:<20} {value}" for key, value in data.items() if value not in (None, [], ()))
    context.obj.output.result(data, text)


def export(
    context: typer.Context,
    session_ids: list[str] = typer.Argument(..., metavar="ID…"),  # noqa: B008
    format_: str = typer.Option("csv", "--format", help="csv, xlsx, json or parquet"),
    target: Path | None = typer.Option(None, "-o", help="File, with parquet also a folder; else standard output."),  # noqa: B008
) -> None:
    """Export the samples of sessions."""
    from evtech.exchange.exporting import FORMATS, as_text, write_sessions

    if format_ not in FORMATS:
        raise InputError(f"--format is {format_!r}.", f"Formats: {', '.join(FORMATS)}.")
    archive = open_archive(context)
    try:
        if target is None:
            body = as_text(archive, session_ids, format_)
            typer.echo(body, nl=not body.endswith("\n"))
            return
        files = write_sessions(archive, session_ids, format_, target)
    finally:
        archive.close()
    data = {"file": str(target), "files": [str(file) for file in files], "sessions": len(session_ids)}
    context.obj.output.result(data, "\n".join(f"{file} written" for file in files))


def open_archive(context: typer.Context, *, create: bool = False) -> Any:
    """Return the open archive; its class is imported late because SQLAlchemy costs a third of a second."""
    from evtech import paths
    from evtech.store.archive import Archive

    return Archive.open(context.obj.archive or paths.default_archive(), create=create or context.obj.archive is None)


def moment(text: str | None) -> datetime | None:
    """Return an option's date or time; without a zone it is UTC."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is not a date or time.", "Such as 2026-03-01 or 2026-03-01T12:00:00Z.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _ends(words: list[str]) -> tuple[str, ...]:
    from evtech.insights.records import FAILED_ENDS, NORMAL_ENDS

    found: set[str] = set()
    for word in words:
        ends = {"normal": NORMAL_ENDS, "failed": FAILED_ENDS}.get(word) or frozenset({word})
        if not ends <= NORMAL_ENDS | FAILED_ENDS:
            allowed = ", ".join(("normal", "failed", *sorted(NORMAL_ENDS | FAILED_ENDS)))
            raise InputError(f"--result {word!r} is not known.", f"Allowed: {allowed}.")
        found |= ends
    return tuple(sorted(found))


def _line(line: "SessionLine") -> str:
    digits, unit = shown(line.energy_wh, "Wh")
    start, end = (None if t is None else datetime.fromtimestamp(t, UTC) for t in (line.started, line.ended))
    marks = " simulated" if line.simulated else ""
    marks += f" imported:{line.source}" if line.source != "recorded" else ""
    if line.twin is not None:
        marks += f" same as {line.twin.of[:8]}" if line.twin.of else " credited"
    marks += f" corrected:{','.join(line.corrected)}" if line.corrected else ""
    return f"{line.id[:8]}  {iso(start)}  {iso(end) or 'running':<24}  {digits:>10} {unit}  {line.port}{marks}"
