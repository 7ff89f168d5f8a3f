"""``evtech billing verify`` and ``evtech billing keys``: signed meter values, and whose key signed them."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from evtech.cli.output import Output
from evtech.errors import InputError

if TYPE_CHECKING:
    from evtech.billing.key_registry import KeyRegistry, PinnedKey, Sighting
    from evtech.billing.signatures import VerifyResult

_EXIT_CODES = {"valid": 0, "invalid": 1, "malformed": 2, "no_key": 3, "unsupported": 3}


def register(app: typer.Typer) -> None:
    """Add the command and the group of the key registry."""
    app.command("verify")(verify)
    keys = typer.Typer(help="The pinned public keys of meters, by serial number.", no_args_is_help=True)
    app.add_typer(keys, name="keys")
    keys.command("list")(list_keys)
    keys.command("add")(add_key)
    keys.command("remove")(remove_key)
    keys.command("export")(export_keys)


def verify(
    context: typer.Context,
    file: Path = typer.Argument(..., metavar="FILE"),  # noqa: B008
    public_key: str | None = typer.Option(None, help="Key from the charger's label: hex, base64, base32 or PEM."),
    public_key_file: Path | None = typer.Option(None, help="A file with that key."),  # noqa: B008
    registered_key: bool = typer.Option(False, "--registered-key", help="Use the key pinned for this meter."),
    pin: bool = typer.Option(True, "--pin/--no-pin", help="Remember the key of a meter seen for the first time."),
) -> None:
    """Verify signed meter values: the signatures, and what speaks against billing them."""
    from evtech.billing.signatures import verify_bytes
    from evtech.billing.signed_formats.content import LARGEST_FILE

    output: Output = context.obj.output
    given = given_key(public_key, public_key_file)
    data = _read(file, LARGEST_FILE)
    result = verify_bytes(data, public_key=given)
    registry = _registry_or_none(output)
    if registered_key:
        result = verify_bytes(data, public_key=_pinned(registry, result), key_source="registry")
    elif result.result == "no_key" and _known_key(registry, result):
        output.say("A key is pinned for this meter: add --registered-key to verify with it.")
    sightings = _witness(registry, result, pin, output)
    answer = result.to_json() | {"registry": [_sighting_json(sighting) for sighting in sightings]}
    output.result(answer, _text(result, sightings))
    raise typer.Exit(_EXIT_CODES[result.result])


def list_keys(context: typer.Context) -> None:
    """List the pinned keys."""
    registry = _registry()
    keys = registry.pinned()
    lines = [_key_line(key) for key in keys] or ["No key is pinned yet."]
    context.obj.output.result(registry.export(), "\n".join(lines))


def add_key(
    context: typer.Context,
    meter_serial: str = typer.Argument(..., metavar="SERIAL"),
    public_key: str | None = typer.Option(None, help="The key: hex, base64, base32 or PEM."),
    public_key_file: Path | None = typer.Option(None, help="A file with the key."),  # noqa: B008
    replace: bool = typer.Option(False, "--replace", help="Put it in place of another one."),
) -> None:
    """Pin the key from a charger's label."""
    given = given_key(public_key, public_key_file)
    if given is None:
        raise InputError("No key is given.", "Add --public-key KEY or --public-key-file FILE.")
    pinned = _registry().add(meter_serial, given, "label", datetime.now(UTC), replacing=replace)
    context.obj.output.result(_key_json(pinned), f"Pinned: {_key_line(pinned)}")


def remove_key(context: typer.Context, meter_serial: str = typer.Argument(..., metavar="SERIAL")) -> None:
    """Forget a meter's key."""
    _registry().remove(meter_serial)
    context.obj.output.result({"removed": meter_serial}, f"The key of meter {meter_serial} is forgotten.")


def export_keys(
    context: typer.Context,
    target: Path | None = typer.Option(None, "-o", "--output", help="File to write; without it: standard output."),  # noqa: B008
) -> None:
    """Write the registry as JSON."""
    data = _registry().export()
    text = json.dumps(data, ensure_ascii=False, indent=1)
    if target is None:
        context.obj.output.result(data, text)
        return
    from evtech.reports.files import write_whole

    write_whole(target, text.encode())
    context.obj.output.result({"file": str(target)}, f"{target} is written")


def given_key(text: str | None, file: Path | None) -> str | None:
    """Return the key of the options; a key file may be text or DER."""
    if text is not None and file is not None:
        raise InputError("Two keys are given.", "Use either the key itself or a file with it.")
    if file is None:
        return text
    raw = _read(file, 100_000)
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.hex()


def _read(file: Path, most: int) -> bytes:
    """Return the file's bytes, and one more than allowed at most."""
    try:
        with file.open("rb") as stream:
            return stream.read(most + 1)
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}.", "Check the name and the rights.") from error


def _registry() -> "KeyRegistry":
    from evtech import paths
    from evtech.billing.key_registry import KeyRegistry

    try:
        return KeyRegistry(paths.meter_keys())
    except OSError as error:
        raise InputError(f"The data folder cannot be used: {error.strerror}.", "Check its rights.") from error


def _registry_or_none(output: Output) -> "KeyRegistry | None":
    """Return the registry; a verdict does not wait for it."""
    try:
        return _registry()
    except InputError as error:
        output.error(error)
        return None


def _known_key(registry: "KeyRegistry | None", result: "VerifyResult") -> "PinnedKey | None":
    serials = [value.record.meter_serial or value.record.gateway_serial for value in result.values]
    found = [registry.find(serial) for serial in serials if serial] if registry else []
    return next((key for key in found if key), None)


def _pinned(registry: "KeyRegistry | None", result: "VerifyResult") -> str:
    key = _known_key(registry, result)
    if key is None:
        raise InputError(
            f"No key is pinned for meter {result.meter_serial or 'without serial number'}.",
            "Pin it from the label: evtech billing keys add SERIAL --public-key KEY",
        )
    return key.key


def _witness(registry: "KeyRegistry | None", result: "VerifyResult", pin: bool, output: Output) -> "list[Sighting]":
    if registry is None:
        return []
    try:
        sightings = registry.witness(result, datetime.now(UTC), pin=pin)
    except InputError as error:
        output.error(error)
        return []
    for sighting in sightings:
        if sighting.status == "changed":
            output.say(
                f"evtech: THE KEY OF METER {sighting.meter_serial} HAS CHANGED. Pinned {sighting.pinned.pinned} "
                f"({sighting.pinned.source}): {sighting.pinned.fingerprint[:16]}; "
                f"this file ({sighting.source}): {_fingerprint(sighting)[:16]}.\n"
                "  Compare both with the charger's label. A changed meter has a new key; a forged file has one too."
            )
    return sightings


def _fingerprint(sighting: "Sighting") -> str:
    from evtech.billing.public_keys import fingerprint

    return fingerprint(sighting.key)


def _sighting_json(sighting: "Sighting") -> dict[str, Any]:
    return {
        "meter_serial": sighting.meter_serial,
        "status": sighting.status,
        "fingerprint": _fingerprint(sighting),
        "key_source": sighting.source,
        "pinned_fingerprint": sighting.pinned.fingerprint,
        "pinned_source": sighting.pinned.source,
        "pinned_at": sighting.pinned.pinned,
    }


def _key_json(key: "PinnedKey") -> dict[str, Any]:
    return {
        "meter_serial": key.meter_serial,
        "key": key.key,
        "fingerprint": key.fingerprint,
        "source": key.source,
        "pinned": key.pinned,
    }


def _key_line(key: "PinnedKey") -> str:
    return f"{key.meter_serial:<24} {key.fingerprint[:16]}  {key.source:<9} {key.pinned}"


def _text(result: "VerifyResult", sightings: "list[Sighting]") -> str:
    from evtech.billing.verdict_words import describe

    lines = describe(result)
    lines += [f"  key of meter {seen.meter_serial}: {_STATUS_WORDS[seen.status]}" for seen in sightings]
    return "\n".join(lines)


_STATUS_WORDS = {
    "new": "seen for the first time; compare it with the charger's label",
    "same": "the pinned one",
    "changed": "NOT THE PINNED ONE",
}
