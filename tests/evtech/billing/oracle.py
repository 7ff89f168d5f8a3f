"""An independent reading of the pricing rules, to test the real one against: plain fractions, no shared code.

It reads the JSON itself and goes dimension by dimension instead of period by period. Small on purpose: no reservations
and no limits.
"""

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def allowed(r: dict[str, Any], local: datetime, kwh: Fraction, seconds: Fraction, dims: dict[str, Fraction]) -> bool:
    clock, day = local.strftime("%H:%M"), local.strftime("%Y-%m-%d")
    start, end = r.get("start_time"), r.get("end_time")
    if end == "00:00":
        end = "24:00"
    if start and end and end < start:
        in_window = not end <= clock < start
    else:
        in_window = (start or "00:00") <= clock < (end or "24:00")
    sizes = {"kwh": kwh, "duration": seconds}
    low = all(sizes[n] >= Fraction(r[f"min_{n}"]) for n in sizes if f"min_{n}" in r)
    high = all(sizes[n] < Fraction(r[f"max_{n}"]) for n in sizes if f"max_{n}" in r)
    for name in ("current", "power"):
        least, most = dims.get(f"MIN_{name.upper()}"), dims.get(f"MAX_{name.upper()}")
        if f"min_{name}" in r and least is not None and least < Fraction(r[f"min_{name}"]):
            return False
        if f"max_{name}" in r and most is not None and not most < Fraction(r[f"max_{name}"]):
            return False
    dates = r.get("start_date", "0") <= day < r.get("end_date", "9")
    weekday = not r.get("day_of_week") or DAYS[local.isoweekday() - 1] in r["day_of_week"]
    return in_window and low and high and dates and weekday


def costs(record: dict[str, Any], tariff: dict[str, Any], zone: str) -> dict[str, tuple[Fraction, Fraction]]:
    """The cost of each type without and with VAT, for what is priced."""
    begin = moment(record["start_date_time"])
    states: list[tuple[datetime, Fraction, Fraction, dict[str, Fraction]]] = []
    kwh = Fraction(0)
    for p in record["charging_periods"]:
        dims = {d["type"]: Fraction(d["volume"]) for d in p["dimensions"]}
        at = moment(p["start_date_time"])
        states.append((at.astimezone(ZoneInfo(zone)), kwh, Fraction((at - begin) // timedelta(seconds=1)), dims))
        kwh += dims.get("ENERGY", 0)
    found = {}
    rounded_parking = False
    for type_ in ("ENERGY", "PARKING_TIME", "TIME", "FLAT"):
        charged = []
        for local, energy, seconds, dims in states:
            if type_ != "FLAT" and type_ not in dims:
                continue
            for e in tariff["elements"]:
                prices = [c for c in e["price_components"] if c["type"] == type_]
                if prices and allowed(e.get("restrictions", {}), local, energy, seconds, dims):
                    charged.append([Fraction(1) if type_ == "FLAT" else dims[type_], prices[0]])
                    break
        if not charged:
            continue
        if type_ == "FLAT":
            charged = charged[:1]
        paid = [c for c in charged if c[0] != 0]
        rounded_parking |= type_ == "PARKING_TIME" and bool(paid)
        if paid and type_ != "FLAT" and not (type_ == "TIME" and rounded_parking):
            whole = sum(c[0] for c in paid)
            units = whole * 1000 if type_ == "ENERGY" else Fraction(int(whole * 3600 + Fraction(1, 2)))
            step = Fraction(paid[-1][1]["step_size"])
            if step:
                units = -(-units // step) * step
                paid[-1][0] += units / (1000 if type_ == "ENERGY" else 3600) - whole
        excl = sum((q * Fraction(c["price"]) for q, c in charged), Fraction(0))
        incl = sum(
            (q * Fraction(c["price"]) * (100 + Fraction(c.get("vat", 0))) / 100 for q, c in charged), Fraction(0)
        )
        found[type_] = (excl, incl)
    return found
