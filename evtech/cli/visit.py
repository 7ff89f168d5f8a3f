"""``evtech visit``: hand a visit to someone else, and take one in."""

from pathlib import Path
from typing import Any

import typer

from evtech.cli.output import iso


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="List, hand over and take in visits.", no_args_is_help=True)
    app.add_typer(group, name="visit")
    group.command("list")(list_visits)
    group.command("export")(export)
    group.command("import")(import_)
    group.command("signer")(signer)


def list_visits(context: typer.Context) -> None:
    """List visits, newest first."""
    from evtech.cli.sessions import open_archive

    archive = open_archive(context)
    try:
        visits = archive.visits()
    finally:
        archive.close()
    rows = [
        {"id": v.id, "started": iso(v.started), "site": v.site, "technician": v.technician, "purpose": v.purpose,
         "simulated": v.simulated}
        for v in visits
    ]  # fmt: skip
    lines = [f"{row['id'][:8]}  {row['started']}  {row['site'] or '—'}  {row['technician']}" for row in rows]
    context.obj.output.result({"visits": rows}, "\n".join(lines) or "no visits")


def export(
    context: typer.Context,
    id_: str = typer.Argument(..., metavar="ID", help="The visit, or the beginning of its id."),
    file: Path = typer.Argument(..., metavar="FILE.evvisit"),  # noqa: B008
    redact: bool = typer.Option(False, "--redact", help="Leave out names, cards, addresses, notes and attachments."),
    leave_out: list[str] = typer.Option([], "--leave-out", help="One of names, tokens, addresses, notes, attachments."),  # noqa: B008
    technician: str | None = typer.Option(None, help="Name for a new key; an existing key keeps its name."),
) -> None:
    """Write a visit into one sealed file."""
    from evtech.cli.sessions import open_archive
    from evtech.reports.redaction import PARTS
    from evtech.reports.signers import load_signer
    from evtech.reports.visit_file import export_visit

    archive = open_archive(context)
    try:
        parts = PARTS if redact else tuple(leave_out)
        manifest = export_visit(archive, id_, file, load_signer(technician), redact=parts)
    finally:
        archive.close()
    if manifest["running_sessions"]:
        context.obj.output.say("evtech: a session is still running; its samples are in the file, the session is not.")
    data = {"file": str(file)} | {key: manifest[key] for key in ("visit", "redacted", "signer", "running_sessions")}
    context.obj.output.result(data, f"{file} is written and sealed by {manifest['signer']['name']}")


def import_(
    context: typer.Context,
    file: Path = typer.Argument(..., metavar="FILE.evvisit"),  # noqa: B008
) -> None:
    """Take a visit into the archive; what is there already stays as it is."""
    from evtech.cli.sessions import open_archive
    from evtech.reports.signers import known_signers
    from evtech.reports.visit_file import import_visit, open_visit

    visit = open_visit(file, known_signers())
    archive = open_archive(context)
    try:
        new = import_visit(archive, visit)
    finally:
        archive.close()
    known = new.pop("known_recordings")
    data: dict[str, Any] = {
        "visit": visit.manifest["visit"], "seal": visit.seal.result, "signer": visit.seal.signer, "new": new,
        "known_recordings": known, "redacted": list(visit.redacted),
    }  # fmt: skip
    if visit.seal.result != "unchanged":
        context.obj.output.say(f"evtech: the seal says {visit.seal.result}; `evtech report verify {file}` tells more.")
    if known:
        context.obj.output.say(f"evtech: {known} recording(s) were here already and stay as they are.")
    context.obj.output.result(data, f"visit {data['visit']}: {new['charging_session']} new sessions")


def signer(context: typer.Context) -> None:
    """Show your key's fingerprint and the signers known here."""
    from evtech.reports.signers import known_signers, load_signer

    own = load_signer()
    data = {
        "name": own.name,
        "fingerprint": own.fingerprint,
        "public_key": own.public_bytes.hex(),
        "known": known_signers(),
    }
    context.obj.output.result(data, f"{own.name}  {own.fingerprint}")
