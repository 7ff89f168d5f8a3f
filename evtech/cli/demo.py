"""``evtech demo``: the window, or a headless recording, on a simulated charger with a reference meter."""

import os
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from evtech.errors import InputError
from evtech.measure.quantity import shown
from evtech.store.session_rows import contract


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def demo(
        context: typer.Context,
        headless: bool = typer.Option(False, "--headless", help="No window: record a session and print it."),
        duration: float = typer.Option(20.0, help="Seconds to record headless (at least 6)."),
    ) -> None:
        """Try evtech on a simulated charger."""
        if not 6 <= duration <= 86_400:
            raise InputError(f"--duration is {duration:g}.", "Allowed: 6 to 86400 s; the vehicle comes after three.")
        output = context.obj.output
        if not headless and not _has_display():
            output.say("There is no display: the demo runs headless. With one, it opens the window.")
            headless = True
        with tempfile.TemporaryDirectory(prefix="evtech-demo-", ignore_cleanup_errors=True) as folder:
            archive = context.obj.archive or str(Path(folder) / "demo.evtech")
            if headless:
                data, interrupted = _record(archive, context.obj.profile_dir, duration)
                if data is not None:
                    output.result(data, _text(data))
                raise typer.Exit(130 if interrupted else 0)
            from evtech.cli.gui import open_window

            raise typer.Exit(open_window(archive, context.obj.profile_dir, demo=True))


def _has_display() -> bool:
    if sys.platform in ("win32", "darwin"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def _record(archive: str, profile_dir: str | None, duration: float) -> tuple[dict[str, Any] | None, bool]:
    """Record the simulated charger over a real socket beside its reference meter; return the session."""
    from evtech.simulator.server import TcpServer
    from evtech.simulator.simulation import Simulation
    from evtech.workbench import Workbench

    bench = Workbench(archive, profile_dir, simulated=True)
    try:
        simulation = Simulation(bench.library.find("keba-kecontact-p30"), scenario="default")
        charger, meter = TcpServer(simulation), TcpServer(simulation.reference(bench.library.find("eastron-sdm630")))

        async def serve() -> None:
            await charger.start("127.0.0.1", 0)
            await meter.start("127.0.0.1", 0)

        async def leave() -> None:
            await charger.close()
            await meter.close()

        bench.io.submit(serve()).result()
        watched = bench.connect(charger.address, "keba-kecontact-p30", interval=0.5, site="Demo").result()
        beside = bench.connect(meter.address, "eastron-sdm630", interval=0.5, site="Demo").result()
        interrupted = _wait(duration - 2.0)
        simulation.behaviour.vehicle.connected = False  # unplug, so that the session is whole
        time.sleep(2.0)
        reference = _end_now(bench, beside)
        finished = watched.sessions.finished if watched.sessions else None
        session = finished or watched.session
        if session is None and interrupted:
            bench.io.submit(leave()).result()
            return None, True
        if session is None:
            raise InputError("The demo saw no session.", "Give it a longer --duration.")
        data = contract(session)
        data["reference_energy_wh"] = reference.energy_wh if reference else None
        bench.io.submit(leave()).result()
        return data, interrupted
    finally:
        bench.close()


def _wait(seconds: float) -> bool:
    """Wait; return whether Ctrl+C cut it short: what was recorded until then is still told."""
    try:
        time.sleep(seconds)
    except KeyboardInterrupt:
        return True
    return False


def _end_now(bench: Any, connection: Any) -> Any:
    """End what a meter watched: without a pilot it would wait a minute for more. Workbench types are imported late."""

    async def end() -> None:
        connection.sessions.end_watching(datetime.now(UTC))

    bench.io.submit(end()).result()
    bench.disconnect(connection).result()
    return connection.sessions.finished


def _text(data: dict[str, Any]) -> str:
    energy, unit = shown(data["energy_wh"], "Wh")
    reference, _ = shown(data["reference_energy_wh"], "Wh")
    charger = data["charger"]
    return "\n".join(
        [
            f"{charger['vendor']} {charger['model']} (simulated)  session {data['id'][:8]}",
            f"  {data['started']} to {data['ended'] or 'now'}: {data['duration_s'] or 0:.1f} s,"
            f" charging {data['charging_s']:.1f} s",
            f"  energy {energy} {unit} ({data['energy_source']}), reference meter {reference} {unit}",
            f"  phases: {', '.join(span['phase'] for span in data['phases'])}",
            f"  {data['samples']} samples, {len(data['gaps'])} gaps",
        ]
    )
