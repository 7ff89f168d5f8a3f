"""The simulated charger obeys physics and shows itself through any profile's registers."""

import pytest

from evtech.devices.device import Device
from evtech.devices.library import Library
from evtech.links.address import parse_address
from evtech.links.opening import make_link
from evtech.measure.sample import SessionPhase
from evtech.simulator.in_process import InProcessLink
from evtech.simulator.server import TcpServer
from evtech.simulator.simulation import Simulation


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


PROFILES = [profile.id for profile in Library().profiles()]


async def device_at(profile_id: str, seconds: float, scenario: str = "default") -> tuple[Device, Simulation]:
    clock = Clock()
    simulation = Simulation(Library().find(profile_id), scenario=scenario, clock=clock)
    link = InProcessLink(simulation)
    await link.open()
    clock.now = seconds
    return Device(simulation.profile, link), simulation


@pytest.mark.parametrize("profile_id", PROFILES)
async def test_every_profile_shows_the_same_charge(profile_id: str) -> None:
    device, simulation = await device_at(profile_id, 60)

    reading = await device.read_all()

    volts = reading.number("voltage_l1")
    assert volts == pytest.approx(227, abs=3)
    assert reading.number("current_l1") == pytest.approx(16, abs=0.2)
    point = device.profile.energy_point
    if point is not None:
        # a register shows no more than its resolution
        step = point.resolution or 1.0
        assert reading.number(point.name) == pytest.approx(simulation.behaviour.meter.energy_wh, abs=max(step, 2))
    if device.profile.kind == "charger":
        assert reading.state is not None
        assert reading.state.pilot == "C2"
        assert reading.state.phase is SessionPhase.CHARGING


@pytest.mark.parametrize("profile_id", [p for p in PROFILES if Library().find(p).kind == "charger"])
async def test_before_the_vehicle_comes_it_is_idle(profile_id: str) -> None:
    device, _ = await device_at(profile_id, 1)

    reading = await device.read_all()

    assert reading.state is not None
    assert reading.state.pilot == "A1"
    assert (reading.number("power_total") or 0) == 0


def test_energy_is_the_integral_of_power_and_current_never_exceeds_the_limit() -> None:
    clock = Clock()
    simulation = Simulation(Library().find("keba-kecontact-p30"), scenario="pauses", clock=clock)
    behaviour = simulation.behaviour
    start, energy, last = behaviour.meter.energy_wh, 0.0, behaviour.meter.energy_wh
    for step in range(4000):
        clock.now = step * 0.1
        simulation.advance()
        energy += (
            sum(v * i for v, i in zip(behaviour.meter.voltages, behaviour.meter.currents, strict=True)) * 0.995 / 36000
        )
        assert behaviour.vehicle.current_a <= behaviour.charger.limit_a + 1e-9
        assert behaviour.meter.energy_wh >= last
        last = behaviour.meter.energy_wh
    assert last - start == pytest.approx(energy, rel=0.01)
    assert last - start > 300


def test_a_full_battery_tapers_and_stops() -> None:
    clock = Clock()
    simulation = Simulation(Library().find("keba-kecontact-p30"), scenario="taper", clock=clock)
    currents = []
    for minute in range(40):
        clock.now = 60.0 * minute
        simulation.advance()
        currents.append(simulation.behaviour.vehicle.current_a)

    assert currents[2] > currents[8] > 0
    assert currents[-1] == 0
    assert simulation.behaviour.charger.pilot(simulation.behaviour.vehicle) == "B2"


async def test_it_is_served_over_a_real_socket() -> None:
    simulation = Simulation(Library().find("keba-kecontact-p30"))
    server = TcpServer(simulation)
    await server.start("127.0.0.1", 0)
    link = make_link(parse_address(server.address))
    await link.open()
    try:
        reading = await Device(simulation.profile, link).read_all()
    finally:
        await link.close()
        await server.close()

    assert reading.number("serial_number") == 20260001
    assert reading.state is not None
