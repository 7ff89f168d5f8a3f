"""``evtech scan``: which devices answer, on a network or on a serial line."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from evtech.cli.output import Output
from evtech.errors import InputError

if TYPE_CHECKING:
    from evtech.devices.search import Found, Search


def register(app: typer.Typer) -> None:
    """Add the commands."""
    group = typer.Typer(no_args_is_help=True, help="Look for devices; reads only.")
    app.add_typer(group, name="scan")

    @group.command("network")
    def network(
        context: typer.Context,
        target: str = typer.Argument(..., metavar="HOST-OR-CIDR[:PORTS]"),
        units: str | None = typer.Option(None, help="Unit ids, such as 1,255 or 1-16."),
        anywhere: bool = typer.Option(False, "--anywhere", help="Scan public addresses too."),
        timeout: float = typer.Option(1.0, help="Seconds to wait for a connection and for an answer."),
    ) -> None:
        """Find Modbus TCP devices and their likely profile."""
        from evtech.links.targets import parse_target

        chosen = parse_target(target, anywhere=anywhere)
        context.obj.output.say(f"Looking at {len(chosen)} addresses and ports; -v names what is open.")
        search = _search(context.obj, timeout, context.obj.output.detail)
        raise typer.Exit(asyncio.run(_run(search.network(chosen, _numbers(units)), search, context.obj.output)))

    @group.command("serial")
    def serial(
        context: typer.Context,
        port: str = typer.Argument(..., metavar="PORT"),
        full: bool = typer.Option(False, "--full", help="Every usual setting and all unit ids; takes long."),
        units: str | None = typer.Option(None, help="Unit ids, such as 1,2 or 1-16."),
        timeout: float = typer.Option(0.5, help="Seconds to wait for an answer."),
    ) -> None:
        """Find the settings and unit ids that answer on a serial line, likeliest first."""
        search = _search(context.obj, timeout, context.obj.output.say)
        hits = search.serial(port, _numbers(units), full=full)
        raise typer.Exit(asyncio.run(_run(hits, search, context.obj.output)))


def _search(common: Any, timeout: float, progress: Callable[[str], None]) -> "Search":
    """Return the search; ``common`` is the options object of ``cli.app``."""
    from evtech.devices.library import Library
    from evtech.devices.search import Search

    if not 0.05 <= timeout <= 60:
        raise InputError(f"--timeout is {timeout:g}.", "Allowed: 0.05 to 60 s.")
    library = Library(Path(common.profile_dir) if common.profile_dir else None)
    return Search(library, timeout=timeout, progress=progress)


async def _run(hits: "AsyncIterator[Found]", search: "Search", output: Output) -> int:
    """Write each hit and the summary, also when interrupted; 0 when something was found, else 1."""
    started = time.monotonic()
    count, interrupted = 0, False
    try:
        async for found in hits:
            count += 1
            _write(found, output)
    except asyncio.CancelledError:  # Ctrl+C: what was found stays found
        interrupted = True
    seconds = round(time.monotonic() - started, 3)
    data = {"type": "summary", "probed": search.probed, "found": count, "seconds": seconds}
    output.line(data, f"{count} found, {search.probed} probed in {seconds:.1f} s")
    if interrupted:
        return 130
    return 0 if count else 1


def _write(found: "Found", output: Output) -> None:
    profile = found.profile
    data = {
        "type": "found",
        "link": found.link,
        "profile": profile.id if profile else None,
        "confidence": found.confidence,
        "evidence": found.evidence,
        "serial_number": found.serial_number,
    }
    name = f"{profile.vendor} {profile.model}" if profile else "unknown device"
    output.line(data, f"{found.link}  {name}  {found.confidence:.0%}  {found.evidence}")


def _numbers(text: str | None) -> list[int] | None:
    if text is None:
        return None
    numbers: list[int] = []
    for word in text.split(","):
        low, dash, high = word.strip().partition("-")
        if not low.isdecimal() or (dash and not high.isdecimal()) or not int(low) <= int(high or low) <= 255:
            raise InputError(f"--units has {word!r}.", "Unit ids from 0 to 255, such as 1,255 or 1-16.")
        numbers += range(int(low), int(high or low) + 1)
    return list(dict.fromkeys(numbers))
