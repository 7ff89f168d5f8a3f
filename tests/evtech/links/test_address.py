"""Link addresses are read as written and refused with the allowed forms."""

import pytest

from evtech.errors import LinkAddressError
from evtech.links.address import parse_address


@pytest.mark.parametrize(
    "text",
    [
        "tcp://192.168.1.50:502?unit=255",
        "tcp://[fe80::1]:1502?unit=1&timeout=2.5",
        "rtu:///dev/ttyUSB0?baud=19200&parity=E&stopbits=1&unit=3",
        "rtu://COM5",
        "rtu+tcp://gateway:4001",
        "demo:keba-kecontact-p30",
    ],
)
def test_an_address_survives_the_round_trip(text: str) -> None:
    assert str(parse_address(text)) == text


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("192.168.1.50", "no kind of link"),
        ("http://host", "no known kind"),
        ("tcp://", "no host"),
        ("tcp://host:0", "65535"),
        ("tcp://host?unit=256", "from 0 to 255"),
        ("tcp://host?speed=9", "unknown option speed"),
        ("rtu://?baud=9600", "no serial port"),
        ("rtu:///dev/x?parity=Q", "N, E, O"),
        ("rtu+tcp://host", "needs a port"),
        ("tcp://fe80::1", "brackets"),
        ("tcp://host?timeout=nan", "0.01 to 60"),
    ],
)
def test_a_wrong_address_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(LinkAddressError, match=reason) as caught:
        parse_address(text)
    assert "tcp://HOST" in caught.value.hint
