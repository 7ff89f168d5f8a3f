"""A station opens charger and reference side by side and refuses the charger as its own reference."""

import pytest

from evtech.devices.library import Library
from evtech.errors import InputError
from evtech.monitor.station import Station
from evtech.simulator.server import TcpServer
from evtech.simulator.simulation import Simulation


async def test_the_demo_reference_watches_the_demo_charger() -> None:
    station = Station()
    charger = await station.add("charger", "demo:keba-kecontact-p30", None)
    reference = await station.add("reference", "demo:eastron-sdm630", None)

    assert charger.link.simulation.behaviour is reference.link.simulation.behaviour  # type: ignore[attr-defined]
    assert station.ready_for_calibration(30.0) == (True, 30.0)
    await station.close()


async def test_the_charger_cannot_be_its_own_reference() -> None:
    simulation = Simulation(Library().find("eastron-sdm630"))
    server = TcpServer(simulation)
    await server.start("127.0.0.1", 0)
    station = Station()
    await station.add("charger", server.address, "eastron-sdm630")

    with pytest.raises(InputError, match="The reference is the same device as the charger"):
        await station.add("reference", server.address, "eastron-sdm630")

    assert station.ready_for_calibration() == (False, 1.0)
    await station.close()
    await server.close()
