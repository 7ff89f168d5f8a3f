"""The words of a simulated device: the same however a read is cut, and present at each read."""

import contextlib

import pytest

from evtech.devices.library import Library
from evtech.devices.profile import Point, Profile
from evtech.errors import RefusedError
from evtech.links.link import Table
from evtech.simulator.simulation import Simulation

PROFILES = Library().profiles()
IN_BLOCKS = [p.id for p in PROFILES if p.reads.blocks and not p.reads.even_only]


def charging(profile_id: str) -> Simulation:
    """Return a simulation after a minute, when the vehicle charges."""
    now = [0.0]
    made = Simulation(Library().find(profile_id), clock=lambda: now[0])
    made.behaviour.clock_now = lambda: 1_772_000_000.0
    now[0] = 60.0
    made.advance()
    return made


def shown(profile: Profile) -> list[Point]:
    """Return the points that share their registers with no word that is read alone, and that fit into one read."""
    alone = {(p.table, p.address) for p in profile.points.values() if p.alone}
    return [
        p
        for p in profile.points.values()
        if p.readable
        and p.count <= profile.reads.max_registers
        and not any((p.table, p.address + i) in alone for i in range(p.count))
    ]


@pytest.mark.parametrize("profile_id", IN_BLOCKS)
def test_a_block_holds_the_words_of_its_points(profile_id: str) -> None:
    image = charging(profile_id).image
    compared = 0
    for point in shown(image.profile):
        own = image.read(point.unit_id, point.table, point.address, point.count)
        start = max(0, point.address - 3)
        with contextlib.suppress(RefusedError):  # nothing lies at the block's beginning
            block = image.read(point.unit_id, point.table, start, point.address - start + point.count + 2)
            assert block[point.address - start :][: point.count] == own, point.name
            compared += 1

    assert compared > 0


@pytest.mark.parametrize("profile_id", IN_BLOCKS)
def test_a_read_may_begin_within_a_point(profile_id: str) -> None:
    image = charging(profile_id).image
    long = [point for point in shown(image.profile) if point.count > 1]
    for point in long:
        own = image.read(point.unit_id, point.table, point.address, point.count)
        assert image.read(point.unit_id, point.table, point.address + 1, point.count - 1) == own[1:], point.name

    assert long or profile_id == "heidelberg-energy-control"  # its words are single, but for one longer than a read


def test_the_code_of_a_product_is_shown_when_its_word_is_read_alone() -> None:
    image = charging("carlo-gavazzi-em340").image
    code = image.profile.points["product_code"]

    assert image.read(None, code.table, code.address, 1) == (341,)
    assert image.read(None, code.table, code.address, 2)[0] != 341


def test_what_changed_is_shown_by_the_next_read() -> None:
    simulation = charging("heidelberg-energy-control")
    limit = simulation.profile.points["current_limit"]
    place = (None, Table.HOLDING, limit.address, 1)
    before = simulation.image.read(*place)
    simulation.behaviour.charger.limit_a = 10.0
    simulation.advance()

    assert (before, simulation.image.read(*place)) == ((160,), (100,))
