"""What the commands about ports and those about outages have in common: the archive, the names, who speaks."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from evtech.errors import InputError

if TYPE_CHECKING:
    from evtech.insights.roster import Roster


def open_for_entries(context: typer.Context) -> Any:
    """Return the archive that entries go into, a new one where there is none; raise ``ArchiveError`` for a server."""
    from evtech.cli.sessions import open_archive
    from evtech.errors import ArchiveError

    archive = open_archive(context, create=True)
    if archive.is_team:
        archive.close()
        raise ArchiveError(
            "Nothing is entered into the team's archive itself.",
            "Enter it in a file of your own, and push that with `evtech archive sync`.",
        )
    return archive


def technician_or_usual(name: str | None) -> str:
    """Return who says something: the option, else the settings' technician, else the account."""
    import getpass

    from evtech.reports.sealing import usual_name

    return (name or "").strip() or usual_name() or getpass.getuser()


def one_of(found: "Roster", word: str) -> str:
    """Return a port by its name or a part of it that fits only one; a name that nobody knows stays as it is."""
    exact = found.find(word.strip())
    if exact is not None:
        return exact.name
    fitting = [port.name for port in found.ports if word.strip().casefold() in port.name.casefold()]
    if len(fitting) > 1:
        raise InputError(f"{len(fitting)} ports are called {word!r}.", f"One of: {', '.join(fitting[:8])}.")
    if not word.strip():
        raise InputError("A port has no name.", "`evtech fleet list` names the ports.")
    return fitting[0] if fitting else word.strip()


def read_roster(context: typer.Context) -> "Roster":
    """Return the ports of the archive and what was said of them."""
    from evtech.cli.sessions import open_archive
    from evtech.insights.roster import roster

    archive = open_archive(context)
    try:
        return roster(archive, library(context))
    finally:
        archive.close()


def library(context: typer.Context) -> Any:
    """Return the known profiles: one may state a rating."""
    from evtech.devices.library import Library

    return Library(Path(context.obj.profile_dir) if context.obj.profile_dir else None)


def say_strangers(context: typer.Context, found: "Roster", names: list[str]) -> None:
    """Tell a person which names are not known: one may be mistyped, or its first session is still to come."""
    for name in names:
        if found.find(name) is None:
            near = ", ".join(port.name for port in found.ports[:5])
            known = f" It knows {near}{' …' if len(found.ports) > 5 else ''}." if near else ""
            context.obj.output.say(f"evtech: the archive has not seen a port {name!r} yet.{known}")


def iso_or_none(moment: float | None) -> str | None:
    """Return an instant in UTC as text."""
    from evtech.store.fleet_values import iso

    return iso(moment) if moment is not None else None
