"""From words on the command line to an open device: address, profile, recognition."""

from dataclasses import dataclass, replace
from pathlib import Path

from evtech.cli.output import Output
from evtech.devices.device import Device
from evtech.devices.library import Library
from evtech.devices.profile import Profile
from evtech.errors import DeviceError, InputError
from evtech.links.address import LinkAddress, parse_address
from evtech.links.link import ModbusLink


@dataclass(frozen=True, slots=True)
class Opened:
    """An open device and the address it was reached by."""

    device: Device
    address: LinkAddress


def with_timeout(text: str, seconds: float | None) -> str:
    """Return a link address with the answer's time limit of an option; what the address says itself stands."""
    if seconds is None:
        return text
    if not 0.01 <= seconds <= 60:
        raise InputError(f"--timeout is {seconds:g}.", "Allowed: 0.01 to 60 s.")
    address = parse_address(text)
    return text if address.timeout is not None else str(replace(address, timeout=seconds))


async def open_device(text: str, profile_name: str | None, profile_dir: str | None, output: Output) -> Opened:
    """Open a link and return the device on it; without a profile the device is recognised and the choice said.

    Raises ``InputError`` for wrong words, ``CannotConnectError``, and ``DeviceError`` when nothing is recognised.
    """
    address = parse_address(text)
    library = Library(Path(profile_dir) if profile_dir else None)
    profile = library.find(profile_name) if profile_name else None
    link = link_for(address, profile, library)
    await link.open()
    try:
        if profile is None:
            profile = await choose_profile(link, library, address, output)
    except BaseException:
        await link.close()
        raise
    return Opened(Device(profile, link, address.unit_id), address)


def link_for(address: LinkAddress, profile: Profile | None, library: Library) -> ModbusLink:
    """Return the link for an address; ``demo:`` is a simulated device without a socket."""
    if address.scheme == "demo":
        from evtech.simulator.in_process import demo_link

        return demo_link(library.find(address.path or "keba-kecontact-p30"))
    from evtech.links.opening import make_link

    if profile is None:
        return make_link(address)
    return make_link(
        address,
        port=profile.port,
        baud=profile.serial.baud,
        parity=profile.serial.parity,
        stopbits=profile.serial.stopbits,
        min_gap=profile.reads.min_gap_s,
        lenient_unit=profile.reads.lenient_unit,
    )


async def choose_profile(link: ModbusLink, library: Library, address: LinkAddress, output: Output) -> Profile:
    """Recognise the device and say which profile was taken and why."""
    if address.scheme == "demo":
        return library.find(address.path or "keba-kecontact-p30")
    from evtech.devices.recognition import recognise

    matches = await recognise(link, library, address.unit_id)
    if not matches:
        raise DeviceError(
            f"A device answers on {link.name}, but no profile fits it.",
            "Name the profile with --profile; `evtech profiles list` shows what is known.",
        )
    best = matches[0]
    if len(matches) > 1 and matches[1].confidence == best.confidence:
        names = ", ".join(match.profile.id for match in matches)
        raise InputError(f"Several profiles fit the device on {link.name}: {names}.", "Name one with --profile.")
    output.say(f"Recognised {best.profile.id} ({best.confidence:.0%}): {best.evidence}.")
    return best.profile
