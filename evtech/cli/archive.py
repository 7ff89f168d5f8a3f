"""``evtech archive``: the health of the archive."""

from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Check, copy and describe the archive.", no_args_is_help=True)
    app.add_typer(group, name="archive")
    group.command("check")(check)
    group.command("info")(info)
    group.command("backup")(backup)
    group.command("sync")(sync)


def check(context: typer.Context) -> None:
    """Look at the file's structure and at every sample."""
    from evtech.cli.sessions import open_archive

    archive = open_archive(context)
    try:
        result = archive.check()
    finally:
        archive.close()
    data = {
        "ok": result.ok,
        "problems": list(result.problems),
        "sessions": result.sessions,
        "samples": result.samples,
    }
    words = "sound" if result.ok else f"{len(result.problems)} problem(s)"
    lines = [f"{words}: {result.sessions} sessions, {result.samples} samples", *result.problems]
    context.obj.output.result(data, "\n".join(lines))
    raise typer.Exit(0 if result.ok else 1)


def info(context: typer.Context) -> None:
    """Say where the archive is and what it holds."""
    from evtech.cli.sessions import open_archive

    archive = open_archive(context)
    try:
        data = archive.info()
    finally:
        archive.close()
    context.obj.output.result(data, "\n".join(f"{key:<16} {value}" for key, value in data.items()))


def backup(context: typer.Context, target: Path = typer.Argument(..., metavar="FILE")) -> None:  # noqa: B008
    """Copy the archive, also while it is in use."""
    from evtech.cli.sessions import open_archive

    archive = open_archive(context)
    try:
        archive.backup(target)
        size = target.stat().st_size
    finally:
        archive.close()
    context.obj.output.result({"file": str(target), "bytes": size}, f"{target} written ({size} bytes)")


def sync(
    context: typer.Context, url: str = typer.Argument(..., help="postgresql+psycopg://USER@HOST/DATABASE")
) -> None:
    """Push what the team's server lacks; run it again at any time."""
    from evtech.cli.sessions import open_archive
    from evtech.errors import InputError
    from evtech.store.sync import sync as push
    from evtech.store.team import shown
    from evtech.store.team_address import is_team

    if not is_team(url):
        raise InputError(f"{url!r} is no address of a team archive.", "Such as postgresql+psycopg://host/evtech.")
    archive = open_archive(context)
    if archive.is_team:
        archive.close()
        raise InputError("--archive names a server; only a laptop's file is pushed.", "Name the file, or leave it out.")
    try:
        report = push(archive, url, lambda name, count: context.obj.output.detail(f"{name}: {count}"))
    finally:
        archive.close()
    for conflict in report.conflicts:
        context.obj.output.say(f"evtech: {conflict} is there with another content; it was left alone.")
    data = {"url": shown(url), "pushed": report.pushed, "conflicts": report.conflicts, "seconds": report.seconds}
    total = sum(report.pushed.values())
    context.obj.output.result(data, f"{total} new rows and polls in {report.seconds:.1f} s")
    raise typer.Exit(1 if report.conflicts else 0)
