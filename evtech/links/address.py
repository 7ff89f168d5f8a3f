"""Link addresses: ``tcp://192.168.1.50:502?unit=1``, ``rtu:///dev/ttyUSB0?baud=19200&parity=E``, ``demo:PROFILE``.

What an address leaves out is filled from the profile, then from the protocol's default.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from evtech.errors import LinkAddressError

NETWORK_SCHEMES = ("tcp", "tls", "rtu+tcp")
SERIAL_SCHEMES = ("rtu", "ascii", "rapi")
FORMS = (
    "tcp://HOST[:502][?unit=1]",
    "tls://HOST[:802][?unit=1]",
    "rtu+tcp://HOST:PORT[?unit=1]",
    "rtu:///dev/ttyUSB0[?baud=19200&parity=E&stopbits=1&unit=1]",
    "rtu://COM5[?…]",
    "ascii:///dev/ttyUSB0[?baud=9600&parity=E&bits=7]",
    "demo:PROFILE[?scenario=NAME&speed=X]",
)
_KNOWN_OPTIONS = {"unit", "timeout", "baud", "parity", "stopbits", "bits", "ca", "cert", "key"}


@dataclass(frozen=True, slots=True)
class LinkAddress:
    """A parsed link address; ``None`` where it leaves something out. ``path`` is the serial port or demo profile."""

    scheme: str
    host: str = ""
    port: int | None = None
    path: str = ""
    unit_id: int | None = None
    timeout: float | None = None
    baud: int | None = None
    parity: str | None = None
    stopbits: int | None = None
    bits: int | None = None  # data bits: 8, or 7 as ASCII has by default
    options: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.scheme == "demo":
            query = "&".join(f"{key}={value}" for key, value in self.options.items())
            return f"demo:{self.path}{'?' + query if query else ''}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        where = f"{host}{f':{self.port}' if self.port is not None else ''}" if self.host else self.path
        pairs = {"baud": self.baud, "parity": self.parity, "stopbits": self.stopbits, "bits": self.bits}
        pairs |= {"unit": self.unit_id}
        words = [f"{key}={value}" for key, value in pairs.items() if value is not None]
        words += [f"timeout={self.timeout:g}"] if self.timeout is not None else []
        words += [f"{key}={value}" for key, value in self.options.items()]
        return f"{self.scheme}://{where}{'?' + '&'.join(words) if words else ''}"


def parse_address(text: str) -> LinkAddress:
    """Return the parts of a link address; raise ``LinkAddressError`` naming the allowed forms."""
    text = text.strip()
    if text.startswith("demo:"):
        name, _, query = text.removeprefix("demo:").lstrip("/").partition("?")
        return LinkAddress("demo", path=name, options=dict(parse_qsl(query)))
    scheme, separator, _ = text.partition("://")
    if not separator or scheme not in NETWORK_SCHEMES + SERIAL_SCHEMES:
        raise _error(text, f"{scheme!r} is no known kind of link" if separator else "it names no kind of link")
    try:
        parts = urlsplit(text)
        options = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    except ValueError as error:
        raise _error(text, str(error)) from error
    unknown = set(options) - _KNOWN_OPTIONS
    if unknown:
        raise _error(text, f"unknown option {', '.join(sorted(unknown))}; known: {', '.join(sorted(_KNOWN_OPTIONS))}")
    host, port, path = "", None, ""
    if scheme in NETWORK_SCHEMES:
        host, port = _host_and_port(text, parts.netloc)
        if scheme == "rtu+tcp" and port is None:
            raise _error(text, "rtu+tcp needs a port")
    else:
        path = unquote(parts.netloc + parts.path)
        if not path:
            raise _error(text, "no serial port is named")
    if scheme == "rtu" and options.get("bits") == "7":
        raise _error(text, "RTU frames need 8 data bits; 7 are for ascii:")
    return LinkAddress(
        scheme,
        host,
        port,
        path,
        unit_id=_whole(text, options, "unit", 0, 255),
        timeout=_seconds(text, options),
        baud=_whole(text, options, "baud", 50, 4_000_000),
        parity=_parity(text, options),
        stopbits=_whole(text, options, "stopbits", 1, 2),
        bits=_whole(text, options, "bits", 7, 8),
        options={key: options[key] for key in ("ca", "cert", "key") if key in options},
    )


def _error(text: str, reason: str) -> LinkAddressError:
    return LinkAddressError(f"{text!r} is not a link address: {reason}.", "Known forms: " + "   ".join(FORMS))


def _host_and_port(text: str, place: str) -> tuple[str, int | None]:
    if place.startswith("["):
        host, bracket, rest = place[1:].partition("]")
        if not bracket:
            raise _error(text, "the bracket of the IPv6 address is not closed")
        port_text = rest.removeprefix(":")
    else:
        host, _, port_text = place.partition(":")
        if ":" in port_text:
            raise _error(text, "an IPv6 address stands in brackets")
    if not host:
        raise _error(text, "no host is named")
    if not port_text:
        return host, None
    if not port_text.isdecimal() or not 1 <= int(port_text) <= 65535:
        raise _error(text, f"port {port_text!r} is not a number from 1 to 65535")
    return host, int(port_text)


def _whole(text: str, options: Mapping[str, str], name: str, low: int, high: int) -> int | None:
    word = options.get(name)
    if word is None:
        return None
    if not word.isdecimal() or not low <= int(word) <= high:
        raise _error(text, f"{name}={word!r} is not a number from {low} to {high}")
    return int(word)


def _seconds(text: str, options: Mapping[str, str]) -> float | None:
    word = options.get("timeout")
    if word is None:
        return None
    try:
        seconds = float(word)
    except ValueError:
        seconds = -1.0
    if not 0.01 <= seconds <= 60:
        raise _error(text, f"timeout={word!r} is not a number of seconds from 0.01 to 60")
    return seconds


def _parity(text: str, options: Mapping[str, str]) -> str | None:
    word = options.get("parity")
    if word is None:
        return None
    if word.upper() not in {"N", "E", "O"}:
        raise _error(text, f"parity={word!r} is not one of N, E, O")
    return word.upper()
