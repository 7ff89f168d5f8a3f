"""The titles of a recording's columns: vocabulary names, short aliases, and signals with underscores for dots."""

from evtech.measure.vocabulary import ALIASES, TERMS

TEXT_POINTS = {
    "cp_state", "auth_state", "relay_command", "relay_state", "lock_command", "lock_state", "residual_trip_kind",
    "rcm_selftest", "hlc_state", "hlc_stage_failed", "ev_error_code", "phase_sequence", "cable_state", "error_code",
    "fault_id", "link.kind", "evse.state_prev", "evse.fault_id",
}  # fmt: skip
# signals that are one point of the vocabulary
_POINTS = {
    "evse.state": "cp_state", "evse.fault_code": "error_code", "cp.v_pos": "cp_voltage_pos",
    "cp.v_neg": "cp_voltage_neg", "cp.freq": "cp_frequency", "cp.duty": "pwm_duty", "pp.ohm": "pp_resistance",
    "pp.amp": "cable_max_current", "lim.set": "current_limit", "lim.eff": "current_limit_actual",
    "lim.hw": "hw_max_current", "lim.failsafe": "failsafe_current", "lim.watchdog_s": "failsafe_timeout",
    "lim.phases": "phase_switch_state", "lim.external_change": "foreign_write_seen", "sw.cmd": "relay_command",
    "sw.fb": "relay_state", "sw.cycles": "relay_cycles", "m.v1": "voltage_l1", "m.v2": "voltage_l2",
    "m.v3": "voltage_l3", "m.i1": "current_l1", "m.i2": "current_l2", "m.i3": "current_l3", "m.p": "power_total",
    "m.pf": "power_factor_total", "m.f": "frequency", "m.rotation": "phase_sequence", "gnd.v_pe": "voltage_pe",
    "rcm.dc": "residual_current_dc", "rcm.kind": "residual_trip_kind",
    "rcm.selftest": "rcm_selftest", "t.int": "temperature", "t.conn": "temperature_connector",
    "lock.cmd": "lock_command", "lock.fb": "lock_state", "auth.state": "auth_state", "net.online": "backend_connected",
    "net.rssi_dbm": "rssi_dbm", "env.estop": "emergency_stop", "env.door": "door_open", "env.tilt": "tilt_detected",
    "env.water": "water_detected", "dc.v": "dc_voltage", "hlc.state": "hlc_state", "hlc.ev_error": "ev_error_code",
    "hlc.stage_failed": "hlc_stage_failed", "evse.uptime_s": "uptime", "id.phases": "phase_count",
}  # fmt: skip
# signals that only a tool can have computed; a column of that name is taken as it is
_COMPUTED = (
    "rcm.dc_idle", "rcm.trip", "rcm.count", "rcm.trip_temp_corr", "link.connected", "link.kind", "link.timeout_ratio",
    "link.crc_ratio", "link.framing_ratio", "link.exc_ratio", "link.rtt_p95_ms", "link.rx_bytes",
    "link.burst_period_s", "link.frozen_s", "bus.duplicate_suspect", "evse.state_prev", "evse.state_changes",
    "evse.fault_id", "evse.boots_delta", "evse.dwell_c2_s", "evse.seen_c2_this_session", "session.interruptions",
    "session.c2_burst_count", "session.c2_burst_len_s", "session.same_vehicle_repeat", "lim.last_write_age_s",
    "lim.rise_age_s", "sw.vout_min", "sw.vout_max", "sw.cycles_per_day", "sw.hot_open_count", "m.v_min", "m.v_max",
    "m.v_min_10min", "m.v_max_10min", "m.i_max", "m.i_before", "m.phases_active", "m.p_phase_min", "m.p_idle",
    "m.e_delta", "m.e_jump_wh", "d.e_ratio", "d.e_base_wh", "d.e_max_possible_wh", "d.vdrop_pct", "d.z_rise_pct",
    "d.unbal_v_pct", "d.unbal_a", "t.term_rise_k", "plug.evse", "clk.offset_s", "clk.drift_ppm", "dc.v_idle",
    "dc.r_iso_kohm", "cmd.reset_age_s", "site.phases", "site.breaker_a",
)  # fmt: skip
_SIGNALS = {name.replace(".", "_"): name for name in _COMPUTED} | {
    name.replace(".", "_"): point for name, point in _POINTS.items()
}
EXTRA = {"foreign_write_seen", *_COMPUTED}


def column_name(title: str) -> str | None:
    """Return the point or signal that a column's title stands for; ``None`` for an unknown one."""
    short = title.strip().replace(".", "_")
    for name in (short, short.casefold()):
        found = _SIGNALS.get(name) if name == "rcm_dc_idle" else ALIASES.get(name)  # state is the pilot's here
        found = found or (name if name in TERMS or name in TEXT_POINTS or name in EXTRA else _SIGNALS.get(name))
        if found:
            return found
    return None
