"""Two devices share one wire: opened once, closed by the last, and arming one lets nobody else write."""

import pytest

from evtech.errors import InputError, LinkLostError
from evtech.links.address import parse_address
from evtech.links.link import Table
from evtech.links.shared import SharedLinks, is_same_device
from tests.fakes import RegisterLink

ONE, OTHER = parse_address("rtu://COM5?baud=9600&unit=1"), parse_address("rtu://COM5?unit=7")


@pytest.fixture
def wire() -> RegisterLink:
    made = RegisterLink()
    for unit in (1, 7):
        made.put(unit, Table.HOLDING, 0, (unit,))
    return made


async def test_both_read_over_one_wire_and_the_last_closes_it(wire: RegisterLink) -> None:
    links = SharedLinks()
    one = links.link(ONE, lambda: wire)
    await one.open()
    other = links.link(OTHER, RegisterLink)
    await other.open()

    assert (await one.read(1, Table.HOLDING, 0, 1)).words == (1,)
    assert (await other.read(7, Table.HOLDING, 0, 1)).words == (7,)
    await one.close()
    assert wire.is_open
    with pytest.raises(LinkLostError):
        await one.read(1, Table.HOLDING, 0, 1)
    await other.close()
    assert not wire.is_open


async def test_arming_one_device_does_not_let_the_other_be_written(wire: RegisterLink) -> None:
    links = SharedLinks()
    one, other = links.link(ONE, lambda: wire), None
    await one.open()
    other = links.link(OTHER, RegisterLink)
    await other.open()
    one.writes_allowed = True

    with pytest.raises(InputError, match="not armed"):
        await other.write(7, Table.HOLDING, 0, (9,))
    await one.write(1, Table.HOLDING, 0, (5,))

    assert wire.writes == [(1, 0, (5,))]
    assert not wire.writes_allowed


async def test_a_second_device_cannot_have_another_speed(wire: RegisterLink) -> None:
    links = SharedLinks()
    await links.link(ONE, lambda: wire).open()

    with pytest.raises(InputError, match="baud 9600"):
        links.link(parse_address("rtu://COM5?baud=19200"), RegisterLink)


def test_the_same_unit_on_the_same_wire_is_one_device() -> None:
    assert is_same_device(ONE, OTHER, (1, 1))
    assert not is_same_device(ONE, OTHER, (1, 7))
