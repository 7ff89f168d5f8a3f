"""One wire for several devices: two units on one serial port, or behind one gateway that takes a single connection.

Each user gets a link of its own that opens and closes by itself; the wire under it is opened by the first and closed by
the last. Arming one user's link lets nobody else write.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from evtech.errors import InputError, LinkLostError
from evtech.links.address import NETWORK_SCHEMES, LinkAddress
from evtech.links.link import Answer, ModbusLink, Table, refuse_unarmed


@dataclass(slots=True)
class _Wire:
    """A link under the shared ones, with those who have it open."""

    link: ModbusLink
    address: LinkAddress
    users: set["SharedLink"] = field(default_factory=set)
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)


class SharedLinks:
    """The wires that are in use, by port or host."""

    def __init__(self) -> None:
        self._wires: dict[tuple[str, ...], _Wire] = {}

    def link(self, address: LinkAddress, make: Callable[[], ModbusLink]) -> ModbusLink:
        """Return a link for an address; the wire is made by ``make`` unless another device has it already.

        Raises ``InputError`` where a second device on a serial port is asked for with other settings.
        """
        wire = self._wires.get(_key(address))
        if wire is None or not wire.users:
            wire = self._wires[_key(address)] = _Wire(make(), address)
        else:
            _check_settings(wire.address, address)
        return SharedLink(wire)


class SharedLink:
    """One device's share of a wire; meets ``ModbusLink``."""

    def __init__(self, wire: _Wire) -> None:
        self._wire = wire
        self.writes_allowed = False
        self.name = wire.link.name
        self.statistics, self.traffic = wire.link.statistics, wire.link.traffic  # of the whole wire
        self.byte_time, self.request_overhead = wire.link.byte_time, wire.link.request_overhead

    @property
    def is_open(self) -> bool:
        """Tell whether this user has opened the wire and it stands."""
        return self in self._wire.users and self._wire.link.is_open

    async def open(self) -> None:
        """Open the wire unless it is open; raise ``CannotConnectError``."""
        async with self._wire.opening:  # after a loss every user tries to open it again
            if not self._wire.link.is_open:
                await self._wire.link.open()
            self._wire.users.add(self)

    async def close(self) -> None:
        """Let go of the wire; the last one closes it."""
        self._wire.users.discard(self)
        if not self._wire.users:
            await self._wire.link.close()

    async def read(self, unit_id: int, table: Table, address: int, count: int, *, spare: int = 0) -> Answer:
        """Read as the wire does."""
        self._demand_open()
        return await self._wire.link.read(unit_id, table, address, count, spare=spare)

    async def write(self, unit_id: int, table: Table, address: int, words: tuple[int, ...]) -> None:
        """Write as the wire does, if this very user is armed."""
        refuse_unarmed(self.writes_allowed, self.name)
        self._demand_open()
        link = self._wire.link
        link.writes_allowed = True  # looked at before the first wait: nobody else's write slips through
        try:
            await link.write(unit_id, table, address, words)
        finally:
            link.writes_allowed = False

    def _demand_open(self) -> None:
        if self not in self._wire.users:
            raise LinkLostError(f"{self.name} is not open.", "evtech opens it again by itself.")


def is_same_device(one: LinkAddress, other: LinkAddress, units: tuple[int, int]) -> bool:
    """Tell whether two addresses reach the same unit on the same wire; ``units`` are those finally asked."""
    return _key(one) == _key(other) and units[0] == units[1]


def _key(address: LinkAddress) -> tuple[str, ...]:
    if address.scheme in NETWORK_SCHEMES:
        return (address.scheme, address.host.casefold(), str(address.port or ""))
    return (address.scheme, address.path)


def _check_settings(standing: LinkAddress, wanted: LinkAddress) -> None:
    for name in ("baud", "parity", "stopbits"):
        here, there = getattr(standing, name), getattr(wanted, name)
        if here is not None and there is not None and here != there:
            raise InputError(
                f"{wanted.path} is open with {name} {here}, another device on it is asked for with {there}.",
                "All devices on one line use the same speed, parity and stop bits.",
            )
