"""Nothing is written unless armed; what is written is bounded, read back, audited and undone."""

from dataclasses import asdict

import pytest

from evtech.devices.control import AuditRow, Control, NotArmedError
from evtech.devices.device import Device
from evtech.devices.encoding import encode
from evtech.devices.library import Library
from evtech.errors import InputError
from evtech.links.link import Table
from tests.fakes import RegisterLink


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def heidelberg() -> tuple[Device, RegisterLink, list[AuditRow], Control, Clock]:
    profile = Library().find("heidelberg-energy-control")
    link = RegisterLink()
    for name, value in {"current_limit": 16.0, "hw_max_current": 16, "failsafe_current": 6.0}.items():
        point = profile.points[name]
        link.put(1, point.table, point.address, encode(point, value))
    device, rows, clock = Device(profile, link), [], Clock()
    return device, link, rows, Control(device, rows.append, clock=clock), clock


async def test_nothing_is_written_unless_armed() -> None:
    _, link, rows, control, _ = heidelberg()

    with pytest.raises(NotArmedError):
        await control.write("current_limit", 10)
    with pytest.raises(InputError, match="not armed"):
        await link.write(1, Table.HOLDING, 261, (100,))

    assert link.writes == []
    assert rows == []


async def test_a_write_is_read_back_audited_and_undone() -> None:
    _, link, rows, control, _ = heidelberg()
    control.arm("A. Novak")

    outcome = await control.write("current_limit", 10)
    restored = await control.restore()

    assert (outcome.before, outcome.after, outcome.read_back) == (16.0, 10.0, True)
    assert restored == {"current_limit": True}
    assert link.writes == [(1, 261, (100,)), (1, 261, (160,))]
    assert [row.result for row in rows] == ["intended", "written", "restored"]
    assert {row.technician for row in rows} == {"A. Novak"}


async def test_what_work_cut_off_left_changed_is_put_back_by_the_next() -> None:
    device, _, rows, control, _ = heidelberg()
    control.arm("A. Novak")
    await control.write("current_limit", 10, "calibration")  # killed here: nothing is put back

    after = Control(device, rows.append)
    await after.take_over([asdict(row) for row in rows], "calibration")
    after.arm("A. Novak")
    await after.write("current_limit", 12, "calibration")
    await after.restore()

    assert await after.present("current_limit") == 16.0


async def test_what_somebody_has_set_since_stays() -> None:
    device, link, rows, control, _ = heidelberg()
    control.arm("A. Novak")
    await control.write("current_limit", 10, "calibration")
    point = device.profile.points["current_limit"]
    link.put(1, point.table, point.address, encode(point, 8.0))

    after = Control(device, rows.append)
    await after.take_over([asdict(row) for row in rows], "calibration")

    assert after.changed == ()


@pytest.mark.parametrize(
    ("point", "value", "said"),
    [
        ("current_limit", 32.0, "too much"),
        ("current_limit", 3.0, "not possible"),
        ("failsafe_current", 10.0, "not written by evtech"),
        ("current_l1", 10.0, "no point current_l1 to write"),
        ("nothing", 1.0, "no point nothing"),
    ],
)
async def test_a_write_out_of_bounds_never_leaves(point: str, value: float, said: str) -> None:
    _, link, _, control, _ = heidelberg()
    control.arm("A. Novak")

    with pytest.raises(InputError, match=said):
        await control.write(point, value)
    assert link.writes == []


async def test_arming_ends_by_itself_and_needs_a_name() -> None:
    _, link, _, control, clock = heidelberg()
    with pytest.raises(InputError, match="Nobody is named"):
        control.arm(" ")
    control.arm("A. Novak", 60)
    clock.now += 61

    with pytest.raises(NotArmedError):
        await control.write("current_limit", 10)
    assert not link.writes_allowed


async def test_a_write_only_register_is_read_back_where_it_shows() -> None:
    profile = Library().find("keba-kecontact-p30")
    link = RegisterLink()
    limit = profile.points["current_limit_actual"]
    link.put(255, limit.table, limit.address, encode(limit, 16.0))
    rows: list[AuditRow] = []
    control = Control(Device(profile, link), rows.append)
    control.arm("A. Novak")
    link.put(255, limit.table, limit.address, encode(limit, 10.0))

    outcome = await control.write("current_limit", 10.0)

    assert outcome.after == 10.0
    assert link.writes[0][1:] == (5004, (10000,))


async def test_a_value_that_cannot_be_put_back_is_told() -> None:
    _, link, rows, control, _ = heidelberg()
    control.arm("A. Novak")
    await control.write("current_limit", 10)
    link.silent = True
    link.opened = True

    assert await control.restore() == {"current_limit": False}
    assert rows[-1].result == "not restored"
