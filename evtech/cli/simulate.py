"""``evtech simulate``: a charger or meter without hardware, over real Modbus."""

import asyncio
import contextlib
import signal
from typing import Any

import typer

from evtech.cli.output import Output
from evtech.errors import InputError


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def simulate(
        context: typer.Context,
        profile: str = typer.Argument(..., metavar="PROFILE"),
        tcp: str | None = typer.Option(None, metavar="[HOST:]PORT", help="Serve Modbus TCP; port 0 takes a free one."),
        serial: str | None = typer.Option(None, metavar="PATH", help="Serve Modbus RTU on a port or a new pty."),
        scenario: str = typer.Option("default", help="A shipped scenario or a TOML file."),
        speed: float = typer.Option(1.0, help="Simulated seconds a second."),
        reference: str | None = typer.Option(None, metavar="PROFILE@PORT", help="A reference meter beside it."),
    ) -> None:
        """Serve a simulated device until interrupted."""
        if not 0 < speed <= 3600:
            raise InputError(f"--speed is {speed:g}.", "Allowed: above 0, at most 3600.")
        work = _simulate(profile, tcp, serial, scenario, speed, reference, context.obj)
        raise typer.Exit(asyncio.run(work))


async def _simulate(
    name: str, tcp: str | None, serial: str | None, scenario: str, speed: float, reference: str | None, common: Any
) -> int:
    """Serve and report; ``common`` is the options object of ``cli.app``."""
    from pathlib import Path

    from evtech.devices.library import Library
    from evtech.simulator.server import SerialServer, TcpServer
    from evtech.simulator.simulation import Simulation

    library = Library(Path(common.profile_dir) if common.profile_dir else None)
    simulation = Simulation(library.find(name), scenario=scenario, speed=speed)
    servers: list[TcpServer | SerialServer] = []
    try:
        if serial is not None:
            line = SerialServer(simulation)
            await line.start(serial)
            servers.append(line)
        if tcp is not None or serial is None:
            host, port = _host_port(tcp or "0")
            server = TcpServer(simulation)
            await server.start(host, port)
            servers.append(server)
        reference_address = None
        if reference is not None:
            meter_name, _, meter_port = reference.partition("@")
            meter = TcpServer(simulation.reference(library.find(meter_name)))
            await meter.start(*_host_port(meter_port or "0"))
            servers.append(meter)
            reference_address = meter.address
        link = servers[-2].address if reference is not None else servers[-1].address
        common.output.line(
            {"type": "ready", "link": link, "reference": reference_address},
            f"{link}" + (f"\nreference {reference_address}" if reference_address else ""),
        )
        await _report_states(simulation, common.output)
    finally:
        for running in servers:
            await running.close()
    return 130


async def _report_states(simulation: Any, output: Output) -> None:
    """Say each change of the pilot state until SIGINT or SIGTERM; ``simulation`` is a ``Simulation``."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no handlers on the loop: Ctrl+C still raises
            loop.add_signal_handler(number, stop.set)
    last = ""
    while not stop.is_set():
        behaviour = simulation.behaviour
        behaviour.advance()
        pilot = behaviour.charger.pilot(behaviour.vehicle)
        if pilot != last:
            energy = round(behaviour.meter.energy_wh, 1)
            at = round(behaviour.now, 1)
            data = {"type": "state", "at_s": at, "pilot": pilot, "energy_wh": energy}
            output.line(data, f"{at:8.1f} s  {pilot}  {energy:.1f} Wh")
            last = pilot
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.2)
    output.line(
        {
            "type": "summary",
            "seconds": round(simulation.behaviour.now, 1),
            "energy_wh": simulation.behaviour.meter.energy_wh,
        },
        f"stopped after {simulation.behaviour.now:.1f} simulated seconds",
    )


def _host_port(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdecimal() or int(port) > 65535:
        raise InputError(f"{text!r} is not [HOST:]PORT.", "Such as 5020 or 0.0.0.0:502.")
    return host.strip("[]") or "127.0.0.1", int(port)
