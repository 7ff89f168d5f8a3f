"""Finds devices on a network or on a serial line and tells what they likely are.

Hits are yielded as they come, with a link address that can be used at once.
"""

import dataclasses
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from evtech.devices.device import Device
from evtech.devices.library import Library
from evtech.devices.profile import Profile
from evtech.devices.recognition import recognise
from evtech.errors import DeviceError, LinkError, NoAnswerError, SettingsError
from evtech.links.address import LinkAddress
from evtech.links.discovery import LIKELY_SETTINGS, all_settings, answers, open_endpoints
from evtech.links.link import ModbusLink
from evtech.links.opening import make_link
from evtech.links.targets import Target

FIRST_UNITS = 5  # unit ids tried at each serial setting, beside those of the profiles
NEAR_UNITS = 16  # unit ids tried once the setting is known; all 247 in a full scan


@dataclass(frozen=True, slots=True)
class Found:
    """Something that answers: its link address, the likeliest profile (or none), how surely and why."""

    link: str
    profile: Profile | None
    confidence: float
    evidence: str
    serial_number: str | None = None


class Search:
    """One search: counts what it probed; ``progress`` hears the present step in words."""

    def __init__(
        self, library: Library, *, timeout: float = 1.0, progress: Callable[[str], None] = lambda step: None
    ) -> None:
        self.probed = 0
        self._library, self._timeout, self._progress = library, timeout, progress

    async def network(self, target: Target, units: Sequence[int] | None = None) -> AsyncIterator[Found]:
        """Yield the devices on a network; ``units`` defaults to those of the known profiles."""
        tried = list(units or self._usual_units("modbus-tcp"))
        self.probed = len(target)
        self._progress(f"{len(target.hosts)} host(s), port {', '.join(map(str, target.ports))}")
        async for host, port in open_endpoints(target, timeout=self._timeout):
            self._progress(f"{host}:{port} is open")
            address = LinkAddress("tcp", host, port, timeout=None)
            link = make_link(address, timeout=self._timeout)
            try:
                await link.open()
                async for found in self._on(link, address, tried):
                    yield found
            except LinkError as error:
                self._progress(f"{host}:{port}: {error}")
            finally:
                await link.close()

    async def serial(
        self, path: str, units: Sequence[int] | None = None, *, full: bool = False
    ) -> AsyncIterator[Found]:
        """Yield the devices on a serial line, trying its settings likeliest first; a line has one setting.

        Raises ``CannotConnectError`` when the port is missing, busy or denied.
        """
        first = list(units or dict.fromkeys((*self._usual_units("modbus-rtu"), *range(1, FIRST_UNITS + 1))))
        then = list(units or dict.fromkeys((*first, *range(1, (247 if full else NEAR_UNITS) + 1))))
        for settings in all_settings() if full else LIKELY_SETTINGS:
            self._progress(f"{path} at {settings}, unit {', '.join(map(str, first))}")
            address = LinkAddress(
                "rtu", path=path, baud=settings.baud, parity=settings.parity, stopbits=settings.stopbits
            )
            link = make_link(address, timeout=self._timeout)
            try:
                await link.open()
                if not await self._first_answer(link, first):
                    continue
                self._progress(f"Something answers at {settings}; looking for more units")
                async for found in self._on(link, address, then):
                    yield found
                return
            except SettingsError as error:
                self._progress(str(error))
            finally:
                await link.close()

    async def _first_answer(self, link: ModbusLink, units: Sequence[int]) -> bool:
        for unit in units:
            self.probed += 1
            if await answers(link, unit):
                return True
        return False

    async def _on(self, link: ModbusLink, address: LinkAddress, units: Sequence[int]) -> AsyncIterator[Found]:
        """Yield what answers on an open link; a device that answers to several unit ids is told once."""
        seen: set[tuple[str, str]] = set()
        for unit in units:
            if not await answers(link, unit):
                continue
            found = await self._what(link, dataclasses.replace(address, unit_id=unit), unit)
            if found.profile is not None and found.serial_number is not None:
                who = (found.profile.id, found.serial_number)
                if who in seen:
                    continue
                seen.add(who)
            yield found

    async def _what(self, link: ModbusLink, address: LinkAddress, unit: int) -> Found:
        try:
            matches = await recognise(link, self._library, unit)
        except NoAnswerError:
            matches = []
        if not matches:
            return Found(str(address), None, 0.0, f"unit {unit} answers; no known profile fits")
        best = matches[0]
        rivals = [match.profile.id for match in matches[1:] if match.confidence == best.confidence]
        evidence = best.evidence + (f"; fits as well: {', '.join(rivals)}" if rivals else "")
        confidence = best.confidence / (len(rivals) + 1)
        try:
            identity = await Device(best.profile, link, unit).identify()
        except DeviceError:
            return Found(str(address), best.profile, confidence, evidence)
        return Found(str(address), best.profile, confidence, evidence, identity.serial_number)

    def _usual_units(self, protocol: str) -> list[int]:
        profiles = self._library.profiles()
        units = [profile.unit_id for profile in profiles if protocol in profile.protocols]
        return sorted(set(units) | {1}, key=lambda unit: (-units.count(unit), unit))
