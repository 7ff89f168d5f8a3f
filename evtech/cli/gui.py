"""``evtech gui``: the window, the one place where the core asks for Qt."""

from collections.abc import Sequence
from pathlib import Path

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def gui(
        context: typer.Context,
        files: list[str] = typer.Argument(None, metavar="[FILE…]", help="Visits, profiles and archives to open."),  # noqa: B008
    ) -> None:
        """Open the window."""
        raise typer.Exit(open_window(context.obj.archive, context.obj.profile_dir, files=files or ()))


def open_window(archive: str | None, profile_dir: str | None, demo: bool = False, files: Sequence[str] = ()) -> int:
    """Open the window and return its exit code."""
    from ui.app import main

    # the window that takes them may run in another folder
    return int(main(archive, profile_dir, demo, [str(Path(file).resolve()) for file in files]))
