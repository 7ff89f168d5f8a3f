"""``evtech ports``: the machine's serial ports."""

from dataclasses import asdict

import typer


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def ports(context: typer.Context) -> None:
        """List serial ports: free, busy or denied, with the fix."""
        from evtech.links.discovery import serial_ports

        found = serial_ports()
        lines = [
            f"{port.path:<16} {port.status:<7} {port.vid_pid or '':<10} {port.description}"
            + (f"\n    {port.fix}" if port.fix else "")
            for port in found
        ]
        text = "\n".join(lines) or "No serial port was found. Plug in the adapter, then ask again."
        context.obj.output.result({"ports": [asdict(port) for port in found]}, text)
