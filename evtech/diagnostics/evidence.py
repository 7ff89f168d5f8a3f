"""Derives the signals that fault predicates ask for from samples: live, archived or imported.

Each signal is computed once, at every sample. What cannot be derived is absent (``None``) and makes a predicate
unknown. Noise, coarse registers and gaps are taken into account where a raw comparison would accuse wrongly.
"""

from collections.abc import Callable, Mapping

import numpy as np

from evtech.diagnostics import electrical, energy, episodes, happenings, limits, supply
from evtech.diagnostics.columns import EXTRA
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.predicates import Signal
from evtech.diagnostics.states import UNDECIDED, pilot_words
from evtech.diagnostics.trace import Floats, Trace

FLOWING_A = 0.5
LOWEST_OFFER_A = 6.0
_WORD_FAULTS = {
    "no_earth", "ln_swapped", "rcd_ac", "rcd_dc", "overcurrent", "internal", "meter_lost", "cable_cut", "power_module",
    "iso_capacitance",
}  # fmt: skip
# signal -> points in order of preference
_DIRECT: Mapping[str, tuple[str, ...]] = {
    "cp.v_pos": ("cp_voltage_pos", "cp_voltage"),
    "pp.ohm": ("pp_resistance",), "pp.amp": ("cable_max_current",), "lim.hw": ("hw_max_current", "max_current"),
    "lim.set": ("current_limit",),
    "lim.failsafe": ("failsafe_current",), "lim.watchdog_s": ("failsafe_timeout",), "m.p": ("power_total", "dc_power"),
    "m.pf": ("power_factor_total",), "gnd.v_pe": ("voltage_pe",),
    "t.int": ("temperature",), "t.conn": ("temperature_connector",),
    "net.rssi_dbm": ("rssi_dbm",), "net.online": ("backend_connected",), "env.estop": ("emergency_stop",),
    "env.door": ("door_open",), "env.tilt": ("tilt_detected",), "env.water": ("water_detected",),
    "dc.v": ("dc_voltage",), "evse.uptime_s": ("uptime",),
    "sw.cycles": ("relay_cycles",), "lim.external_change": ("foreign_write_seen",), "id.phases": ("phase_count",),
    "lim.phases": ("phase_switch_state", "phase_count"),
}  # fmt: skip
_WORDS = {
    "auth.state": "auth_state", "lock.cmd": "lock_command", "lock.fb": "lock_state", "rcm.kind": "residual_trip_kind",
    "rcm.selftest": "rcm_selftest", "hlc.state": "hlc_state", "hlc.stage_failed": "hlc_stage_failed",
    "hlc.ev_error": "ev_error_code", "m.rotation": "phase_sequence",
}  # fmt: skip
# what a person may have called it, beside the signal's own name and its points
_FACT_NAMES = {
    "site.breaker_a": ("breaker_a",), "clk.offset_s": ("clock_offset_s",), "clk.drift_ppm": ("clock_drift_ppm",),
    "cmd.reset_age_s": ("reset_age_s",), "link.burst_period_s": ("burst_period_s",), "lim.watchdog_s": ("watchdog_s",),
    "lim.failsafe": ("failsafe_a",), "lim.hw": ("hw_max_a", "rated_a"), "lim.external_change": ("foreign_write_seen",),
}  # fmt: skip


class Evidence:
    """The signals of one recording."""

    def __init__(self, trace: Trace, facts: Facts | None = None) -> None:
        self.trace = trace
        self.facts = facts or Facts()
        self._cache: dict[tuple[str, float | None], Signal | None] = {}
        self.fitted = electrical.fitted_phases(trace)
        self.currents = self.columns("current_l")
        self.outputs = self.columns("output_voltage_l")
        self.offer = self._offer()
        self.state = self._state()
        self.voltages = electrical.supply_side(self, self.columns("voltage_l"))

    def signal(self, name: str, window: float | None = None) -> Signal | None:
        """Return a signal, ``None`` where nothing tells it."""
        key = (name, window)
        if key not in self._cache:
            self._cache[key] = self._find(name, window)
        return self._cache[key]

    def numbers(self, point: str) -> Floats | None:
        """Return a point's column, ``None`` where the recording lacks it or never has a value."""
        column = self.trace.numbers.get(point)
        return None if column is None or np.isnan(column).all() else column

    def words(self, point: str) -> "np.ndarray[tuple[int, ...], np.dtype[np.str_]] | None":
        """Return a point's words, ``None`` where there are none."""
        column = self.trace.texts.get(point)
        return None if column is None or not (column != "").any() else column

    def _find(self, name: str, window: float | None) -> Signal | None:
        if name in _DIRECT:
            for point in _DIRECT[name]:
                column = self.numbers(point)
                if column is not None:
                    return Signal(column, point=point)
        if name in _WORDS:
            words = self.words(_WORDS[name])
            if words is not None:
                return Signal(words=_lower(words, name), point=_WORDS[name])
        if name in EXTRA and name in self.trace.numbers:
            return Signal(self.trace.numbers[name], point=name)
        if name in EXTRA and name in self.trace.texts:
            return Signal(words=_lower(self.trace.texts[name], name), point=name)
        return self._told(name) or self._derived(name, window)

    def _derived(self, name: str, window: float | None) -> Signal | None:
        make = _DERIVED.get(name)
        return None if make is None else make(self, window)

    def _told(self, name: str) -> Signal | None:
        """Return what a person or a tool has told once, ``None`` where nobody did."""
        if name.startswith("link.") or name in _SEEN_ONLY:
            return None
        points = _DIRECT.get(name, ()) + ((_WORDS[name],) if name in _WORDS else ())
        value = self.facts.value(name.replace(".", "_"), name, *_FACT_NAMES.get(name, ()), *points)
        if isinstance(value, str):
            words = np.full(len(self.trace), value)
            return Signal(words=_lower(words, name), point=name, steady=True)
        return None if value is None else self.constant(value, name)

    def constant(self, value: float, point: str) -> Signal:
        """Return a signal that was told once and holds all the time."""
        return Signal(np.full(len(self.trace), value), point=point, steady=True)

    def columns(self, prefix: str) -> dict[str, Floats]:
        found = {}
        for phase in ("1", "2", "3"):
            column = self.numbers(prefix + phase)
            if column is not None:
                found[f"L{phase}"] = column
        return found

    def of_fitted(self, columns: dict[str, Floats]) -> dict[str, Floats]:
        """Return the columns of the phases that are fitted."""
        return {phase: column for phase, column in columns.items() if phase in self.fitted}

    def _state(self) -> Signal | None:
        """Return the pilot state with its digit where an offer or a current tells it (IEC 61851-1, annex A)."""
        words = self.words("cp_state")
        if words is None:
            return None
        result = pilot_words(words, electrical.largest_current(self))
        if not (result != "").any():
            return None
        flows = self._flows()
        offer = np.full(len(words), np.nan) if self.offer is None else self.offer
        for letter in "BCD":
            bare = result == letter
            # a current in B is no charge: without a word about the offer it counts as not offering
            has = (offer == 1) | (flows if letter != "B" else False)
            known = ~np.isnan(offer) | flows
            result[bare & known & has] = f"{letter}2"
            result[bare & known & ~has] = f"{letter}1"
        return Signal(words=result, point="cp_state")

    def _offer(self) -> Floats | None:
        duty = self.numbers("pwm_duty")
        if duty is not None:
            return np.where(np.isnan(duty), np.nan, ((duty > 0) & (duty < 99)).astype(float))
        limit = self.signal("lim.eff")
        if limit is None or limit.numbers is None:
            return None
        offered = (limit.numbers >= LOWEST_OFFER_A).astype(float)
        enable = self.numbers("enable")
        if enable is not None:
            offered = np.where(enable == 0, 0.0, offered)
        return np.where(np.isnan(limit.numbers), np.nan, offered)

    def _flows(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.bool_]]":
        flows = np.zeros(len(self.trace), bool)
        others = (self.numbers("current_total"), self.numbers("dc_current"))
        for column in (*self.currents.values(), *(c for c in others if c is not None)):
            flows |= np.nan_to_num(column) > FLOWING_A
        power = self.signal("m.p")
        return flows if power is None or power.numbers is None else flows | (np.nan_to_num(power.numbers) > 100)

    @property
    def state_words(self) -> "np.ndarray[tuple[int, ...], np.dtype[np.str_]]":
        """Return the pilot states, "" where unknown."""
        if self.state is None or self.state.words is None:
            return np.full(len(self.trace), "")
        return np.where(self.state.words == UNDECIDED, "", self.state.words)


_SEEN_ONLY = ("evse.state", "rcm.dc_idle", "bus.duplicate_suspect", "lim.last_write_age_s")
_SYNONYMS: Mapping[str, Mapping[str, str]] = {
    "auth.state": {
        "accepted": "ok", "authorized": "ok", "authorised": "ok", "none needed": "ok", "not required": "ok",
        "none": "ok", "free": "ok", "waiting": "pending", "requested": "pending", "denied": "rejected",
        "invalid": "rejected", "blocked": "rejected", "expired": "rejected", "reader fault": "reader_fault",
    },
    "rcm.selftest": {"fail": "failed", "error": "failed", "0": "failed", "ok": "passed", "pass": "passed"},
    "m.rotation": {
        "counter-clockwise": "left", "counterclockwise": "left", "ccw": "left", "anticlockwise": "left",
        "l1-l3-l2": "left", "l3-l2-l1": "left", "reverse": "left", "negative": "left",
    },
}  # fmt: skip
Maker = Callable[[Evidence, float | None], Signal | None]


def _lower(
    words: "np.ndarray[tuple[int, ...], np.dtype[np.str_]]", name: str
) -> "np.ndarray[tuple[int, ...], np.dtype[np.str_]]":
    if name in ("hlc.stage_failed", "hlc.ev_error", "evse.state_prev"):
        return words
    lowered = np.char.lower(words)
    if name.startswith("lock."):
        lowered = np.where(np.isin(lowered, ["1", "1.0", "locked", "lock", "close", "true"]), "closed", lowered)
        lowered = np.where(np.isin(lowered, ["0", "0.0", "unlocked", "unlock", "false"]), "open", lowered)
    for word, meant in _SYNONYMS.get(name, {}).items():
        lowered = np.where(lowered == word, meant, lowered)
    return lowered


def _extreme(pick: Callable[..., Floats], columns: Callable[[Evidence], dict[str, Floats]], point: str) -> Maker:
    def make(evidence: Evidence, window: float | None) -> Signal | None:
        found = columns(evidence)
        if not found:
            return None
        stacked = np.vstack(list(found.values()))
        nothing = np.isnan(stacked).all(axis=0)
        with np.errstate(all="ignore"):
            filled = np.where(np.isnan(stacked), np.inf if pick is np.min else -np.inf, stacked)
            return Signal(np.where(nothing, np.nan, pick(filled, axis=0)), point=point)

    return make


NO_FAULT = ("0", "00", "0x0", "0x00", "0x0000", "0.0", "none", "no_error", "no error", "noerror", "ok", "-")


def _fault_code(evidence: Evidence, window: float | None) -> Signal | None:
    words = evidence.words("error_code")
    if words is None:
        return None
    none = np.isin(np.char.lower(words), NO_FAULT)
    return Signal(np.where(words == "", np.nan, np.where(none, 0.0, 1.0)), point="error_code")


def _fault_id(evidence: Evidence, window: float | None) -> Signal | None:
    words = evidence.words("error_code")
    if words is None:
        return None
    lowered = np.char.lower(words)
    return Signal(
        words=np.where(words == "", "", np.where(np.isin(lowered, list(_WORD_FAULTS)), lowered, "other")),
        point="error_code",
    )


def _plugged(evidence: Evidence, window: float | None) -> Signal | None:
    if evidence.state is None:
        return None
    words = evidence.state_words
    plugged = np.isin(np.char.ljust(words.astype("<U1"), 1), ["B", "C", "D"]).astype(float)
    cable = evidence.numbers("cable_max_current")
    if cable is not None:
        plugged = np.maximum(plugged, (np.nan_to_num(cable) > 0).astype(float))
    return Signal(np.where(words == "", np.nan, plugged), point="cp_state")


def _duty(evidence: Evidence, window: float | None) -> Signal | None:
    duty = evidence.numbers("pwm_duty")
    if duty is not None:
        return Signal(duty, point="pwm_duty")
    current = evidence.numbers("signalled_current")
    return (
        None
        if current is None
        else Signal(np.where(current <= 51, current / 0.6, current / 2.5 + 64), point="signalled_current")
    )


def _with_pwm(point: str) -> Maker:
    """Return a maker of a pilot signal that means something with PWM only: without it there is no negative level."""

    def make(evidence: Evidence, window: float | None) -> Signal | None:
        column = evidence.numbers(point)
        if column is None:
            return None
        steady = np.isin(evidence.state_words, ["A1", "B1", "C1", "D1", "F"])
        duty = evidence.numbers("pwm_duty")
        if duty is not None:
            steady |= (duty <= 0) | (duty >= 100)
        return Signal(np.where(steady, np.nan, column), point=point)

    return make


def _frequency(evidence: Evidence, window: float | None) -> Signal | None:
    """Return the frequency as on a 50 Hz network; a paused meter's 0 is no frequency."""
    column = evidence.numbers("frequency")
    if column is None:
        return None
    known = np.where(column < 1, np.nan, column)
    sixty = 57 < float(np.nanmedian(np.append(known, 50.0) if np.isnan(known).all() else known)) < 63
    return Signal(known - 10 if sixty else known, point="frequency")


def _insulation(evidence: Evidence, window: float | None) -> Signal | None:
    column = evidence.numbers("insulation_resistance")
    return None if column is None else Signal(column / 1000, point="insulation_resistance")


def _idle_only(point: str, *, size: bool = False) -> Maker:
    def make(evidence: Evidence, window: float | None) -> Signal | None:
        column = evidence.numbers(point)
        if column is None or evidence.state is None:
            return None
        column = np.abs(column) if size else column
        return Signal(np.where(np.isin(evidence.state_words, ["A1", "A2"]), column, np.nan), point=point)

    return make


def _link(name: str) -> Maker:
    def make(evidence: Evidence, window: float | None) -> Signal | None:
        value = happenings.link_signal(evidence.facts, name)
        return None if value is None else evidence.constant(value, "link")

    return make


def _link_kind(evidence: Evidence, window: float | None) -> Signal | None:
    kind = evidence.facts.link.get("kind")
    return (
        Signal(words=np.full(len(evidence.trace), str(kind)), point="link", steady=True)
        if kind in ("rtu", "tcp")
        else None
    )


_DERIVED: dict[str, Maker] = {
    "evse.state": lambda e, w: e.state,
    "evse.state_prev": episodes.previous_state,
    "evse.state_changes": episodes.state_changes,
    "evse.seen_c2_this_session": episodes.seen_c2,
    "evse.dwell_c2_s": episodes.dwell_c2,
    "evse.fault_code": _fault_code,
    "evse.fault_id": _fault_id,
    "evse.boots_delta": happenings.boots,
    "session.interruptions": episodes.interruptions,
    "session.c2_burst_count": episodes.burst_count,
    "session.c2_burst_len_s": episodes.burst_length,
    "session.same_vehicle_repeat": episodes.short_repeats,
    "lim.last_write_age_s": limits.last_write_age,
    "lim.rise_age_s": limits.rise_age,
    "lim.cool_int": limits.offer_when_cool("t.int", 58.0),
    "lim.cool_conn": limits.offer_when_cool("t.conn", 65.0),
    "plug.evse": _plugged,
    "cp.duty": _duty,
    "rcm.dc_idle": _idle_only("residual_current_dc", size=True),
    "dc.v_idle": _idle_only("dc_voltage"),
    "m.p_idle": _idle_only("power_total"),
    "rcm.trip": happenings.trip,
    "rcm.count": happenings.trip_count,
    "rcm.trip_temp_corr": happenings.trip_temperature,
    "sw.cmd": electrical.switch_command,
    "sw.fb": electrical.switch_feedback,
    "sw.vout_min": electrical.output_low,
    "sw.vout_max": _extreme(np.max, lambda e: e.outputs, "output_voltage"),
    "sw.hot_open_count": episodes.hot_openings,
    "sw.cycles_per_day": episodes.cycles_per_day,
    "m.v1": lambda e, w: Signal(e.voltages["L1"], point="voltage_l1") if "L1" in e.voltages else None,
    "m.v_min": _extreme(np.min, lambda e: e.of_fitted(e.voltages), "voltage"),
    "m.v_max": _extreme(np.max, lambda e: e.of_fitted(e.voltages), "voltage"),
    "m.v_min_10min": electrical.ten_minutes(np.min),
    "m.v_max_10min": electrical.ten_minutes(np.max),
    "m.i_max": electrical.current_max,
    "m.f": _frequency,
    "lim.eff": limits.limit_in_force,
    "cp.v_neg": _with_pwm("cp_voltage_neg"),
    "cp.freq": _with_pwm("cp_frequency"),
    "rcm.dc": happenings.residual_dc,
    "dc.r_iso_kohm": _insulation,
    "m.i_before": episodes.current_before,
    "m.phases_active": electrical.active_phases,
    "m.p_phase_min": _extreme(np.min, lambda e: e.columns("power_l"), "power"),
    "m.e_delta": energy.energy_step,
    "m.e_jump_wh": energy.energy_jump,
    "d.e_max_possible_wh": energy.energy_possible,
    "d.e_ratio": energy.energy_ratio,
    "d.e_base_wh": energy.energy_base,
    "d.vdrop_pct": supply.voltage_drop,
    "d.z_rise_pct": supply.impedance_rise,
    "d.unbal_v_pct": electrical.voltage_unbalance,
    "d.unbal_a": electrical.current_unbalance,
    "t.term_rise_k": electrical.terminal_rise,
    "bus.duplicate_suspect": happenings.duplicate_suspect,
    "link.frozen_s": happenings.frozen,
    "link.kind": _link_kind,
    "link.connected": happenings.link_connected,
    "link.framing_ratio": _link("framing_ratio"),
    "link.burst_period_s": _link("burst_period_s"),
    "link.timeout_ratio": _link("timeout_ratio"),
    "link.crc_ratio": _link("crc_ratio"),
    "link.exc_ratio": _link("exc_ratio"),
    "link.rtt_p95_ms": _link("rtt_p95_ms"),
    "link.rx_bytes": _link("rx_bytes"),
}
