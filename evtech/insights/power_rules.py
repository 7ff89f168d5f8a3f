"""Rules over power: balance with voltage and current, power factor, the offer, derating, DC efficiency, heat.

A vehicle may always take less than an AC charger offers: one phase, a nearly full battery, its own plan. Derating is
therefore only said where the data show that the charger holds back: the vehicle takes all of an offer that is below
rating and set limit, or a DC vehicle says what it wants.
"""

from collections.abc import Iterator

import numpy as np

from evtech.insights.anomalies import Anomaly
from evtech.insights.columns import (
    PHASES,
    Floats,
    Mask,
    Samples,
    between,
    column,
    evidence,
    found,
    has,
    lasting,
    means,
    most_w,
    poll,
)
from evtech.insights.register_rules import SLIP_WITHIN
from evtech.insights.rule_limits import SampleLimits

LEAST_A = 2.0  # below it the last digit of many meters is more than a percent
STEADY = 0.02  # so little may power change between two samples that are compared with each other
LEAST_OFFER_A = 6.0
FOLLOW_S = 6.0  # a vehicle follows a lower offer within 5 s (IEC 61851-1, annex A); the poll may lie between
METER_A = 0.3  # what a charger's own meter may differ by beside its percent
TAKES = 0.9  # of the offer: so much the vehicle takes when it wants all of it
FULL_FOR_S = 30.0
HALF = 0.5
HOT_C = 60.0  # from here on heat is the likely cause of a lower offer
SLOPE_S = 60.0
CONTACTS = (
    "temperature_connector", "temperature_terminal", "temperature_terminal_l1", "temperature_terminal_l2",
    "temperature_terminal_l3",
)  # fmt: skip
BODIES = {"temperature": "", "temperature_ambient": "overtemp_ambient", "temperature_ir": "overtemp_ir"}


def balance(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a power that is not voltage times current times power factor (2 %), or DC that is not U times I (1 %)."""
    yield from _unequal(s, limits, "dc_power", _product(s, ("dc_voltage",), ("dc_current",)), limits.dc_balance_pct)
    if has(s, "power_factor_total"):
        phases = [p for p in PHASES if f"current_{p}" in s.columns]
        volts, amps = ([f"{kind}_{p}" for p in phases] for kind in ("voltage", "current"))
        product = _product(s, volts, amps) * np.abs(column(s, "power_factor_total"))
        yield from _unequal(s, limits, "power_total", product, limits.balance_pct)


def _product(s: Samples, volts: tuple[str, ...] | list[str], amps: tuple[str, ...] | list[str]) -> Floats:
    """Return the sum of voltage times current where the currents are large enough to be compared; else missing."""
    if not volts:
        return np.full(len(s.times), np.nan)
    total = np.zeros(len(s.times))
    large = np.zeros(len(s.times), bool)
    for u, i in zip(volts, amps, strict=True):
        flowing = np.abs(column(s, i)) > LEAST_A
        large |= flowing
        total = total + np.where(flowing, column(s, u) * column(s, i), 0.0)
        total = np.where(np.isfinite(column(s, i)), total, np.nan)
    return np.where(large, total, np.nan)


def _unequal(s: Samples, limits: SampleLimits, name: str, product: Floats, limit: float) -> Iterator[Anomaly]:
    power = column(s, name)
    with np.errstate(invalid="ignore", divide="ignore"):
        off = 100 * (power - product) / np.abs(power)
    steady = _steady(product) & _steady(power)
    for first, last in lasting(steady & (np.abs(off) > limit), s.times, limits.balance_s, _hole(s, limits)):
        part = slice(first, last + 1)
        ratio = float(np.median(power[part] / product[part]))
        value = 100 * (1 - 1 / ratio) if ratio else -100.0
        span = between(s, first, last)
        shown = evidence(s, (name, "dc_voltage", "dc_current", "voltage_l1", "current_l1", "power_factor_total"),
                         (first + last) // 2)  # fmt: skip
        told = {"power": float(np.median(power[part])), "product": float(np.median(product[part])), "ratio": ratio}
        about = "dc" if name == "dc_power" else "ac"
        ten = round(np.log10(abs(ratio))) if ratio else 0
        if ten and abs(ratio / 10.0**ten - 1) <= SLIP_WITHIN:
            yield found(s, "power_slip", "critical", span, ratio, 10.0**ten, rule="scale_slip", about=about,
                        evidence=shown, told=told)  # fmt: skip
        else:
            yield found(s, "power_balance", "warning", span, value, limit, about=about, evidence=shown, told=told)
        return


def power_factor(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a power factor below 0.95 above 20 % load for more than five minutes."""
    power, factor = column(s, "power_total"), np.abs(column(s, "power_factor_total"))
    loaded = power > limits.power_factor_load_pct / 100 * most_w(s, limits)
    low = loaded & (factor > 0) & (factor < limits.power_factor)
    for first, last in lasting(low, s.times, limits.power_factor_s, _hole(s, limits)):
        value = float(np.median(factor[first : last + 1]))
        yield found(s, "power_factor", "info", between(s, first, last), value, limits.power_factor,
                    lasted=float(s.times[last] - s.times[first]) / 60,
                    evidence=evidence(s, ("power_factor_total", "power_total"), (first + last) // 2))  # fmt: skip
        return


def offered(s: Samples) -> Floats:
    """Return the current that was offered (A): the limit in force, what the pilot signals, or its duty cycle."""
    for name in ("current_limit_actual", "signalled_current"):
        if has(s, name):
            return s.columns[name]
    duty = column(s, "pwm_duty")  # IEC 61851-1, table A.8
    with np.errstate(invalid="ignore"):
        amps = np.where(duty <= 85.0, duty * 0.6, (duty - 64.0) * 2.5)
        return np.where((duty >= 10.0) & (duty <= 96.0), amps, np.nan)


def over_limit(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a vehicle that takes more than 110 % of the offer for more than 5 s, after it had time to follow."""
    taken, offer = _taken(s), offered(s)
    allowed = _highest_before(s.times, offer, FOLLOW_S)
    with np.errstate(invalid="ignore"):
        limit = allowed * (1 + limits.over_limit_pct / 100) + METER_A
        over = (allowed >= LEAST_OFFER_A) & (taken > limit)
    for first, last in lasting(over, s.times, limits.over_limit_s, _hole(s, limits)):
        place = first + int(np.argmax(taken[first : last + 1] - allowed[first : last + 1]))
        yield found(s, "over_limit", "warning", between(s, first, last), float(taken[place]), float(limit[place]),
                    offer=float(allowed[place]), lasted=float(s.times[last] - s.times[first]),
                    evidence=evidence(s, (*(f"current_{p}" for p in PHASES), *_offer_names(s)), place))  # fmt: skip
        return


def derating(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find less than 80 % of what the vehicle wants and the port is rated for, for more than five minutes."""
    yield from _dc_derating(s, limits)
    yield from _ac_derating(s, limits)


def _dc_derating(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Judge by the vehicle's own wish; a vehicle that tapers wishes less, and is left alone."""
    if s.requested_w is None or limits.rated_w is None:
        return
    power = column(s, "dc_power") if has(s, "dc_power") else column(s, "power_total")
    with np.errstate(invalid="ignore", divide="ignore"):
        asked = np.minimum(s.requested_w, limits.rated_w)
        low = (asked > 0.05 * limits.rated_w) & (power < limits.derating_pct / 100 * asked)
    for first, last in lasting(low, s.times, limits.derating_s, _hole(s, limits)):
        value = 100 * float(np.mean(power[first : last + 1] / asked[first : last + 1]))
        yield found(s, "derating", "warning", between(s, first, last), value, limits.derating_pct,
                    lasted=float(s.times[last] - s.times[first]) / 60,
                    evidence=evidence(s, ("dc_power", "power_total", "ev_max_current", "dc_voltage"), first,
                                      (first + last) // 2))  # fmt: skip
        return


def _ac_derating(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find an offer below 80 % of rating and set limit of which the vehicle takes all.

    The charger must be hot; or the offer was whole in this session and a set limit can be read that did not fall with
    it. Else a back office or a load manager may want it so, and nothing is said.
    """
    offer, taken = offered(s), _taken(s)
    wanted = _wanted_a(s, limits)
    with np.errstate(invalid="ignore"):
        whole = offer >= TAKES * wanted
        low = (offer >= LEAST_OFFER_A) & (offer < limits.derating_pct / 100 * wanted) & (taken >= TAKES * offer)
        low &= ~(column(s, "load_shedding") > 0)
    was_whole = next(lasting(whole, s.times, FULL_FOR_S, _hole(s, limits)), None)
    heat = column(s, "temperature")
    for first, last in lasting(low, s.times, limits.derating_s, _hole(s, limits)):
        part = slice(first, last + 1)
        warm = heat[part]
        is_hot = bool(np.isfinite(warm).any()) and float(np.nanmedian(warm)) >= HOT_C
        is_told = float(np.isfinite(_set_limit(s)[part] + column(s, "current_limit")[part]).mean()) > HALF
        if not is_hot and not (is_told and was_whole is not None and was_whole[0] < first):
            continue
        value = 100 * float(np.median(offer[part] / wanted[part]))
        span, places = between(s, first, last), (max(first - 1, 0), (first + last) // 2)
        shown = evidence(s, (*_offer_names(s), "current_l1", "hw_max_current", "temperature"), *places)
        told = {"offer": float(np.median(offer[part])), "wanted": float(np.median(wanted[part])),
                   "lasted": (span[1] - span[0]) / 60}  # fmt: skip
        if is_hot:
            told["heat"] = float(np.nanmedian(warm))
        yield found(s, "derating_hot" if is_hot else "derating_ac", "warning" if is_hot else "info", span, value,
                    limits.derating_pct, rule="derating", about="ac", evidence=shown, told=told)  # fmt: skip
        return


def _wanted_a(s: Samples, limits: SampleLimits) -> Floats:
    """Return what might flow a phase (A): the rating, and below it what was set and what the cable bears."""
    rating = column(s, "hw_max_current")
    if not np.isfinite(rating).any() and limits.rated_w is not None:
        count = sum(has(s, f"current_{p}") for p in PHASES) or 3
        rating = np.full(len(s.times), limits.rated_w / limits.voltage_v / count)
    if not np.isfinite(rating).any():
        rating = column(s, "max_current")
    rating = np.where(rating > 0, _forward(rating), np.nan)
    others = (column(s, n) for n in ("cable_max_current", "operator_current_limit", "configured_max_current"))
    for value in (_set_limit(s), *(_forward(other) for other in others)):
        rating = np.where(value > 0, np.fmin(rating, value), rating)
    return rating


def _set_limit(s: Samples) -> Floats:
    """Return the limit that somebody set (A); missing where the charger says that it does not take part."""
    return np.where(_forward(column(s, "setpoint_used")) == 0, np.nan, _forward(column(s, "current_limit")))


def efficiency(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find a DC charger that delivers less than 90 % of what it takes, above half load."""
    value = efficiency_pct(s, limits)
    if value is not None and value < limits.efficiency_pct:
        middle = int(np.nanargmax(column(s, "dc_power")))
        yield found(s, "efficiency", "warning", s.span, value, limits.efficiency_pct,
                    evidence=evidence(s, ("power_total", "dc_power"), middle))  # fmt: skip


def efficiency_pct(s: Samples, limits: SampleLimits) -> float | None:
    """Return DC energy over AC energy above half load (%); ``None`` without both, or for less than a minute of it."""
    if not has(s, "dc_power", "power_total"):
        return None
    ac, dc = s.columns["power_total"], s.columns["dc_power"]
    rated = limits.rated_w or float(np.nanmax(dc))
    with np.errstate(invalid="ignore"):
        loaded = np.isfinite(ac) & (dc > limits.efficiency_load_pct / 100 * rated) & _steady(dc) & _steady(ac)
    if loaded.sum() < 10 or loaded.sum() * poll(s.times, limits) < 60 or float(ac[loaded].sum()) <= 0:
        return None
    return 100 * float(dc[loaded].sum() / ac[loaded].sum())


def temperature(s: Samples, limits: SampleLimits) -> Iterator[Anomaly]:
    """Find contacts and cabinets above their limit, and any that warm up by more than 10 K a minute.

    The limit is the device's own where it tells one, else that of the settings.
    """
    for name in (*CONTACTS, *BODIES):
        if not has(s, name):
            continue
        values = s.columns[name]
        limit = limits.temperature_contact_c if name in CONTACTS else limits.temperature_body_c
        own = column(s, BODIES.get(name, ""))
        if np.isfinite(own).any() and float(np.nanmedian(own)) > 0:
            limit = float(np.nanmedian(own))
        with np.errstate(invalid="ignore"):
            over = np.flatnonzero((values > limit)[:-1] & (values > limit)[1:])  # one value alone may be a glitch
        if len(over):
            place = int(np.nanargmax(np.where(np.isfinite(values), values, -np.inf)))
            yield found(s, "temperature", "warning", between(s, int(over[0]), int(over[-1]) + 1),
                        float(values[place]), limit, about=name, point=name,
                        evidence=evidence(s, (name, "current_l1"), int(over[0]), place))  # fmt: skip
        yield from _warming(s, limits, name, values)


def _warming(s: Samples, limits: SampleLimits, name: str, values: Floats) -> Iterator[Anomaly]:
    if len(values) < 3:
        return
    around = np.stack([values[:-2], values[1:-1], values[2:]])  # one odd reading of a sensor is no fire
    starts, mean = means(s.times[1:-1], np.median(around, axis=0), SLOPE_S / 2)
    later = np.searchsorted(starts, starts + SLOPE_S)
    there = np.flatnonzero(later < len(starts))
    there = there[starts[later[there]] == starts[there] + SLOPE_S]
    rise = mean[later[there]] - mean[there]
    if len(rise) and rise.max() > limits.temperature_slope:
        worst = int(rise.argmax())
        at = float(starts[there[worst]])
        places = np.searchsorted(s.times, [at, at + SLOPE_S])
        yield found(s, "warming", "warning", (at, at + 1.5 * SLOPE_S), float(rise[worst]), limits.temperature_slope,
                    rule="temperature", about=f"{name} slope", point=name,
                    evidence=evidence(s, (name, "current_l1"), *places))  # fmt: skip


def _taken(s: Samples) -> Floats:
    """Return the greatest phase current (A)."""
    names = [f"current_{p}" for p in PHASES if f"current_{p}" in s.columns]
    if not names:
        return np.full(len(s.times), np.nan)
    stacked = np.column_stack([s.columns[n] for n in names])
    return np.where(np.isfinite(stacked).any(axis=1), np.nanmax(np.nan_to_num(stacked, nan=-1.0), axis=1), np.nan)


def _offer_names(s: Samples) -> tuple[str, ...]:
    return tuple(n for n in ("current_limit_actual", "signalled_current", "pwm_duty") if has(s, n))[:1]


def _highest_before(times: Floats, values: Floats, reach_s: float) -> Floats:
    """Return the greatest of the values from ``reach_s`` before each moment on, and at least of the one before."""
    first = np.minimum(np.searchsorted(times, times - reach_s), np.maximum(np.arange(len(times)) - 1, 0))
    known = np.nan_to_num(values, nan=-1.0)
    best = known.copy()
    for back in range(1, int((np.arange(len(times)) - first).max(initial=0)) + 1):
        earlier = np.concatenate((np.full(back, -1.0), known[:-back]))
        best = np.where(np.arange(len(times)) - back >= first, np.maximum(best, earlier), best)
    return np.where(best >= 0, best, np.nan)


def _forward(values: Floats) -> Floats:
    """Return values with each missing one replaced by the last before it: settings change seldom."""
    known = np.isfinite(values)
    last = np.maximum.accumulate(np.where(known, np.arange(len(values)), -1))
    return np.where(last >= 0, values[np.maximum(last, 0)], np.nan)


def _steady(values: Floats) -> Mask:
    """Return where a value differs little from its neighbours."""
    with np.errstate(invalid="ignore"):
        near = np.abs(np.diff(values)) <= STEADY * np.abs(values[1:])
    return np.concatenate(([True], near)) & np.concatenate((near, [True]))


def _hole(s: Samples, limits: SampleLimits) -> float:
    return limits.gap_polls * poll(s.times, limits)
