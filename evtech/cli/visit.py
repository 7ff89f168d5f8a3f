"""``evtech visit``: hand a visit to someone else, and take one in."""

from pathlib import Path
from typing import Any

import typer

from evtech.cli.output import iso
from evtech.errors import InputError


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
    reports: bool = typer.Option(False, "--reports", help="Put the reports in as sealed PDFs."),
    lang: str = typer.Option("en", help="Language of the reports: en or de."),
    pcapng: Path | None = typer.Option(None, help="Put this file of raw traffic in (monitor --pcapng)."),  # noqa: B008
) -> None:
    """Write a visit into one sealed file."""
    from evtech.cli.sessions import open_archive
    from evtech.devices.library import Library
    from evtech.reports.hand_over import Wish, hand_over
    from evtech.reports.redaction import PARTS
    from evtech.reports.sealing import usual_name
    from evtech.reports.signers import load_signer

    traffic = read_pcapng(pcapng) if pcapng else None
    wish = Wish(id_, PARTS if redact else tuple(leave_out), lang if reports else None, traffic)
    folder = context.obj.profile_dir
    library = Library(Path(folder) if folder else None)
    output = context.obj.output
    archive = open_archive(context)
    try:
        done = hand_over(
            archive, wish, file, load_signer(technician or usual_name()), profile_file=library.file,
            progress=lambda step, n, count: output.detail(f"{step} ({n + 1} of {count})"),
        )  # fmt: skip
    finally:
        archive.close()
    manifest = done.manifest
    remarks = list(done.remarks)
    if manifest["running_sessions"]:
        remarks.append("A session is still running; its samples are in the file, the session is not.")
    for remark in remarks:
        output.say(f"evtech: {remark}")
    data = {"file": str(file), "sha256": done.sha256, "remarks": remarks, "members": list(manifest["members"])}
    data |= {key: manifest[key] for key in ("visit", "redacted", "signer", "running_sessions")}
    signer = manifest["signer"]
    lines = [f"{file} is written and sealed by {signer['name']}", f"fingerprint {signer['fingerprint']}"]
    output.result(data, "\n".join(lines))


def read_pcapng(file: Path) -> bytes:
    """Return a pcapng file; raise ``InputError`` for anything else."""
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", "Check the path.") from error
    if not data.startswith(b"\n\r\r\n"):
        raise InputError(f"{file} is no pcapng file.", "`evtech monitor LINK --pcapng FILE` writes one.")
    return data


def import_(
    context: typer.Context,
    file: Path = typer.Argument(..., metavar="FILE.evvisit"),  # noqa: B008
) -> None:
    """Take a visit into the archive; what is there already stays as it is."""
    from evtech import paths
    from evtech.reports.signers import known_signers
    from evtech.reports.visit_file import import_visit, open_visit
    from evtech.store.archive import Archive

    visit = open_visit(file, known_signers())
    archive = Archive.open(context.obj.archive or paths.default_archive())  # a new one where there is none
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
