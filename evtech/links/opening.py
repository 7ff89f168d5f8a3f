"""Makes the link that an address names; nothing is opened here."""

import ssl

from evtech.errors import InputError
from evtech.links.address import LinkAddress
from evtech.links.link import ModbusLink


def make_link(
    address: LinkAddress,
    *,
    port: int = 502,
    baud: int = 9600,
    parity: str = "N",
    stopbits: int = 1,
    timeout: float | None = None,
    min_gap: float = 0.0,
    lenient_unit: bool = False,
) -> ModbusLink:
    """Return a link for an address; the keywords fill what the address leaves out.

    Raises ``InputError`` for schemes that this version does not speak and for unreadable TLS files.
    """
    wait = address.timeout or timeout or 1.0
    if address.scheme in ("tcp", "tls"):
        from evtech.links.tcp import TcpLink

        tls = _tls_context(address) if address.scheme == "tls" else None
        usual = 802 if tls else port
        return TcpLink(address.host, address.port or usual, timeout=wait, tls=tls, lenient_unit=lenient_unit)
    from evtech.links.framing import AsciiFraming, RtuFraming
    from evtech.links.rtu import RtuLink
    from evtech.links.serial_port import SerialPort, SocketPort

    if address.scheme == "rtu+tcp":
        assert address.port is not None
        stream = SocketPort(address.host, address.port, wait)
        return RtuLink(stream, f"{address.host}:{address.port} (RTU)", baud=10_000_000, timeout=wait)
    if address.scheme in ("rtu", "ascii"):
        speed = address.baud or baud
        check, stops = address.parity or parity, address.stopbits or stopbits
        is_ascii = address.scheme == "ascii"
        data_bits = address.bits or (7 if is_ascii else 8)
        length = 1 + data_bits + stops + (check != "N")
        line = SerialPort(address.path, speed, check, stops, bits=data_bits)
        name = f"{address.path} {speed} {data_bits}{check}{stops}{' ASCII' if is_ascii else ''}"
        framing = AsciiFraming() if is_ascii else RtuFraming()
        return RtuLink(line, name, baud=speed, bits_per_byte=length, timeout=wait, min_gap=min_gap, framing=framing)
    raise InputError(f"Links of the kind {address.scheme}: are not spoken by this version.", "Use rtu: or tcp:.")


def _tls_context(address: LinkAddress) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=address.options.get("ca"))
        if "cert" in address.options:
            context.load_cert_chain(address.options["cert"], address.options.get("key"))
    except (OSError, ssl.SSLError) as error:
        raise InputError(
            f"The TLS files of {address} cannot be used: {error}.", "ca=, cert= and key= name PEM files."
        ) from error
    return context
