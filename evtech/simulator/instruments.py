"""What the rarer instruments of a station show: outputs, terminals, residual current, pilot levels, inputs.

Few products offer these points; a profile that has them shows what the simulated parts do.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evtech.measure.sample import Value

if TYPE_CHECKING:
    from evtech.simulator.simulation import Behaviour


def defects(behaviour: "Behaviour") -> dict[str, Value]:
    """Return values by vocabulary name."""
    charger, vehicle, mains = behaviour.charger, behaviour.vehicle, behaviour.mains
    high, low = charger.pilot_volts(vehicle)
    pending = vehicle.connected and not charger.authorised
    auth = 3 if charger.rejected and vehicle.connected else 1 if pending else 2
    locked = vehicle.connected
    values: dict[str, Value] = {
        "cp_voltage_pos": high, "cp_voltage_neg": low, "relay_command": int(charger.contactor_closed),
        "relay_cycles": charger.relay_cycles, "residual_current_dc": charger.residual_dc(vehicle),
        "residual_trip_count": charger.trips, "rcm_selftest": 2 if charger.selftest_failed else 1, "auth_state": auth,
        "lock_command": int(locked), "lock_state": int(locked and not charger.lock_fails),
        "cable_max_current": charger.cable_a if vehicle.connected else 0.0,
        "emergency_stop": int(charger.emergency_stop),
        "door_open": int(charger.door_open), "water_detected": int(charger.water), "tilt_detected": int(charger.tilted),
        "backend_connected": int(charger.online), "phase_sequence": 2 if mains.rotation_left else 1,
        "temperature_ambient": charger.ambient_c, "enable": int(charger.enabled), "phase_count": charger.phases,
        "cp_state": " ABCDEF".index(charger.pilot(vehicle)[0]),
    }  # fmt: skip
    values |= _clock(behaviour)
    for n, volts in enumerate(behaviour.outputs):
        values[f"output_voltage_l{n + 1}"] = volts
        values[f"temperature_terminal_l{n + 1}"] = charger.temperature_c + 3.0 + mains.rises_k[n]
    return values


def _clock(behaviour: "Behaviour") -> dict[str, Value]:
    """Return the charger's clock: seconds since 1970, and its local time in parts with its offset to UTC."""
    charger = behaviour.charger
    now = behaviour.clock_now() + charger.clock_offset_s + 1e-6 * charger.clock_drift_ppm * behaviour.now
    zone = 60.0 * charger.time_zone_min
    local = datetime.fromtimestamp(now + zone, UTC)
    return {
        "clock": int(now), "time_zone_offset": zone, "clock_year": local.year, "clock_month": local.month,
        "clock_day": local.day, "clock_hour": local.hour, "clock_minute": local.minute, "clock_second": local.second,
    }  # fmt: skip
