"""The gui command."""

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""


def open_window(archive: str | None, profile_dir: str | None, demo: bool = False) -> int:
    """Open the window and return its exit code."""
    from ui.app import main

    return int(main(archive, profile_dir, demo))
