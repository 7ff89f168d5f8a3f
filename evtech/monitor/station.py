"""A station: the charger and the reference meter beside it, each with its profile, on wires of their own or on one bus.

It makes links so that two units on one serial port, or behind one gateway, share the wire, and so that a simulated
reference meter watches the same simulated charger.
"""

from pathlib import Path

from evtech.devices.device import Device
from evtech.devices.library import Library
from evtech.devices.profile import Profile
from evtech.devices.recognition import recognise
from evtech.errors import DeviceError, InputError
from evtech.links.address import LinkAddress, parse_address
from evtech.links.link import ModbusLink
from evtech.links.shared import SharedLinks, is_same_device
from evtech.measure.sample import ChargerIdentity

DEMO_CHARGER = "keba-kecontact-p30"


class Station:
    """The links and devices of one place; used on the I/O loop only."""

    def __init__(self, library: Library | None = None, profile_dir: str | None = None) -> None:
        self.library = library or Library(Path(profile_dir) if profile_dir else None)
        self.devices: dict[str, Device] = {}
        self._addresses: dict[str, LinkAddress] = {}
        self._wires = SharedLinks()
        self._demo: ModbusLink | None = None

    def link(self, address: LinkAddress, profile: Profile | None) -> ModbusLink:
        """Return a link for an address; what it leaves out comes from the profile. Nothing is opened."""
        if address.scheme == "demo":
            return self._demo_link(address)
        return self._wires.link(address, lambda: _make(address, profile))

    async def add(self, role: str, text: str, profile_name: str | None) -> Device:
        """Open the device that plays a role (``charger``, ``reference``); without a profile it is recognised.

        Raises ``InputError`` for wrong words and for a device that plays another role already, and what opening and
        recognising raise.
        """
        address = parse_address(text)
        profile = self.library.find(profile_name) if profile_name else None
        if profile is None and address.scheme == "demo":
            profile = self.library.find(address.path or DEMO_CHARGER)
        link = self.link(address, profile)
        await link.open()
        try:
            if profile is None:
                profile = await self._recognised(link, address)
            device = Device(profile, link, address.unit_id)
            self._refuse_twice(role, device, address)
        except BaseException:
            await link.close()
            raise
        self.devices[role], self._addresses[role] = device, address
        return device

    def watch(self, role: str, device: Device, address: LinkAddress) -> None:
        """Count a device that is open already among those of the station."""
        self.devices[role], self._addresses[role] = device, address

    async def drop(self, role: str) -> None:
        """Close the device of a role, if there is one."""
        device = self.devices.pop(role, None)
        if device is not None:
            await device.link.close()

    def ready_for_calibration(self, speed: float = 60.0) -> tuple[bool, float]:
        """Return whether the charger is simulated, and how fast its time runs.

        A simulated one gets a load box in place of its script, and runs at ``speed`` (simulated seconds a second).
        """
        return load_box(self.devices["charger"].link, speed)

    async def close(self) -> None:
        """Close every device."""
        for device in self.devices.values():
            await device.link.close()
        self.devices.clear()

    async def _recognised(self, link: ModbusLink, address: LinkAddress) -> Profile:
        matches = await recognise(link, self.library, address.unit_id)
        if not matches:
            raise DeviceError(f"A device answers on {link.name}, but no profile fits it.", "Name its profile.")
        return matches[0].profile

    def _refuse_twice(self, role: str, device: Device, address: LinkAddress) -> None:
        for other, known in self.devices.items():
            if address.scheme != "demo" and is_same_device(
                self._addresses[other], address, (known.unit_id, device.unit_id)
            ):
                raise InputError(
                    f"The {role} is the same device as the {other}: unit {device.unit_id} on {device.link.name}.",
                    f"A device cannot be compared with itself: give the {role} its own address or unit id.",
                )

    def _demo_link(self, address: LinkAddress) -> ModbusLink:
        from evtech.simulator.in_process import InProcessLink, demo_link

        profile = self.library.find(address.path or DEMO_CHARGER)
        if profile.kind == "meter" and isinstance(self._demo, InProcessLink):
            return self._demo.beside(profile)
        scenario = address.options.get("scenario", "default")
        self._demo = demo_link(profile, scenario, float(address.options.get("speed", "1")))
        return self._demo


def load_box(link: ModbusLink, speed: float) -> tuple[bool, float]:
    """Plug a load box into a simulated charger and let its time run at ``speed``; a real charger is left alone."""
    from evtech.simulator.in_process import InProcessLink

    if not isinstance(link, InProcessLink):
        return False, 1.0
    behaviour = link.simulation.behaviour
    behaviour.use_load_box()
    behaviour.set_speed(speed)
    return True, speed


def same_identity(one: ChargerIdentity, other: ChargerIdentity) -> bool:
    """Tell whether two devices call themselves the same: product and serial number."""
    return one.serial_number is not None and (one.profile, one.serial_number) == (other.profile, other.serial_number)


def _make(address: LinkAddress, profile: Profile | None) -> ModbusLink:
    from evtech.links.opening import make_link

    if profile is None:
        return make_link(address)
    serial, reads = profile.serial, profile.reads
    return make_link(
        address,
        port=profile.port,
        baud=serial.baud,
        parity=serial.parity,
        stopbits=serial.stopbits,
        min_gap=reads.min_gap_s,
        lenient_unit=reads.lenient_unit,
    )
