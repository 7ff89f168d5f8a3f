"""``evtech write``: one bounded, read-back, audited write; armed by a named person, undone at the end."""

import asyncio
import contextlib
import signal
import threading
from typing import Any

import typer

from evtech.errors import InputError

REFRESH_S = 10.0  # a charger's watchdog is fed while a value is held; products differ, 10 s suits the shortest


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command(context_settings={"ignore_unknown_options": True})
    def write(
        context: typer.Context,
        link: str = typer.Argument(..., metavar="LINK"),
        point: str = typer.Argument(..., metavar="POINT"),
        value: float = typer.Argument(..., metavar="VALUE", help="In the base unit, such as amperes."),
        profile: str = typer.Option(..., help="Profile id or file."),
        arm: bool = typer.Option(False, "--arm", help="Really write; without it the write is only described."),
        technician: str = typer.Option("", help="Who writes; goes into the audit."),
        hold: float | None = typer.Option(None, help="Hold for so many seconds, then restore."),
        keep: bool = typer.Option(False, "--keep", help="Leave the value in force."),
        yes: bool = typer.Option(False, "--yes", help="Do not ask."),
    ) -> None:
        """Write one value to a charger, read it back, and put the old one back at the end."""
        if hold is not None and keep:
            raise InputError("--hold and --keep exclude each other.")
        if hold is not None and not 0 < hold <= 900:
            raise InputError(f"--hold is {hold:g}.", "Allowed: above 0, at most 900 s.")
        wish = _Wish(link, profile, point, value, arm, technician, hold, keep)
        if arm and not yes and not context.obj.output.as_json and not _agreed(wish):
            raise typer.Exit(1)
        code = asyncio.run(_write(wish, context.obj))
        raise typer.Exit(code)


class _Wish:
    """What was asked for."""

    def __init__(
        self,
        link: str,
        profile: str,
        point: str,
        value: float,
        arm: bool,
        technician: str,
        hold: float | None,
        keep: bool,
    ) -> None:
        self.link, self.profile, self.point, self.value = link, profile, point, value
        self.arm, self.technician, self.hold, self.keep = arm, technician, hold, keep


def _agreed(wish: _Wish) -> bool:
    question = f"Write {wish.point} = {wish.value:g} to {wish.link}? Nobody may be working on open parts."
    return typer.confirm(question, err=True)


async def _write(wish: _Wish, common: Any) -> int:
    """Carry the write out, or describe it; ``common`` is the options object of ``cli.app``."""
    from evtech import paths
    from evtech.cli.opening import open_device
    from evtech.devices.control import Control
    from evtech.store.archive import Archive

    opened = await open_device(wish.link, wish.profile, common.profile_dir, common.output)
    archive = Archive.open(common.archive or paths.default_archive()) if wish.arm else None
    control = Control(opened.device, archive.add_audit if archive else lambda row: None)
    try:
        if archive is None:
            await control.check(wish.point, wish.value)
            before = await control.present(wish.point)
            data = _json(wish, before, None, None, None, None)
            common.output.result(data, f"Would write {wish.point} = {wish.value:g} (now {before}). Add --arm to do it.")
            return 0
        control.arm(wish.technician)
        return await _armed(control, wish, common)
    finally:
        control.disarm()
        await opened.device.link.close()
        if archive is not None:
            archive.close()


async def _armed(control: Any, wish: _Wish, common: Any) -> int:
    """Write, hold, restore, and say how it went; ``control`` is a ``Control``, imported late."""
    try:
        outcome = await control.write(wish.point, wish.value, "evtech write")
    except BaseException:
        await _undo(control, common)
        raise
    if not wish.keep:
        common.output.say(
            f"{wish.point} is {outcome.after}; it is held"
            + (f" for {wish.hold:g} s." if wish.hold else " until Ctrl+C.")
        )
        await _hold(control, wish.hold)
    restored = None if wish.keep else await _undo(control, common)
    if wish.keep:
        common.output.say(f"{wish.point} stays at {wish.value:g}, as asked; it was {outcome.before}.")
    data = _json(wish, outcome.before, outcome.after, outcome.read_back, restored, outcome.audit_id)
    words = {None: "kept", True: "restored", False: "NOT restored"}[restored]
    common.output.result(data, f"{wish.point}: {outcome.before} → {outcome.after} ({words})")
    adopted = outcome.read_back or outcome.after is None
    return 0 if adopted and restored is not False else 1


async def _undo(control: Any, common: Any) -> bool:
    """Put the old values back and say loudly where that was impossible; ``control`` is a ``Control``."""
    done = await control.restore()
    for name, good in done.items():
        if not good:
            common.output.say(f"evtech: {name} could NOT be put back. Set it by hand before you leave.")
    return all(done.values())


async def _hold(control: Any, seconds: float | None) -> None:
    """Wait for the time or a signal; feed the charger's watchdog meanwhile. ``control`` is a ``Control``."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    former: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            former[number] = signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    try:
        end = loop.time() + (seconds if seconds is not None else 900.0)
        while loop.time() < end and not stop.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), min(REFRESH_S, max(end - loop.time(), 0.01)))
            if not stop.is_set() and loop.time() < end:
                await control.refresh()
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _json(
    wish: _Wish,
    before: float | None,
    after: float | None,
    read_back: bool | None,
    restored: bool | None,
    audit: str | None,
) -> dict[str, Any]:
    return {
        "point": wish.point,
        "before": before,
        "wanted": wish.value,
        "after": after,
        "read_back": read_back,
        "restored": restored,
        "audit_id": audit,
    }
