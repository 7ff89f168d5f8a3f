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
