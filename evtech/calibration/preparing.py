"""From a plan and the devices on the bench to a procedure: registers, steps, identities, what forbids to begin."""

import math
from dataclasses import replace
from datetime import UTC, datetime
from typing import Literal

from evtech.calibration.acquisition import POLL_S, to_kwh
from evtech.calibration.instrument import expired
from evtech.calibration.plan import Plan, start_run
from evtech.calibration.procedure import Setup
from evtech.calibration.register_track import RegisterFacts
from evtech.calibration.run_record import CalibrationRun, Certificate, CertificatePoint, Device, Reference, Register
from evtech.devices import device as devices
from evtech.devices.profile import DataType, Point, Profile
from evtech.errors import InputError
from evtech.measure.sample import ChargerIdentity
from evtech.monitor.station import same_identity

_BITS = {DataType.UINT16: 16, DataType.UINT32: 32, DataType.INT32: 31}
_FLOATS = {DataType.FLOAT32: 24, DataType.FLOAT64: 53}


def energy_register(profile: Profile, stated: Register | None) -> Point:
    """Return the register to compare: the one the plan names, else the product's energy register.

    Raises ``InputError`` where there is none in Wh.
    """
    if stated is not None and stated.point is not None:
        point = profile.points.get(stated.point)
        if point is None or not point.readable or point.unit != "Wh":
            usable = [p.name for p in profile.points.values() if p.readable and p.unit == "Wh"]
            raise InputError(
                f"{profile.id} has no energy register {stated.point}.", f"Usable: {', '.join(usable) or 'none'}."
            )
        return point
    found = profile.energy_point
    if found is None:
        raise InputError(
            f"{profile.vendor} {profile.model} has no register that counts imported energy in Wh.",
            "Compare by another device, or read the display by hand.",
        )
    return found


def step_kwh(point: Point, reading_kwh: float | None) -> float:
    """Return a register's smallest step: the profile's, one count of a whole number, or what a float can tell apart."""
    if point.resolution:
        return to_kwh(point, point.resolution)
    if point.type in _FLOATS:
        value = reading_kwh if reading_kwh else 1000.0
        return float(2.0 ** (math.frexp(value)[1] - _FLOATS[point.type]))
    return to_kwh(point, abs(point.scale))


async def prepare(
    plan: Plan,
    charger: devices.Device,
    reference: devices.Device | None,
    *,
    simulated: bool = False,
    unattended_s: float | None = None,
) -> tuple[Setup, CalibrationRun]:
    """Return what a procedure needs, and the record that it begins with.

    Raises ``InputError`` for what cannot be measured (no reference, the charger as its own reference, no energy
    register, a certificate that is out of date where the plan says that this blocks), and what the devices raise.
    """
    if reference is None and not plan.reference.manual:
        raise InputError(
            "There is no reference meter.", "Name its link, or set manual = true in [reference] to type its readings."
        )
    if plan.reference.manual and plan.start_stop != "static":
        raise InputError(
            "A reference that is read by hand needs a standing register.", 'Set start_stop = "static" in the plan.'
        )
    if plan.method != "energy_dose":
        raise InputError(
            f"The method {plan.method} cannot be measured by evtech yet.",
            "Use energy_dose; a power comparison made otherwise can be evaluated.",
        )
    check_certificate(plan)
    who = await charger.identify()
    record = replace(start_run(plan, datetime.now(UTC)), simulated=simulated)
    device, device_facts = await _device(plan.device, charger, who)
    record, facts = replace(record, device=device), None
    if reference is not None and not plan.reference.manual:
        instrument = await reference.identify()
        if same_identity(who, instrument) and not simulated:
            raise InputError(
                f"Charger and reference are the same device: {who.vendor} {who.model}, serial number"
                f" {who.serial_number}.",
                "A meter cannot be compared with itself: check the addresses.",
            )
        record, facts = await _with_reference(record, plan.reference, reference, instrument)
    setup = Setup(
        device=device_facts,
        reference=facts,
        certified_a=_certified(plan.reference),
        most_a=plan.reference.max_current_a,
        entry=plan.reference.manual_entry if plan.reference.manual else None,
        poll_s=POLL_S,
        unattended_s=unattended_s,
    )
    return setup, record


def check_certificate(plan: Plan) -> None:
    """Raise ``InputError`` where the certificate is missing or out of date and the plan says that this blocks."""
    if plan.expired_certificate != "block":
        return
    certificate = plan.reference.certificate
    if certificate is None:
        raise InputError("The reference has no certificate.", "State [reference.certificate], or allow it in the plan.")
    if expired(certificate, datetime.now(UTC).date()):
        raise InputError(
            f"The certificate {certificate.number or ''} of the reference was due on {certificate.due}.",
            'Use another instrument, or set expired_certificate = "indicative" in the plan.',
        )


async def _device(stated: Device, charger: devices.Device, who: ChargerIdentity) -> tuple[Device, RegisterFacts]:
    point = energy_register(charger.profile, stated.register)
    step = stated.resolution_kwh or step_kwh(point, await _present(charger, point))
    known = replace(
        stated,
        resolution_kwh=step,
        vendor=stated.vendor or who.vendor,
        model=stated.model or who.model,
        serial_number=stated.serial_number or who.serial_number,
        firmware_version=stated.firmware_version or who.firmware_version,
        profile=who.profile,
        link=who.link,
        register=register_of(point),
    )
    return known, RegisterFacts("charger", step, _range(point), stated.update_period_s, _place(point))


async def _with_reference(
    record: CalibrationRun, stated: Reference, reference: devices.Device, who: ChargerIdentity
) -> tuple[CalibrationRun, RegisterFacts]:
    point = energy_register(reference.profile, stated.register)
    step = stated.resolution_kwh or step_kwh(point, await _present(reference, point))
    if stated.serial_number and who.serial_number and stated.serial_number != who.serial_number:
        made_for = replace(stated.certificate or Certificate(), serial_number=stated.serial_number)
        stated = replace(stated, certificate=made_for, serial_number=who.serial_number)
    known = replace(
        stated,
        resolution_kwh=step,
        vendor=stated.vendor or who.vendor,
        model=stated.model or who.model,
        serial_number=stated.serial_number or who.serial_number,
        profile=who.profile,
        link=who.link,
        register=register_of(point),
    )
    facts = RegisterFacts("reference", step, _range(point), stated.update_period_s, _place(point))
    return replace(record, reference=known), facts


async def _present(device: devices.Device, point: Point) -> float | None:
    sample = await device.read(point.name)
    return None if sample.number is None else to_kwh(point, sample.number)


def register_of(point: Point) -> Register:
    """Return where a register lies, as the record keeps it."""
    unit: Literal["Wh", "kWh"] | None = "Wh" if point.scale == 1.0 else "kWh" if point.scale == 1000.0 else None
    return Register(point.name, point.table.value, point.address, point.type.value, unit)


def _place(point: Point) -> str:
    return f"{point.table.value} 0x{point.address:04X}"


def _range(point: Point) -> float | None:
    bits = _BITS.get(point.type)
    return None if bits is None else to_kwh(point, 2.0**bits * point.scale)


def _certified(reference: Reference) -> tuple[float, float] | None:
    errors = reference.certificate.error_pct if reference.certificate is not None else None
    if not isinstance(errors, tuple) or not errors:
        return None
    currents = [row.current_a for row in errors if isinstance(row, CertificatePoint)]
    return min(currents), max(currents)
