"""What a scan may look at is read as written; what belongs to somebody else is refused before anything is sent."""

import pytest

from evtech.errors import CannotConnectError, InputError
from evtech.links.targets import Target, parse_target


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("127.0.0.1", Target(("127.0.0.1",), (502,))),
        ("127.0.0.1:1502", Target(("127.0.0.1",), (1502,))),
        ("192.168.1.8/30:502,5020-5021", Target(("192.168.1.9", "192.168.1.10"), (502, 5020, 5021))),
        ("10.0.0.7/32", Target(("10.0.0.7",), (502,))),
        ("[::1]:802", Target(("::1",), (802,))),
        ("::1", Target(("::1",), (502,))),
        ("localhost:502", Target(("localhost",), (502,))),
    ],
)
def test_a_target_is_read_as_written(text: str, target: Target) -> None:
    assert parse_target(text) == target


@pytest.mark.parametrize("text", ["8.8.8.8", "8.8.8.0/24:502", "2001:4860:4860::8888", "224.0.0.1", "0.0.0.0"])
def test_a_public_address_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no private address"):
        parse_target(text)
    assert parse_target(text, anywhere=True).ports == (502,)


@pytest.mark.parametrize("text", ["10.0.0.0/8", "192.168.0.0/16:502,503", "fd00::/64"])
def test_too_large_a_range_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="too much"):
        parse_target(text)


@pytest.mark.parametrize("text", ["", ":502", "127.0.0.1:0", "127.0.0.1:x", "127.0.0.1:9-5", "1.2.3/24", "a b"])
def test_wrong_words_say_what_is_wrong(text: str) -> None:
    with pytest.raises(InputError):
        parse_target(text)


def test_an_unknown_name_says_so() -> None:
    with pytest.raises(CannotConnectError, match="not known"):
        parse_target("no-such-host.invalid")
