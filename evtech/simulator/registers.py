"""A profile turned round: behaviour to vocabulary values to register words.

State registers are chosen through the profile's own state rules, so that reading them back gives the state that was
meant. What the behaviour knows nothing about reads 0, or the profile's "not available" mark. Words are made for the
points that a read meets: a poll of many reads would else make all of them each time.
"""

from typing import TYPE_CHECKING

from evtech.devices.encoding import encode, raw_number
from evtech.devices.profile import Condition, DataType, Point, Profile, StateRule
from evtech.errors import RefusedError
from evtech.links.link import Table
from evtech.measure.sample import Value
from evtech.simulator.charger import Charger
from evtech.simulator.instruments import defects
from evtech.simulator.meter import Meter
from evtech.simulator.vehicle import Vehicle

if TYPE_CHECKING:
    from evtech.simulator.simulation import Behaviour

MOST_READS = 10_000  # whose points are remembered
_Place = tuple[int | None, Table, int, int]  # unit, table, address, count of a read
_IDENTITY: dict[str, Value] = {
    "manufacturer": "Simulated", "serial_number": 20260001, "firmware_version": 1, "device_name": "evtech simulator",
    "modbus_table_version": 0x0108, "connector_count": 1, "logistic_string": "SIMULATED",
}  # fmt: skip
# what recognition asks of these products
_BY_PROFILE: dict[str, dict[str, Value]] = {
    "keba-kecontact-p30": {"product_code": 314211, "firmware_version": 0x030A1C00, "serial_number": 20260001},
    "alfen-ng9xx": {
        "manufacturer": "Alfen NV", "platform_type": "NG910", "serial_number": "SIM0001", "firmware_version": "6.1.0",
        "device_name": "ALF_SIM0001", "modbus_table_version": 3,
    },
    "evtech-trainer": {"manufacturer": "evtech trainer", "serial_number": "TRAIN-0001"},
    "carlo-gavazzi-em340": {"product_code": 341, "serial_number": "SIM0340", "firmware_version": 1},
}  # fmt: skip


class RegisterImage:
    """Words by unit, table and address, as a device of this profile would show them."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.filler = 0xFFFF if any(p.all_ones_missing for p in profile.points.values()) else 0
        readable = [p for p in profile.points.values() if p.readable]
        # one product answers its code where another value lies, when that word is read by itself
        self._alone = {(p.unit_id, p.table, p.address, p.count): p for p in readable if p.alone}
        self._readable = [p for p in readable if not p.alone]
        self._whole = {(p.table, p.address, p.count) for p in readable}
        self._met: dict[_Place, list[Point]] = {}  # by read; a poll repeats the same ones
        self._words: dict[tuple[int | None, Table], dict[int, int]] = {}
        self._values: dict[str, Value] = {}
        self._chosen: dict[str, tuple[int, ...]] = {}
        self._chosen_of: dict[tuple[str, bool], dict[str, tuple[int, ...]]] = {}
        self._state_points = {c.point for rule in profile.states for c in rule.when}
        self.fixed_units = {p.unit_id for p in profile.points.values() if p.unit_id is not None}

    def show(self, behaviour: "Behaviour", meter: Meter) -> None:
        """Take note of the present behaviour: the next read shows it."""
        charger, vehicle = behaviour.charger, behaviour.vehicle
        self._values = (
            _values(charger, vehicle, meter) | defects(behaviour) | _IDENTITY | _BY_PROFILE.get(self.profile.id, {})
        )
        state = charger.pilot(vehicle), bool(vehicle.connected)
        if state not in self._chosen_of:
            self._chosen_of[state] = self._state_words(*state)
        self._chosen = self._chosen_of[state]

    def read(self, unit_id: int | None, table: Table, address: int, count: int) -> tuple[int, ...]:
        """Return words; raise ``RefusedError`` with the exception code the device would give."""
        reads = self.profile.reads
        place = unit_id, table, address, count
        if count > reads.max_registers or (reads.even_only and (address % 2 or count % 2)):
            raise RefusedError("count not allowed", 3)
        if place in self._alone:
            return self._present(self._alone[place])
        if not reads.blocks and (table, address, count) not in self._whole:
            raise RefusedError("one value at a time", 2)
        held = self._words.setdefault((unit_id, table), {})
        for point in self._points(place):
            held.update(zip(range(point.address, point.address + point.count), self._present(point), strict=True))
        if address not in held and not (reads.even_only and address + 1 in held):
            raise RefusedError("no such register", 2)
        return tuple(held.get(a, self.filler) for a in range(address, address + count))

    def _points(self, place: _Place) -> list[Point]:
        """Return the points that a read meets, also in part."""
        if place not in self._met:
            if len(self._met) >= MOST_READS:  # a client that reads here and there
                self._met.clear()
            unit_id, table, address, count = place
            self._met[place] = [
                p
                for p in self._readable
                if (p.unit_id, p.table) == (unit_id, table)
                and p.address < address + count
                and address < p.address + p.count
            ]
        return self._met[place]

    def _present(self, point: Point) -> tuple[int, ...]:
        return self._chosen.get(point.name) or self._encoded(point, self._values.get(point.name))

    def find_writable(self, unit_id: int | None, table: Table, address: int, count: int) -> Point:
        """Return the point that a write meets whole; raise ``RefusedError``."""
        for point in self.profile.points.values():
            if (point.unit_id, point.table, point.address, point.count) == (unit_id, table, address, count):
                if point.writable:
                    return point
                break
        raise RefusedError("no such register to write", 2)

    def write(self, point: Point, words: tuple[int, ...]) -> float | None:
        """Keep written words; return the value in the base unit, ``None`` for text."""
        number = None if point.type is DataType.TEXT else raw_number(point, words)
        low, high = point.minimum, point.maximum
        if number is not None and ((low is not None and 0 < number < low) or (high is not None and number > high)):
            raise RefusedError("value out of range", 3)
        if point.readable:
            table = self._words.setdefault((point.unit_id, point.table), {})
            table.update({point.address + i: word for i, word in enumerate(words)})
        return None if number is None else number * point.scale + point.offset

    def _encoded(self, point: Point, value: Value | None) -> tuple[int, ...]:
        if value is None and point.type is not DataType.TEXT and not point.all_ones_missing:
            value = 0
        if isinstance(value, str) and point.type is not DataType.TEXT:
            value = 0
        try:
            return encode(point, value)
        except ValueError:
            return (0xFFFF,) * point.count  # the register overflows, as the device's would

    def _state_words(self, pilot: str, connected: bool) -> dict[str, tuple[int, ...]]:
        rules = self.profile.states
        candidates = sorted(
            (r for r in rules if r.pilot and r.pilot[0] == pilot[0]),
            # the state itself, else its letter, which gets its digit from the offer, else a relative
            key=lambda r: (r.pilot != pilot, r.pilot != pilot[0]),
        )
        for rule in candidates:
            values: dict[str, int | str] = {name: _resting(name, connected) for name in self._state_points}
            values |= {c.point: _satisfying(c, values.get(c.point, 0)) for c in rule.when}
            if self._first_match(values) is rule:
                return {name: self._raw_words(name, value) for name, value in values.items()}
        return {}

    def _first_match(self, values: dict[str, int | str]) -> StateRule | None:
        return next((rule for rule in self.profile.states if all(_meets(c, values[c.point]) for c in rule.when)), None)

    def _raw_words(self, name: str, value: int | str) -> tuple[int, ...]:
        point = self.profile.points[name]
        return encode(point, value if isinstance(value, str) else value * point.scale + point.offset)


def _values(charger: Charger, vehicle: Vehicle, meter: Meter) -> dict[str, Value]:
    u, i, p = meter.voltages, meter.currents, meter.powers
    apparent = [volts * amps for volts, amps in zip(u, i, strict=True)]
    total, apparent_total = sum(p), sum(apparent)
    flowing = total > 1
    values: dict[str, Value] = {
        "power_total": total, "apparent_power_total": apparent_total, "frequency": meter.frequency,
        "current_total": sum(i), "energy_total": meter.shown_energy_wh, "energy_import_total": meter.shown_energy_wh,
        "apparent_energy_total": meter.shown_apparent_vah, "apparent_energy_since_power_on": meter.shown_apparent_vah,
        "session_energy": charger.session_energy_wh, "power_factor_total": total / apparent_total if flowing else 1.0,
        "current_limit_actual": charger.offer() or (charger.effective_limit() if charger.enabled else 0.0),
        "current_limit": charger.limit_a,
        "max_current": min(charger.rated_current_a, 32.0) if vehicle.connected else 6.0,
        "hw_max_current": charger.rated_current_a, "min_current": 6.0, "temperature": charger.temperature_c,
        "relay_state": int(charger.contactor_closed), "error_code": charger.fault_code, "availability": 1,
        "phase_switch_state": 1 if charger.phases > 1 else 0, "phase_switch": charger.phases,
        "uptime": charger.uptime_s,
        "external_lock": 1, "remote_lock": 1, "failsafe_current": charger.failsafe_a,
        "failsafe_timeout": charger.watchdog_s or 15.0, "setpoint_used": 1,
        "pwm_duty": charger.offer() / 0.6 if charger.offer() else 100.0, "meter_state": 3, "meter_age": 0.2,
    }  # fmt: skip
    for n in range(3):
        phase = f"l{n + 1}"
        values |= {
            f"voltage_{phase}": u[n], f"current_{phase}": i[n], f"power_{phase}": p[n],
            f"apparent_power_{phase}": apparent[n], f"power_factor_{phase}": meter.power_factor,
            f"energy_import_{phase}": meter.shown_energy_wh / 3,
            f"voltage_l{n + 1}_l{(n + 1) % 3 + 1}": (u[n] + u[(n + 1) % 3]) / 2 * 3**0.5,
        }  # fmt: skip
    return values


def _resting(name: str, connected: bool) -> int:
    """Return a raw value for a state register that the wanted rule does not speak of."""
    return (7 if connected else 1) if name == "cable_state" else 1


def _satisfying(condition: Condition, present: int | str) -> int | str:
    if condition.values is not None:
        allowed: list[int | str] = sorted(condition.values, key=str)
        return present if present in condition.values else allowed[0]
    number = present if isinstance(present, int) else 0
    return (number | condition.set_bits) & ~condition.clear_bits


def _meets(condition: Condition, value: int | str) -> bool:
    if condition.values is not None:
        return value in condition.values
    return (
        isinstance(value, int) and value & condition.set_bits == condition.set_bits and not value & condition.clear_bits
    )
