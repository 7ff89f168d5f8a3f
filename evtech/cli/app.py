"""Puts the command groups together and turns errors into a sentence, a hint and an exit code."""

import importlib
import io
import sys
from dataclasses import dataclass

import typer

from evtech import VERSION
from evtech.cli.output import Output
from evtech.errors import EvtechError

GROUPS = (
    "calibrate",
    "diagnose",
    "billing",
    "write",
    "explain",
    "profiles",
    "read",
    "scan",
    "monitor",
    "simulate",
    "sessions",
    "archive",
    "report",
    "demo",
    "gui",
    "ports",
    "insights",
    "fleet",
    "findings",
    "visit",
    "support",
)


OPENED = (".evvisit", ".evtech")  # files that `evtech FILE` opens in the window


@dataclass(slots=True)
class Common:
    """The options that stand before the command: every command gets them as ``context.obj``."""

    archive: str | None
    profile_dir: str | None
    output: Output


def build(only: str | None = None) -> typer.Typer:
    """Return the command tree; each module of ``GROUPS`` adds its commands with ``register(app)``.

    ``only`` leaves out all groups but one: to import them all takes longer than many a command.
    """
    app = typer.Typer(
        name="evtech",
        add_completion=False,
        pretty_exceptions_enable=False,
        no_args_is_help=False,
        rich_markup_mode=None,
    )

    @app.callback(invoke_without_command=True)
    def common(
        context: typer.Context,
        archive: str | None = typer.Option(None, help="Archive file (or EVTECH_ARCHIVE)."),
        profile_dir: str | None = typer.Option(None, help="Folder of your own profiles."),
        verbose: bool = typer.Option(False, "-v", "--verbose", help="Say more on standard error."),
        version: bool = typer.Option(False, "--version", help="Say the version."),
    ) -> None:
        """Connect to an EV charger, watch it, record it, report it."""
        if version:
            sys.stdout.write(f"evtech {VERSION}\n")
            raise typer.Exit
        output = Output(as_json=_wants_json, verbose=verbose)
        context.obj = Common(archive, profile_dir, output)
        if context.invoked_subcommand is None:
            from evtech.cli.gui import open_window

            raise typer.Exit(open_window(archive, profile_dir))

    for group in GROUPS if only is None else (only,):
        importlib.import_module(f"evtech.cli.{group}").register(app)
    return app


_wants_json = False


def run(words: list[str]) -> int:
    """Run one command line and return its exit code; nothing the outside world does shows a stack trace."""
    global _wants_json
    _wants_json = "--json" in words
    _make_printable(_wants_json)
    output = Output(as_json=_wants_json, verbose=False)
    command = typer.main.get_command(build(_group_of(words)))
    if words and words[0].lower().endswith(OPENED):  # a double click hands over the file alone
        words = ["gui", *words]
    try:
        code = command.main([word for word in words if word != "--json"], prog_name="evtech", standalone_mode=False)
    except EvtechError as error:
        output.error(error)
        return error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        return 130
    except Exception as error:  # click's usage errors carry their own code; anything else is a bug
        if hasattr(error, "format_message") and hasattr(error, "exit_code"):
            output.say(f"evtech: {error.format_message()}")
            return 2
        raise
    return code if isinstance(code, int) else 0


def _group_of(words: list[str]) -> str | None:
    """Return the group that a command line names; ``None`` where it names none that there is."""
    rest = iter(words)
    for word in rest:
        if word in ("--archive", "--profile-dir"):
            next(rest, None)
        elif not word.startswith("-"):
            return word if word in GROUPS else None
    return None


def _make_printable(as_json: bool) -> None:
    """Let any text be printed: a Windows console may know 256 characters only. JSON is always UTF-8 (RFC 8259, 8.1)."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8" if as_json and stream is sys.stdout else None, errors="replace")
