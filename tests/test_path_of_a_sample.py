"""The newcomer's tour: one charge from the wire to the archive, with a cut link in the middle.

simulator (TCP server) -> links -> devices -> monitor -> history, sessions, recorder -> archive
"""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from evtech.simulator.server import TcpServer
from evtech.simulator.simulation import Simulation
from evtech.workbench import CheckStep, Workbench


def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait for a condition with a limit; what is waited for runs on other threads."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.01)


def test_a_charge_goes_from_the_wire_to_the_archive(tmp_path: Path) -> None:
    bench = Workbench(str(tmp_path / "a.evtech"))
    simulation = Simulation(bench.library.find("alfen-ng9xx"), scenario="default")
    server = TcpServer(simulation)
    bench.io.submit(server.start("127.0.0.1", 0)).result()
    steps: list[CheckStep] = []
    try:
        # the device is recognised by what it says about itself
        connection = bench.check(server.address, None, steps.append, interval=0.05).result()
        assert connection.profile.id == "alfen-ng9xx"
        assert [step.name for step in steps if step.state == "ok"] == [
            "address", "link", "device", "identity", "values", "recording",
        ]  # fmt: skip

        # values are pulled: the newest reading, and a history for plots
        until(lambda: connection.session and connection.session.charging_s > 0.5)
        assert connection.latest is not None
        assert connection.latest.number("voltage_l1") == pytest.approx(228, abs=6)
        assert connection.history.latest("current_l1") is not None

        # the server goes away for a while and comes back on the same port: a gap in the same session
        session = connection.session
        assert session is not None
        bench.io.submit(server.close()).result()
        until(lambda: connection.status == "retrying")
        again = TcpServer(simulation)
        bench.io.submit(again.start("127.0.0.1", server.port)).result()
        until(lambda: connection.status == "connected" and connection.gaps)
        simulation.behaviour.vehicle.connected = False
        until(lambda: connection.sessions is not None and connection.sessions.finished)

        # the energy is the register's, whatever was missed
        assert connection.sessions is not None
        finished = connection.sessions.finished
        assert finished is not None
        assert finished.id == session.id
        assert len(finished.gaps) == 1
        assert finished.energy_wh == pytest.approx(simulation.behaviour.meter.energy_wh - 1_284_500.0, abs=0.5)
        bench.archive.writer.flush()
        kept = bench.archive.session(finished.id)
        assert kept.energy_wh == finished.energy_wh
        series = bench.archive.series(kept.recording_id, "voltage_l1", kept.started, kept.ended or kept.started)
        assert len(series.times) >= kept.samples - 3
        bench.io.submit(again.close()).result()
    finally:
        bench.close()
