"""``evtech read``: one reading of every point."""

import asyncio
from typing import Any

import typer

from evtech.cli.output import Output, iso
from evtech.errors import InputError
from evtech.measure.quantity import shown
from evtech.measure.sample import ActiveError, ChargerIdentity, ChargerState, Reading, Sample


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def read(
        context: typer.Context,
        link: str = typer.Argument(..., metavar="LINK"),
        profile: str | None = typer.Option(None, help="Profile id or file."),
        point: list[str] = typer.Option([], help="Only these points."),  # noqa: B008
        timeout: float | None = typer.Option(None, help="Seconds to wait for each answer."),
    ) -> None:
        """Read every point of a device once."""
        from evtech.cli.opening import with_timeout

        link = with_timeout(link, timeout)
        data, text, code = asyncio.run(_read(link, profile, point, context.obj.profile_dir, context.obj.output))
        context.obj.output.result(data, text)
        raise typer.Exit(code)


async def _read(
    link: str, profile: str | None, names: list[str], profile_dir: str | None, output: Output
) -> tuple[dict[str, Any], str, int]:
    from evtech.cli.opening import open_device
    from evtech.devices.device import require_values
    from evtech.devices.recognition import contradiction

    opened = await open_device(link, profile, profile_dir, output)
    device = opened.device
    try:
        unknown = [name for name in names if name not in device.profile.points]
        if unknown:
            raise InputError(
                f"{device.profile.id} has no point {', '.join(unknown)}.",
                f"`evtech profiles show {device.profile.id}` lists its points.",
            )
        writes = [name for name in names if not device.profile.points[name].readable]
        if writes:
            raise InputError(f"{', '.join(writes)} can only be written.")
        whole = await device.read_all()
        identity = await device.identify()
    finally:
        await device.link.close()
    wanted = {name: sample for name, sample in whole.samples.items() if not names or name in names}
    require_values(device.profile, wanted)
    doubt = contradiction(device.profile, whole)
    if doubt:
        output.say(f"This may be another product: {doubt}.")
    return _json(whole, wanted, identity, opened.address.__str__()), _text(whole, wanted, identity), 0


def _json(reading: Reading, samples: dict[str, Sample], identity: ChargerIdentity, link: str) -> dict[str, Any]:
    return {
        "schema": "evtech.read/1",
        "time": iso(reading.time),
        "link": link,
        "device": {
            "profile": identity.profile,
            "vendor": identity.vendor,
            "model": identity.model,
            "serial_number": identity.serial_number,
            "firmware_version": identity.firmware_version,
        },
        "state": state_json(reading.state),
        "errors": [error_json(error) for error in reading.errors],
        "points": {name: _point_json(sample) for name, sample in samples.items()},
    }


def state_json(state: ChargerState | None) -> dict[str, Any] | None:
    """Return a charger's state as the contract writes it."""
    if state is None:
        return None
    return {"pilot": state.pilot, "phase": state.phase.value, "raw": state.raw, "text": state.text}


def error_json(error: ActiveError) -> dict[str, Any]:
    """Return an active fault as the contract writes it."""
    return {"code": error.code, "raw": error.raw, "meaning": error.meaning, "severity": error.severity}


def _point_json(sample: Sample) -> dict[str, Any]:
    data: dict[str, Any] = {
        "value": sample.value,
        "unit": sample.unit,
        "quality": sample.quality.value,
        "raw": list(sample.raw),
    }
    if sample.text is not None:
        data["text"] = sample.text
    if sample.reason is not None:
        data["reason"] = sample.reason
    return data


def _text(reading: Reading, samples: dict[str, Sample], identity: ChargerIdentity) -> str:
    serial = identity.serial_number or "unknown"
    lines = [f"{identity.vendor} {identity.model}  SN {serial}  fw {identity.firmware_version or 'unknown'}"]
    if reading.state is not None:
        lines.append(f"State {reading.state.pilot or '—'}  {reading.state.phase}: {reading.state.text}")
    lines += [f"Fault {e.code}: {e.meaning or 'meaning not published'} ({e.severity})" for e in reading.errors]
    for name, sample in samples.items():
        digits, unit = shown(sample.number, sample.unit) if sample.unit else (str(sample.value), "")
        value = "—" if sample.value is None else f"{digits} {unit}".strip()
        extra = sample.text or sample.reason or ""
        lines.append(f"  {name:<32} {value:>18}  {extra}".rstrip())
    return "\n".join(lines)
