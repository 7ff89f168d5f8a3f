"""``evtech gui``: the window, the one place where the core asks for Qt."""

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def gui(context: typer.Context) -> None:
        """Open the window."""
        raise typer.Exit(open_window(context.obj.archive, context.obj.profile_dir))


def open_window(archive: str | None, profile_dir: str | None, demo: bool = False) -> int:
    """Open the window and return its exit code."""
    from ui.app import main

    return int(main(archive, profile_dir, demo))
