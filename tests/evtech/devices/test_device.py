"""A device is read whole; what it refuses is missing with a reason and hides nothing else."""

import pytest

from evtech.devices.device import Device
from evtech.devices.encoding import encode
from evtech.devices.library import Library
from evtech.devices.recognition import contradiction, recognise
from evtech.errors import NoAnswerError, RefusedError, UnreadableError
from evtech.links.link import Table
from evtech.measure.sample import Quality, SessionPhase
from tests.fakes import RegisterLink

KEBA = {
    "state": 3, "cable_state": 7, "error_code": 0, "current_l1": 16.0, "current_l2": 15.9, "current_l3": 16.1,
    "serial_number": 17619300, "product_code": 314211, "firmware_version": 0x030A0D00, "power_total": 11031.5,
    "energy_total": 1234567.8, "voltage_l1": 230, "voltage_l2": 231, "voltage_l3": 229, "power_factor_total": 0.985,
    "current_limit_actual": 16.0, "max_current": 32.0, "rfid_tag": 0, "session_energy": 4117.3,
}  # fmt: skip


def loaded(profile_id: str, values: dict[str, float | str]) -> tuple[Device, RegisterLink]:
    profile = Library().find(profile_id)
    link = RegisterLink()
    for name, value in values.items():
        point = profile.points[name]
        link.put(point.unit_id or profile.unit_id, point.table, point.address, encode(point, value))
    return Device(profile, link), link


async def test_a_keba_is_read_one_value_at_a_time() -> None:
    device, link = loaded("keba-kecontact-p30", KEBA)

    reading = await device.read_all()

    for name, value in KEBA.items():
        assert reading.number(name) == pytest.approx(value), name
    assert all(count <= 2 for _, _, _, count in link.reads)
    assert reading.state is not None
    assert (reading.state.pilot, reading.state.phase, reading.state.raw) == ("C2", SessionPhase.CHARGING, "3")
    assert (await device.identify()).firmware_version == "3.10.13"


async def test_a_refused_point_is_missing_and_asked_for_only_once() -> None:
    device, link = loaded("keba-kecontact-p30", KEBA)
    first = await device.read_all()
    link.reads.clear()
    second = await device.read_all()

    for reading in (first, second):
        refused = reading.samples["failsafe_current"]
        assert (refused.value, refused.quality) == (None, Quality.MISSING)
        assert refused.reason == "refused by the device (exception 2)"
    addresses = [address for _, _, address, _ in link.reads]
    assert 1600 not in addresses
    assert 1014 not in addresses  # the serial number is read once


async def test_one_value_by_name_says_which_was_refused() -> None:
    device, link = loaded("keba-kecontact-p30", KEBA)
    link.refused.add((Table.HOLDING, 1008))

    with pytest.raises(RefusedError, match="current_l1"):
        await device.read("current_l1")


async def test_a_silent_device_is_an_error_after_one_request() -> None:
    device, link = loaded("keba-kecontact-p30", KEBA)
    link.silent = True

    with pytest.raises(NoAnswerError):
        await device.read_all()
    assert len(link.reads) == 1


async def test_an_sdm630_is_read_in_even_blocks_and_counts_wh() -> None:
    profile = Library().find("eastron-sdm630")
    values = {name: 1.0 for name, point in profile.points.items() if point.table is Table.INPUT}
    device, link = loaded("eastron-sdm630", values | {"energy_import_total": 12_345_678.0, "serial_number": 4711})
    for address in range(400):
        link.words[1, Table.INPUT].setdefault(address, 0)

    reading = await device.read_all()

    assert reading.number("energy_import_total") == pytest.approx(12_345_678.0, rel=1e-7)
    assert reading.samples["energy_import_total"].unit == "Wh"
    assert reading.state is None
    blocks = [(address, count) for _, table, address, count in link.reads if table is Table.INPUT]
    assert all(address % 2 == 0 and count % 2 == 0 and count <= 60 for address, count in blocks)
    assert len(blocks) <= 3


async def test_an_em340_has_the_low_word_first_and_an_over_range_mark() -> None:
    device, link = loaded("carlo-gavazzi-em340", {"voltage_l1": 230.1, "voltage_l2": 0.0, "product_code": 341})
    link.put(1, Table.INPUT, 2, (0xFFFF, 0x7FFF))

    reading = await device.read_all()

    assert link.words[1, Table.INPUT][0] == 2301
    assert reading.number("voltage_l1") == 230.1
    assert reading.samples["voltage_l2"].quality is Quality.MISSING


async def test_an_alfen_station_answers_on_two_units() -> None:
    device, link = loaded(
        "alfen-ng9xx",
        {
            "manufacturer": "Alfen NV",
            "serial_number": "ACE0123",
            "cp_state": "C2",
            "voltage_l1": 231.5,
            "energy_total": 5e6,
        },
    )
    link.put(1, Table.HOLDING, 308, (0xFFFF, 0xFFFF))
    reading = await device.read_all()

    assert reading.samples["manufacturer"].value == "Alfen NV"
    assert reading.number("energy_total") == 5e6
    assert reading.samples["voltage_l2"].reason == "not available (all ones)"
    assert {unit for unit, *_ in link.reads} == {1, 200}
    assert reading.state is not None
    assert reading.state.pilot == "C2"


async def test_a_heidelberg_counts_apparent_energy_only() -> None:
    device, _ = loaded("heidelberg-energy-control", {"state": 7, "current_l1": 6.0, "apparent_energy_total": 81234})

    reading = await device.read_all()

    assert device.profile.energy_point is None
    assert reading.samples["apparent_energy_total"].unit == "VAh"
    assert reading.state is not None
    assert reading.state.phase is SessionPhase.CHARGING


async def test_the_product_is_recognised_by_its_code() -> None:
    _, link = loaded("keba-kecontact-p30", KEBA)

    matches = await recognise(link, Library(), None)

    assert [match.profile.id for match in matches] == ["keba-kecontact-p30"]
    assert "product_code = 314211" in matches[0].evidence


async def test_a_profile_of_which_nothing_can_be_read_is_an_error() -> None:
    device, link = loaded("keba-kecontact-p30", {})
    link.put(255, Table.HOLDING, 0, (1,))

    with pytest.raises(UnreadableError, match="Not one point of keba-kecontact-p30"):
        await device.first_reading()


async def test_a_profile_that_reads_another_product_is_doubted() -> None:
    device, _ = loaded("keba-kecontact-p30", {**KEBA, "product_code": 12})

    reading = await device.first_reading()

    assert "product_code is 12" in str(contradiction(device.profile, reading))
    right, _ = loaded("keba-kecontact-p30", KEBA)
    assert contradiction(right.profile, await right.first_reading()) is None


async def test_nobody_there_names_the_units_that_were_asked() -> None:
    link = RegisterLink()
    link.silent = True

    with pytest.raises(NoAnswerError, match="units 1, 200 and 255 were asked"):
        await recognise(link, Library())


async def test_a_text_longer_than_a_read_is_read_in_parts() -> None:
    device, link = loaded("heidelberg-energy-control", {"logistic_string": "HEIDELBERG Energy Control 2019 0123456789"})

    sample = await device.read("logistic_string")

    assert sample.value == "HEIDELBERG Energy Control 2019 0123456789"
    assert [count for _, _, _, count in link.reads] == [17, 15]
