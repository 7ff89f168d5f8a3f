"""Reads what the rules look at from an archive: a session's samples, across its recordings, and the idle time before.

What the session is known for comes with it: which register its energy is from, when the contactor was open, what a DC
vehicle asked for, the step of the register.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from evtech.devices.library import Library
from evtech.errors import EvtechError
from evtech.insights import device_clock
from evtech.insights.columns import PHASES, Floats, Idle, Mask, Samples, register_of
from evtech.insights.power_rules import BODIES, CONTACTS
from evtech.insights.rule_limits import SampleLimits
from evtech.store.records import ChargingSession
from evtech.store.sample_table import Table, idle_from, read_table
from evtech.store.session_list import line_of

if TYPE_CHECKING:
    from evtech.store.archive import Archive

LIFETIME = ("energy_import_total", "energy_total")
NAMES = frozenset(
    (
        *LIFETIME, "session_energy", "power_total", "power_factor_total", "frequency", "current_neutral",
        *(f"{kind}_{phase}" for kind in ("voltage", "current") for phase in PHASES),
        "voltage_l1_l2", "voltage_l2_l3", "voltage_l3_l1", "current_limit_actual", "signalled_current", "pwm_duty",
        "current_limit", "setpoint_used", "hw_max_current", "max_current", "cable_max_current",
        "operator_current_limit", "configured_max_current", "load_shedding", "relay_state", "dc_voltage", "dc_current",
        "dc_power", "ev_max_current", "soc", *CONTACTS, *BODIES, *filter(None, BODIES.values()), *device_clock.NAMES,
    )
)  # fmt: skip
FLOWS_W = 50.0  # more is charging, less the rest of a charger or a meter's noise
SETTLED_S = 120.0  # after charging a slow register may still count what flowed
IDLE_S = 3600.0  # of the time before a session that are looked at
WITHIN_S = 0.002  # a session's phases are kept to the millisecond
FULL_SOC_PCT = 80.0  # from here on a battery asks for less, whatever its greatest current
MOVES = 0.1  # by this part a vehicle's wish must change to be taken for one
_OPEN = frozenset({"IDLE", "RESERVED", "AUTHORISING", "PLUGGED", "PAUSED_BY_EV", "PAUSED_BY_EVSE", "FINISHING"})
_STEPS = (1000.0, 100.0, 10.0, 1.0, 0.1, 0.01)
LEAST_MOVES = 5


def read_samples(archive: "Archive", session: ChargingSession) -> Samples | None:
    """Return a session's samples as columns; ``None`` where none were kept."""
    start, end = session.started.timestamp(), _end(session)
    with archive.reading() as connection:
        recordings = (*session.earlier_recordings, session.recording_id)
        tables = [read_table(connection, recording, start, end, NAMES) for recording in recordings]
        since = idle_from(connection, recordings[0], start)
        begin = max(since + SETTLED_S, start - IDLE_S)
        before = None
        if begin < start:
            before = read_table(connection, recordings[0], begin, start - WITHIN_S, (*LIFETIME, "power_total"))
    table = _joined([t for t in tables if t is not None])
    return samples_of(session, table, before) if table is not None else None


def samples_of(session: ChargingSession, table: Table, before: Table | None = None) -> Samples | None:
    """Return what the rules look at from a session's samples and the idle time before; ``None`` for fewer than two."""
    if len(table.times) < 2:
        return None
    told = session.register_point if session.register_point in LIFETIME else None
    register = told or next((n for n in LIFETIME if n in table.numbers), session.register_point or LIFETIME[0])
    clock, zone_known = device_clock.device_times(len(table.times), table.numbers, table.texts)
    return Samples(
        line_of(session).port, table.times, table.numbers, session.energy_wh, session.id,
        _open(session, table), clock, _requested(table), register, zone_known, _idle(before, register),
    )  # fmt: skip


def limits_for(samples: Samples, session: ChargingSession, limits: SampleLimits, rated_w: float | None) -> SampleLimits:
    """Return the limits for one session: the rating of its port, and the step of its register where it is known."""
    step = profile_step(session.charger.profile, samples.register) or seen_step(register_of(samples))
    return replace(limits, rated_w=rated_w or limits.rated_w, step_wh=step or limits.step_wh)


def seen_step(register: Floats) -> float | None:
    """Return the step in which a register moves, as its values show it; ``None`` where it moved too seldom."""
    values = np.unique(register[np.isfinite(register)])
    if len(values) <= LEAST_MOVES:
        return None
    for step in _STEPS:
        if (np.abs(values / step - np.round(values / step)) < 1e-6).all():
            return step
    return max(float(np.diff(values).min()), _STEPS[-1])


@lru_cache(maxsize=256)
def profile_step(profile: str, point: str) -> float | None:
    """Return the step of a product's register (Wh) as its profile tells it; ``None`` where it does not."""
    try:
        found = _library().find(profile).points.get(point)
    except EvtechError:
        return None  # an imported session, or a profile that is not here any more
    return found.resolution if found is not None and found.unit == "Wh" else None


@lru_cache(maxsize=1)
def _library() -> Library:
    return Library()


def _end(session: ChargingSession) -> float:
    return (session.ended or session.last_seen or datetime.now(UTC)).timestamp()


def _joined(tables: Sequence[Table]) -> Table | None:
    """Return the recordings of one session one behind the other; what one of them lacks is missing there."""
    if len(tables) <= 1:
        return tables[0] if tables else None
    names = {name for table in tables for name in table.numbers}
    texts = {name for table in tables for name in table.texts}
    numbers = {
        name: np.concatenate([t.numbers.get(name, np.full(len(t.times), np.nan)) for t in tables]) for name in names
    }
    joined = {name: [x for t in tables for x in t.texts.get(name, [None] * len(t.times))] for name in texts}
    return Table(np.concatenate([t.times for t in tables]), numbers, joined)


def _open(session: ChargingSession, table: Table) -> Mask | None:
    """Return where the contactor is known to be open and nothing has flowed for two minutes."""
    if not session.phases:
        return None
    times = table.times
    open_ = np.zeros(len(times), bool)
    last_flow = np.full(len(times), float(times[0]))
    for span in session.phases:
        low = span.start.timestamp() - WITHIN_S
        high = (span.end.timestamp() if span.end else float(times[-1]) + 1) - WITHIN_S
        inside = (times >= low) & (times < high)
        if span.phase in _OPEN:
            open_ |= inside
        else:
            last_flow = np.where(times >= low, np.minimum(times, max(high, low)), last_flow)
    power = table.numbers.get("power_total")
    flows = power > FLOWS_W if power is not None else np.zeros(len(times), bool)
    seen = np.maximum.accumulate(np.where(flows, times, float(times[0])))
    mask: Mask = open_ & ~flows & (times - np.maximum(seen, last_flow) >= SETTLED_S)
    if "relay_state" in table.numbers:
        mask &= ~(table.numbers["relay_state"] > 0)
    return mask


def _requested(table: Table) -> Floats | None:
    """Return what a DC vehicle asks for (W); missing where its figure may be its greatest current instead of a wish."""
    wish, volts = table.numbers.get("ev_max_current"), table.numbers.get("dc_voltage")
    if wish is None or volts is None:
        return None
    asked = np.where((wish > 0) & (volts > 0), wish * volts, np.nan)
    known = wish[np.isfinite(asked)]
    if not len(known):
        return None
    if known.max() - known.min() > MOVES * known.max():
        return asked
    soc = table.numbers.get("soc")
    if soc is None:
        return None
    return np.where((soc > 0) & (soc < FULL_SOC_PCT), asked, np.nan)


def _idle(table: Table | None, register: str) -> Idle | None:
    if table is None or len(table.times) < 2:
        return None
    missing = np.full(len(table.times), np.nan)
    power, counted = table.numbers.get("power_total", missing), table.numbers.get(register, missing)
    flowed = np.flatnonzero(power > FLOWS_W)  # such as a session that nobody saw end
    since = float(table.times[flowed[-1]]) + SETTLED_S if len(flowed) else float(table.times[0])
    first = int(np.searchsorted(table.times, since))
    if len(table.times) - first < 2:
        return None
    return Idle(table.times[first:], power[first:], counted[first:])
