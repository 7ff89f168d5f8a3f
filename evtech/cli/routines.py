"""Running routines for ``evtech diagnose``: over a recording, or live on a link, with the stop that Ctrl+C is."""

import asyncio
import contextlib
import signal
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from evtech.cli.output import Output

# Parts of evtech.diagnostics, evtech.devices and evtech.store are imported inside: they are heavy, and every start of
# a command imports this module. Their types are ``Any`` here for that reason.


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for on the command line."""

    link: str
    profile: str | None
    names: tuple[str, ...]
    duration: float | None
    technician: str | None  # named: armed


def over_recording(
    trace: Any, facts: Any, profile_id: str | None, names: Sequence[str], profile_dir: str | None
) -> Any:
    """Return the results of all routines, or of those named, over a recording, and the recording as its product says.

    A product of which only the error codes are known gives those their meaning.
    """
    from evtech.devices.library import Library
    from evtech.diagnostics.bench import Bench
    from evtech.diagnostics.routines import ROUTINES, find_routines
    from evtech.diagnostics.runner import run_routines
    from evtech.diagnostics.state_map import as_product_says

    trace, profile = as_product_says(trace, profile_id, Library(profile_dir_path(profile_dir)))
    chosen = find_routines(names) if names else ROUTINES
    return asyncio.run(run_routines(chosen, Bench(trace=trace, facts=facts, profile=profile))), trace


def profile_dir_path(text: str | None) -> Any:
    """Return the folder of user profiles as a path."""
    from pathlib import Path

    return Path(text) if text else None


def on_link(wish: Wish, facts: Any, common: Any) -> tuple[Any, Any, str | None, bool]:
    """Run the named routines live; return results, evidence (or ``None``), profile id and whether it was stopped."""
    return asyncio.run(_on_link(wish, facts, common))


async def _on_link(wish: Wish, facts: Any, common: Any) -> tuple[Any, Any, str | None, bool]:
    from evtech.diagnostics.routines import find_routines
    from evtech.diagnostics.runner import run_routines

    chosen = find_routines(wish.names)
    cancel = asyncio.Event()
    async with contextlib.AsyncExitStack() as stack:
        bench = await _bench(stack, wish, facts, common, cancel, any(r.needs_profile for r in chosen))
        with _stopped_by_signals(cancel):
            results = await run_routines(chosen, bench, lambda r: common.output.say(f"{r.id} {r.verdict}: {r.reason}"))
        return results, bench.evidence(), bench.profile.id if bench.profile else None, cancel.is_set()


async def _bench(
    stack: contextlib.AsyncExitStack, wish: Wish, facts: Any, common: Any, cancel: asyncio.Event, needs_device: bool
) -> Any:
    """Return a bench on the link; a device is opened only where a routine needs one."""
    from evtech.cli.opening import link_for, open_device
    from evtech.devices.library import Library
    from evtech.diagnostics.bench import Bench, Live, RealClock
    from evtech.links.address import parse_address

    clock = RealClock()
    told = {
        "facts": facts,
        "clock": clock,
        "cancel": cancel,
        "quick_s": wish.duration,
        "report": _reporter(common.output),
    }
    address = parse_address(wish.link)
    if not needs_device:
        library = Library(profile_dir_path(common.profile_dir))
        profile = library.find(wish.profile) if wish.profile else None
        link = link_for(address, profile, library)
        stack.push_async_callback(link.close)
        return Bench(link=link, address=address, profile=profile, **told)
    opened = await open_device(wish.link, wish.profile, common.profile_dir, common.output)
    stack.push_async_callback(opened.device.link.close)
    device = opened.device
    live = Live(device, clock, max(1.0, device.profile.reads.min_poll_s))
    control = _control(stack, device, wish, common)
    return Bench(live=live, device=device, address=address, control=control, **told)


def _control(stack: contextlib.AsyncExitStack, device: Any, wish: Wish, common: Any) -> Any:
    """Return an armed control with its audit in the archive, ``None`` where nobody armed."""
    if wish.technician is None:
        return None
    from evtech import paths
    from evtech.devices.control import Control
    from evtech.store.archive import Archive

    archive = Archive.open(common.archive or paths.default_archive())
    stack.callback(archive.close)
    control = Control(device, archive.add_audit)
    stack.callback(control.disarm)
    control.arm(wish.technician)
    return control


def _reporter(output: Output) -> Any:
    """Return a consumer of progress that says each step once, with ``-v``."""

    def report(progress: Any) -> None:
        if progress.step is not None:
            output.detail(f"{progress.routine}  {progress.step.verdict:14} {progress.step.reason}")

    return report


@contextlib.contextmanager
def _stopped_by_signals(cancel: asyncio.Event) -> Iterator[None]:
    """Let Ctrl+C and a termination stop the run between two transactions."""
    loop = asyncio.get_running_loop()
    former: dict[signal.Signals, Any] = {}
    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            former[number] = signal.signal(number, lambda *_: loop.call_soon_threadsafe(cancel.set))
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
