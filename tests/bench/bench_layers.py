"""What a poll costs above the link, and how late the I/O loop gets while the window paints.

The link answers at once from a dictionary, so all that is measured is ours: plan, decode, state, history, sessions,
recorder's queue, alarms.
"""

import asyncio
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from evtech.devices.device import Device
from evtech.devices.encoding import encode
from evtech.devices.library import Library
from evtech.links.link import Table
from evtech.measure.history import History
from evtech.measure.sample import Reading
from evtech.monitor.alarms import Alarms
from evtech.monitor.charging_sessions import ChargingSessions
from evtech.store.archive import Archive
from tests.fakes import RegisterLink

POLLS = 2000


def link_for(profile_id: str) -> tuple[RegisterLink, Device]:
    """Return a link that holds 1 in every register of a profile."""
    profile = Library().find(profile_id)
    link = RegisterLink()
    for point in profile.points.values():
        if point.readable:
            unit = profile.unit_id if point.unit_id is None else point.unit_id
            value = "C2" if point.type == "text" else 1.0
            link.put(unit, point.table, point.address, encode(point, value))
            if not profile.reads.blocks:
                continue
            for address in range(point.address, point.address + 120):
                link.words[unit, point.table].setdefault(address, 0)
    return link, Device(profile, link)


async def cost(profile_id: str, folder: Path) -> tuple[float, float]:
    """Return the median cost of a poll and of the bare reads in it (s)."""
    link, device = link_for(profile_id)
    archive = Archive.open(folder / f"{profile_id}.evtech")
    identity = await device.identify()
    points = [(p.name, p.unit) for p in device.profile.points.values() if p.readable]
    writer = archive.start_recording(archive.start_visit().id, identity, points, 1.0)
    history, alarms = History([name for name, _ in points]), Alarms()
    sessions = ChargingSessions(device.profile, identity, "v", writer.recording_id)
    consumers = (history.append, sessions.take, writer.add, alarms.take)
    times, bare = [], []
    for _ in range(POLLS):
        link.reads.clear()
        started = time.perf_counter()
        reading: Reading = await device.read_all()
        for consume in consumers:
            consume(reading)
        times.append(time.perf_counter() - started)
        reads = list(link.reads)
        started = time.perf_counter()
        for unit, table, address, count in reads:
            await link.read(unit, Table(table), address, count)
        bare.append(time.perf_counter() - started)
    archive.close()
    return statistics.median(times), statistics.median(bare)


async def lateness(seconds: float, late: list[float]) -> None:
    """Note how late a 10 ms beat of the loop comes (s)."""
    clock = asyncio.get_running_loop().time
    due = clock()
    end = due + seconds
    while due < end:
        due += 0.01
        await asyncio.sleep(max(due - clock(), 0))
        late.append(clock() - due)


def beat(seconds: float) -> list[float]:
    """Run the beat on a thread of its own and return the lateness when it is over."""
    late: list[float] = []
    thread = threading.Thread(target=lambda: asyncio.run(lateness(seconds, late)))
    thread.start()
    thread.join()
    return late


def painting(seconds: float) -> list[float]:
    """Return the lateness while six curves are painted 10 times a second, as the live page does."""
    from ui.app import make_application
    from ui.widgets.plots import Plots

    application = make_application()
    names = ["voltage_l1", "voltage_l2", "voltage_l3", "current_l1", "current_l2", "power_total"]
    history = History(names)
    history.extend(np.arange(100_000) * 0.1, np.random.default_rng(1).normal(230, 1, (100_000, 6)).astype(np.float32))
    plots = Plots(set(names))
    plots.resize(1200, 600)
    plots.show()
    late: list[float] = []
    thread = threading.Thread(target=lambda: asyncio.run(lateness(seconds, late)))
    thread.start()
    while thread.is_alive():
        started = time.perf_counter()
        plots.redraw(history.window, 0, 10_000)
        plots.grab()
        application.processEvents()
        time.sleep(max(0.1 - (time.perf_counter() - started), 0))
    return late


def main() -> None:
    """Print costs and lateness."""
    with tempfile.TemporaryDirectory() as folder:
        for profile_id in ("keba-kecontact-p30", "eastron-sdm630", "alfen-ng9xx"):
            whole, bare = asyncio.run(cost(profile_id, Path(folder)))
            print(f"{profile_id}: {(whole - bare) * 1000:.2f} ms a poll above the link (goal under 0.3 ms)")
    idle, busy = (float(np.percentile(late, 99)) for late in (beat(10), painting(10)))
    print(f"I/O lateness p99: idle {idle * 1000:.2f} ms, painting {busy * 1000:.2f} ms: {busy / idle:.1f} x (goal 3 x)")


if __name__ == "__main__":
    main()
