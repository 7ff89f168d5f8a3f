"""``evtech sessions``: what was recorded."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from evtech.cli.output import iso
from evtech.errors import InputError
from evtech.measure.quantity import shown
from evtech.store.records import ChargingSession
from evtech.store.session_rows import contract


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="List, show and export charging sessions.", no_args_is_help=True)
    app.add_typer(group, name="sessions")
    group.command("list")(list_sessions)
    group.command("show")(show)
    group.command("export")(export)


def list_sessions(
    context: typer.Context,
    from_: str | None = typer.Option(None, "--from", help="ISO date or time."),
    to: str | None = typer.Option(None, help="ISO date or time."),
    charger: str | None = typer.Option(None, help="Profile, serial number or part of the name."),
    text: str | None = typer.Option(None, help="A text anywhere in the session."),
) -> None:
    """List sessions, newest first; what a filter hides is counted."""
    archive = open_archive(context)
    try:
        found = archive.sessions(_moment(from_), _moment(to), charger, text)
        hidden = archive.session_list(limit=0).total - len(found)
        imported = archive.imported()
    finally:
        archive.close()
    energy = sum(session.energy_wh or 0.0 for session in found)
    data = {
        "sessions": [contract(session) | {"imported_from": imported.get(session.visit_id)} for session in found],
        "total_energy_wh": energy,
        "shown": len(found),
        "hidden": hidden,
    }
    lines = [_line(session, imported.get(session.visit_id)) for session in found]
    digits, unit = shown(energy, "Wh")
    lines.append(f"{len(found)} sessions, {digits} {unit}" + (f"; {hidden} hidden by the filter" if hidden else ""))
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
    format_: str = typer.Option("csv", "--format", help="csv or json"),
    target: Path | None = typer.Option(None, "-o", help="File; else standard output."),  # noqa: B008
) -> None:
    """Export the samples of sessions."""
    if format_ not in ("csv", "json"):
        raise InputError(f"--format is {format_!r}.", "This version writes csv and json.")
    from evtech.reports.files import write_whole
    from evtech.reports.samples_csv import samples_csv, samples_json

    archive = open_archive(context)
    try:
        parts = [samples_csv(archive, archive.session(i)) for i in session_ids] if format_ == "csv" else []
        body = "".join(parts) or json.dumps([samples_json(archive, archive.session(i)) for i in session_ids])
    finally:
        archive.close()
    if len(session_ids) > 1 and format_ == "csv":
        raise InputError("A CSV file holds one session.", "Export one at a time, or use --format json.")
    if target is None:
        typer.echo(body, nl=not body.endswith("\n"))
        return
    write_whole(target, body.encode())
    context.obj.output.result({"file": str(target), "sessions": len(session_ids)}, f"{target} written")


def open_archive(context: typer.Context) -> Any:
    """Return the open archive; its class is imported late because SQLAlchemy costs a third of a second."""
    from evtech import paths
    from evtech.store.archive import Archive

    return Archive.open(context.obj.archive or paths.default_archive(), create=context.obj.archive is None)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"{text!r} is not a date or time.", "Such as 2026-03-01 or 2026-03-01T12:00:00Z.") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _line(session: ChargingSession, imported: str | None) -> str:
    digits, unit = shown(session.energy_wh, "Wh")
    end = iso(session.ended) or "running"
    marks = (" simulated" if session.simulated else "") + (f" imported from {imported}" if imported else "")
    who = f"{session.charger.vendor} {session.charger.model} {session.charger.serial_number or ''}"
    return f"{session.id[:8]}  {iso(session.started)}  {end:<24}  {digits:>10} {unit}  {who}{marks}"
