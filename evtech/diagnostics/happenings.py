"""Signals of what happened around the charge: residual-current trips, restarts, frozen values, the link."""

from typing import TYPE_CHECKING, Any

import numpy as np

from evtech.diagnostics.episodes import counted
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.predicates import Bools, Signal
from evtech.diagnostics.trace import Floats, last_known

if TYPE_CHECKING:
    from evtech.diagnostics.evidence import Evidence

SLOPE_MA_PER_K = 0.03  # R09: from here the sensor drifts with heat
_ENERGIES = ("energy_total", "energy_import_total", "session_energy")
_LIVE = (
    "voltage_l1", "voltage_l2", "voltage_l3", "current_l1", "current_l2", "current_l3", "power_total", *_ENERGIES,
    "frequency",
)  # fmt: skip


def earlier(facts: Facts, *names: str) -> list[dict[str, Any]]:
    """Return the events of former recordings whose event or code is one of these."""
    return [e for e in facts.previous if isinstance(e, dict) and {str(e.get("event")), str(e.get("code"))} & set(names)]


def boots(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how often the charger restarted within the window: falls of the uptime, or its counter."""
    times = evidence.trace.times
    count, uptime = evidence.numbers("boot_count"), evidence.numbers("uptime")
    if count is not None:
        at = times[1:][np.diff(last_known(count)) > 0]
    elif uptime is not None:
        at = times[1:][np.diff(last_known(uptime)) < -5]
    elif earlier(evidence.facts, "boot", "restart"):
        at = np.array([])
    else:
        return None
    before = len(earlier(evidence.facts, "boot", "restart"))
    return Signal(counted(times, at, window or 86_400.0) + before, point="uptime")


def frozen(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return for how long no live measurement has changed although current flows (s).

    0 where the registers are so coarse that they might well stand still: they show no decimals of a voltage, and have
    never changed often enough to know their pace (R14). A register of energy alone that stands is another fault.
    """
    names = [name for name in _LIVE if evidence.numbers(name) is not None]
    current = evidence.signal("m.i_max")
    if len(names) < 3 or current is None or current.numbers is None:
        return None
    columns = [last_known(evidence.trace.numbers[name]) for name in names]
    times = evidence.trace.times
    changed = _changed(columns, len(times))
    last = np.maximum.accumulate(np.where(changed, np.arange(len(times)), 0))
    # the pace is that of what never rests on its own: voltage, frequency, energy; a steady current may
    restless = _changed(
        [c for name, c in zip(names, columns, strict=True) if name[:3] in ("vol", "fre", "ene")], len(times)
    )
    still = np.where(np.nan_to_num(current.numbers) > 1, times - times[last], 0.0)
    return Signal(np.where(still >= _must_change_s(evidence, restless), still, 0.0), point="measurements")


def _changed(columns: list[Floats], count: int) -> Bools:
    changed = np.zeros(count, bool)
    for column in columns:
        changed[1:] |= np.nan_to_num(np.diff(column)) != 0
    changed[0] = True
    return changed


def _must_change_s(evidence: "Evidence", changed: Bools) -> float:
    """Return the standstill that means something (s): 60, or ten usual intervals of change, or never (infinite)."""
    times = evidence.trace.times
    fine = any(
        (np.nan_to_num(column) % 1 > 1e-6).any()
        for name, column in evidence.trace.numbers.items()
        if "voltage_l" in name
    )
    if fine:
        return 60.0
    pace = np.diff(times[changed])
    return max(60.0, 10 * float(np.median(pace))) if len(pace) >= 10 else np.inf


def _trip_times(evidence: "Evidence") -> Floats | None:
    count = evidence.numbers("residual_trip_count")
    count = count if count is not None else evidence.numbers("fault_count_gfi")
    if count is not None:
        return evidence.trace.times[1:][np.diff(last_known(count)) > 0]
    named = evidence.signal("evse.fault_id")
    if named is None or named.words is None:
        return None
    tripped = np.isin(named.words, ["rcd_ac", "rcd_dc"])
    return evidence.trace.times[1:][tripped[1:] & ~tripped[:-1]]


def trip(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return whether a residual-current trip happened within the last ten seconds."""
    at = _trip_times(evidence)
    if at is None:
        return None
    return Signal((counted(evidence.trace.times, at, 10.0) > 0).astype(float), point="residual_trip_count")


def trip_count(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how many residual-current trips there were: those of the recording and those a person listed."""
    at = _trip_times(evidence)
    listed = len(evidence.facts.trips) + len(earlier(evidence.facts, "rcd_ac", "rcd_dc", "residual_trip"))
    if at is None and not listed:
        return None
    span = window or 604_800.0
    seen = np.zeros(len(evidence.trace)) if at is None else counted(evidence.trace.times, at, span)
    return Signal(seen + listed, point="residual_trip_count")


def trip_temperature(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return how strongly trips go with heat (0 to 1).

    Taken from the share of trips in the warmest quarter, or from how the idle residual current follows the inside
    temperature. Trips of one vehicle alone speak for that vehicle and not for the sensor.
    """
    vehicles = {str(trip["vehicle"]) for trip in evidence.facts.trips if trip.get("vehicle")}
    if len(evidence.facts.trips) >= 3 and len(vehicles) == 1:
        return None
    found = [value for value in (_share_of_warm_trips(evidence), _residual_follows_heat(evidence)) if value is not None]
    return Signal(np.full(len(evidence.trace), max(found)), point="temperature", steady=True) if found else None


def _share_of_warm_trips(evidence: "Evidence") -> float | None:
    inside = evidence.numbers("temperature")
    inside = inside if inside is not None else evidence.numbers("temperature_ambient")
    if inside is None or np.nanmax(inside) - np.nanmin(inside) < 5:
        return None
    at = _trip_times(evidence)
    hot = float(np.nanpercentile(inside, 75))
    if at is not None and len(at) >= 3:
        near = inside[np.clip(np.searchsorted(evidence.trace.times, at) - 1, 0, len(inside) - 1)]
        return float((near >= hot).mean())
    warm = [float(t["temperature"]) for t in evidence.facts.trips if isinstance(t.get("temperature"), int | float)]
    return float((np.array(warm) >= hot).mean()) if len(warm) >= 3 else None


def _residual_follows_heat(evidence: "Evidence") -> float | None:
    """Return the correlation of the idle residual current with the heat, 0 where it hardly rises with it."""
    pairs = []
    for series in evidence.facts.series:
        points = [p for p in series.get("points", []) if isinstance(p, list) and len(p) == 2]
        points = [p for p in points if all(isinstance(number, int | float) for number in p)]
        if series.get("name") in ("rcm_dc_idle", "rcm_dc", "rcm.dc_idle") and len(points) >= 4:
            heat, residual = np.array(points, np.float64).T
            pairs.append((heat, residual))
    inside, idle = evidence.numbers("temperature"), evidence.signal("rcm.dc_idle")
    if inside is not None and idle is not None and idle.numbers is not None:
        known = ~np.isnan(inside) & ~np.isnan(idle.numbers)
        if known.sum() >= 10:
            pairs.append((inside[known], idle.numbers[known]))
    found = []
    for heat, residual in pairs:
        if np.ptp(heat) >= 10 and np.ptp(residual) > 0:
            slope = abs(float(np.polyfit(heat, residual, 1)[0]))
            found.append(abs(float(np.corrcoef(heat, residual)[0, 1])) if slope >= SLOPE_MA_PER_K else 0.0)
    return max(found) if found else None


def duplicate_suspect(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return whether one unit alone answers damaged while others on the line are clean: two devices share its id."""
    told = evidence.facts.number("duplicate_suspect", "bus_duplicate_suspect")
    if told is not None:
        return evidence.constant(told, "link")
    by_unit: dict[int, float] = {}
    for outcome in _outcomes(evidence.facts):
        if isinstance(outcome.get("unit"), int):
            damaged = _pct(outcome, "crc_pct") + _pct(outcome, "framing_pct")
            by_unit[outcome["unit"]] = max(by_unit.get(outcome["unit"], 0.0), damaged)
    if len(by_unit) < 2:
        return None
    bad = [unit for unit, damaged in by_unit.items() if damaged > 1.0]
    clean = [unit for unit, damaged in by_unit.items() if damaged < 0.2]
    suspect = len(bad) == 1 and len(clean) == len(by_unit) - 1
    return evidence.constant(float(suspect), "link")


def _outcomes(facts: Facts) -> list[dict[str, Any]]:
    return [o for o in facts.link.get("outcomes") or [] if isinstance(o, dict)]


def _pct(outcome: dict[str, Any], key: str) -> float:
    value = outcome.get(key)
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else 0.0


def link_signal(facts: Facts, name: str) -> float | None:
    """Return a figure of the link as it was told, else from what was probed: the worst condition counts."""
    told = facts.link.get(name)
    if isinstance(told, bool | int | float):
        return float(told)
    outcomes = _outcomes(facts)
    if name == "connected":
        return 1.0 if outcomes else None
    if name == "rx_bytes":
        silent = [
            o for o in outcomes if _pct(o, "timeout_pct") >= 99.9 and not _pct(o, "crc_pct") and not _pct(o, "ok_pct")
        ]
        return None if not outcomes else float(not silent)
    keys = {
        "timeout_ratio": "timeout_pct", "crc_ratio": "crc_pct", "framing_ratio": "framing_pct",
        "exc_ratio": "exception_pct", "rtt_p95_ms": "p95_ms", "burst_period_s": "burst_period_s",
    }  # fmt: skip
    values = [_pct(o, keys[name]) for o in outcomes if isinstance(o.get(keys[name]), int | float)]
    if not values:
        return None
    return max(values) / 100.0 if name.endswith("_ratio") else max(values)


def link_connected(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return whether the link stands; one that was lost was lost at the recording's end."""
    value = link_signal(evidence.facts, "connected")
    if value is None:
        return None
    numbers = np.ones(len(evidence.trace))
    numbers[-1] = value
    return Signal(numbers, point="link", steady=True)


def residual_dc(evidence: "Evidence", window: float | None) -> Signal | None:
    """Return the size of the smooth DC residual current (mA): it may flow either way.

    A trip ends what it measures: its last value stands until then.
    """
    column = evidence.numbers("residual_current_dc")
    column = column if column is not None else evidence.numbers("rcm.dc_idle")
    if column is None:
        return None
    column = np.abs(column)
    if evidence.state is None:
        return Signal(column, point="residual_current_dc")
    charging = np.isin(evidence.state_words, ["C2", "D2"])
    held = column.copy()
    ended = np.flatnonzero(charging[:-1] & ~charging[1:]) + 1
    held[ended] = np.fmax(column[ended], column[ended - 1])
    return Signal(held, point="residual_current_dc")
