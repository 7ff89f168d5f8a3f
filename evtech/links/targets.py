"""What a network scan looks at: ``192.168.1.50``, ``192.168.1.0/24:502,1502``, ``charger.local``, ``[fd00::5]:502``.

A scan of somebody else's network is an attack in the eyes of its owner: public addresses are refused unless they are
asked for by name of the option.
"""

import ipaddress
import socket
from collections.abc import Iterator
from dataclasses import dataclass

from evtech.errors import CannotConnectError, InputError

MOST_ENDPOINTS = 16_384  # a /18 with one port: a quarter of an hour
USUAL_PORTS = (502,)
_FORMS = "Such as 192.168.1.50, 192.168.1.0/24, 192.168.1.0/24:502,1502, charger.local or [fd00::5]:502."
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """Hosts and ports of one scan."""

    hosts: tuple[str, ...]
    ports: tuple[int, ...]

    def endpoints(self) -> Iterator[tuple[str, int]]:
        """Yield each host with each port."""
        return ((host, port) for host in self.hosts for port in self.ports)

    def __len__(self) -> int:
        return len(self.hosts) * len(self.ports)


def parse_target(text: str, *, anywhere: bool = False) -> Target:
    """Return what to scan; a name is looked up (blocking).

    Raises ``InputError`` for wrong words, too large a range and public addresses, ``CannotConnectError`` for a name
    that nobody knows.
    """
    place, ports = _split(text.strip())
    try:
        network = ipaddress.ip_network(place, strict=False)
    except ValueError:
        addresses = _look_up(place, text)
        _refuse_public(addresses, text, anywhere)
        return _bounded((place,), ports, text)
    if network.num_addresses > MOST_ENDPOINTS * 2:
        raise _too_many(text)
    hosts: list[Address] = list(network.hosts()) or [network.network_address]
    _refuse_public([hosts[0], hosts[-1]], text, anywhere)
    return _bounded(tuple(str(host) for host in hosts), ports, text)


def _split(text: str) -> tuple[str, tuple[int, ...]]:
    if text.startswith("["):
        place, _, rest = text[1:].partition("]")
        ports = rest.removeprefix(":")
    elif text.count(":") > 1:  # a bare IPv6 address or network
        place, ports = text, ""
    else:
        place, _, ports = text.partition(":")
    if not place:
        raise InputError(f"{text!r} names no host.", _FORMS)
    return place, _ports(ports, text) if ports else USUAL_PORTS


def _ports(words: str, text: str) -> tuple[int, ...]:
    found: list[int] = []
    for word in words.split(","):
        low, dash, high = word.partition("-")
        if not low.isdecimal() or (dash and not high.isdecimal()):
            raise InputError(f"{text!r} has {word!r} for a port.", _FORMS)
        first, last = int(low), int(high or low)
        if not 1 <= first <= last <= 65535:
            raise InputError(f"{text!r} has {word!r} for a port.", "Allowed: 1 to 65535, such as 502 or 502-510.")
        found += range(first, last + 1)
    return tuple(dict.fromkeys(found))


def _look_up(name: str, text: str) -> list[Address]:
    if "/" in name or " " in name:
        raise InputError(f"{text!r} is no host and no network.", _FORMS)
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CannotConnectError(
            f"The name {name!r} is not known on this network.", "Check the spelling, or use the IP address."
        ) from error
    return [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]


def _refuse_public(addresses: list[Address], text: str, anywhere: bool) -> None:
    public = next((a for a in addresses if a.is_global or a.is_multicast or a.is_unspecified), None)
    if public is not None and not anywhere:
        raise InputError(
            f"{text} reaches {public}, which is no private address.",
            "Scan only networks that you may scan; --anywhere does it all the same.",
        )


def _bounded(hosts: tuple[str, ...], ports: tuple[int, ...], text: str) -> Target:
    target = Target(hosts, ports)
    if len(target) > MOST_ENDPOINTS:
        raise _too_many(text)
    return target


def _too_many(text: str) -> InputError:
    return InputError(f"{text} is too much to scan.", f"At most {MOST_ENDPOINTS} addresses and ports in one scan.")
