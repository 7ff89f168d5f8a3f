"""Begins a calibration of a charger that is being watched: opens the reference, arms, gives way on the wire."""

import asyncio
from dataclasses import dataclass

from evtech.calibration.calibrator import Bench, Calibration
from evtech.calibration.journal import Unfinished
from evtech.calibration.plan import Plan
from evtech.devices.control import Control
from evtech.devices.device import Device
from evtech.errors import EvtechError
from evtech.links.address import LinkAddress
from evtech.monitor.monitor import Monitor
from evtech.monitor.station import Station, load_box
from evtech.store.archive import Archive

DEMO_SPEED = 30.0  # simulated seconds a second
CALM_INTERVAL_S = 2.0  # of the ordinary polling meanwhile: the registers go first


@dataclass(frozen=True, slots=True)
class CalibrationWish:
    """What a person asks for. ``reference`` is a link address, ``None`` where the reference is read by hand.

    ``armed_by`` names who lets evtech set the current limit, ``left`` is an unfinished calibration to take up,
    ``as_left_of`` the one before the adjustment.
    """

    plan: Plan
    reference: str | None = None
    reference_profile: str | None = None
    armed_by: str | None = None
    left: Unfinished | None = None
    as_left_of: str | None = None


@dataclass(frozen=True, slots=True)
class Watching:
    """The charger as it is watched already."""

    device: Device
    address: LinkAddress
    monitor: Monitor | None
    visit_id: str | None


async def begin_calibration(
    station: Station, archive: Archive, watching: Watching, wish: CalibrationWish
) -> Calibration:
    """Return a calibration that has begun and goes on by itself; raise what keeps it from beginning."""
    station.watch("charger", watching.device, watching.address)
    await station.drop("reference")
    reference = None
    if wish.reference is not None and not wish.plan.reference.manual:
        reference = await station.add("reference", wish.reference, wish.reference_profile)
    simulated, speed = load_box(watching.device.link, DEMO_SPEED)
    control = None
    if wish.armed_by is not None:
        control = Control(watching.device, archive.add_audit)
        control.arm(wish.armed_by)
    bench = Bench(
        watching.device, reference, archive, watching.visit_id, speed=speed, simulated=simulated, control=control
    )
    try:
        if wish.left is not None:
            calibration = await Calibration.take_up(wish.left, bench)
        else:
            calibration = await Calibration.begin(wish.plan, bench, as_left_of=wish.as_left_of)
    except BaseException:
        await station.drop("reference")
        load_box(watching.device.link, 1.0)
        raise
    calibration.task = asyncio.get_running_loop().create_task(_go(calibration, station, watching))
    return calibration


async def _go(calibration: Calibration, station: Station, watching: Watching) -> None:
    """Run a calibration to its end and give everything back."""
    monitor = watching.monitor
    usual = monitor.interval if monitor is not None else 0.0
    if monitor is not None:
        monitor.interval = max(usual, CALM_INTERVAL_S)
    try:
        await calibration.run()
        await asyncio.to_thread(calibration.finish)
    except EvtechError as error:
        calibration.failure = error  # the page says it; finished runs are kept
    finally:
        if monitor is not None:
            monitor.interval = usual
        await station.drop("reference")
        load_box(watching.device.link, 1.0)
