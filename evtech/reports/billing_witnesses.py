"""What each witness of a session says, side by side: record, signed meter values, own recording, display."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from evtech.billing.check import CheckResult
from evtech.billing.findings import Discrepancy
from evtech.measure.money import rounded
from evtech.measure.quantity import NARROW_SPACE
from evtech.reports.billing_speaker import Speaker, totals

Table = tuple[list[str], list[list[str]]]
MARKED = {
    "energy": ("signed_energy_mismatch", "recorded_energy_mismatch"),
    "begin": ("start_date_time",),
    "end": ("end_date_time",),
    "price": ("total_cost",),
    "meter": ("meter_mismatch",),
    "token": ("token_mismatch",),
}
_SHOWN = 20  # readings and problems of a signed file that are listed


def witnesses(result: CheckResult, say: Speaker) -> Table:
    """Return the head and the rows; a column stands only where that witness is there. The last cell is the mark."""
    cdr, pricing, zone = result.cdr, result.pricing, result.zone
    assert cdr and pricing and zone  # an error has no table
    w, signed, recorded, shown = say.w, result.signed, result.recorded, result.displayed

    def at(moment: datetime | None) -> str:
        return "" if moment is None else moment.astimezone(zone.info).strftime("%Y-%m-%d %H:%M:%S %z")

    def energy(value: Decimal | None) -> str:
        return "" if value is None else f"{say.number(value)}{NARROW_SPACE}kWh"

    stated, calculated = totals(result)
    columns: dict[str, dict[str, str]] = {
        "stated": {
            "energy": energy(cdr.quantities.get("total_energy")), "begin": at(cdr.start), "end": at(cdr.end),
            "price": say.money(stated), "meter": cdr.meter_id or "", "token": cdr.token_uid or "",
        },
        "calculated": {"price": say.money(calculated)},
    }  # fmt: skip
    if signed:
        columns["signed_column"] = {
            "energy": energy(signed.energy_kwh), "begin": at(signed.begin), "end": at(signed.end),
            "meter": signed.meter_serial or "", "token": signed.user_id or "",
        }  # fmt: skip
    if recorded:
        columns["recorded_column"] = {
            "energy": energy(recorded.energy_kwh), "begin": at(recorded.begin), "end": at(recorded.end),
            "clock": _seconds(recorded.clock_offset_s, say),
        }  # fmt: skip
    if shown:
        off = rounded(shown.calculated_difference)
        mark = f" ({say.signed_money(off)})" if off else ""
        columns["displayed_column"] = {"price": say.money(shown.amount) + mark}
    rows = []
    for name in ("energy", "begin", "end", "price", "meter", "token", "clock"):
        cells = [column.get(name, "") for column in columns.values()]
        if any(cells):
            rows.append([w["rows"][name], *cells, w["mark"] if _marked(name, result.discrepancies) else ""])
    return [w["what"], *(w[name] for name in columns), ""], rows


def signed_facts(result: CheckResult, say: Speaker) -> list[list[str]]:
    """Return what the signed values say, as rows; empty without any."""
    s, w, found = result.signed, say.w, result.verified
    if s is None or found is None:
        return []
    energy = w["unknown"] if s.energy_kwh is None else f"{say.number(s.energy_kwh)}{NARROW_SPACE}kWh"
    rows = [
        [w["signature"], f"{w[f'signature_{s.signature}']} ({s.format})"],
        [w["key"], w[f"key_{s.key_source}"] if s.key_source else w["unknown"]],
        [w["signed_energy"], energy],
        [w["meter"], s.meter_serial or w["unknown"]],
    ]
    for value in found.values[:_SHOWN]:
        for reading in value.record.readings[:_SHOWN]:
            if reading.value is not None:
                when = reading.local_time or (f"{reading.time:%Y-%m-%d %H:%M:%S} UTC" if reading.time else "")
                what = w["readings"].get(reading.reason or "", reading.reason or "")
                number = f"{say.number(reading.value)}{NARROW_SPACE}{reading.unit or ''}"
                rows.append([w["reading"], " · ".join(x for x in (what, number, reading.register, when) if x)])
    for notice in (*found.transaction.problems[:_SHOWN], *found.transaction.warnings[:_SHOWN]):
        rows.append([w["signed_problem"], notice.message])
    if found.result == "valid":
        rows.append([w["billable"], w["yes"] if found.transaction.billable else w["no"]])
    return rows


def _marked(name: str, found: tuple[Discrepancy, ...]) -> bool:
    wanted = MARKED.get(name, ())
    return any(d.severity != "info" and (d.code in wanted or d.field.startswith(wanted)) for d in found if wanted)


def _seconds(value: float | None, say: Speaker) -> str:
    return "" if value is None else f"{say.number(rounded(Fraction(str(value)), 1))}{NARROW_SPACE}s"
