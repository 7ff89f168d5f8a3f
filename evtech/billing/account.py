"""The answer in words for a terminal: one verdict, the likely cause, the ledger, what differs."""

from decimal import Decimal
from fractions import Fraction

from evtech.billing.causes import Cause
from evtech.billing.check import CheckResult
from evtech.billing.ledger import Line
from evtech.measure.money import rounded

CAUSES = {
    "wrong_vat": "VAT was charged at another rate{detail}.",
    "wrong_timezone": "The times of the tariff were taken in another time zone{detail}.",
    "step_size_not_applied": "The quantity was not rounded up to whole steps.",
    "step_size_per_period": "Each period was rounded up by itself; the session's total is to be rounded once.",
    "fixed_cost_missing": "The fee per session was left out.",
    "flat_fee_repeated": "The fee per session was charged more than once.",
    "min_price_not_applied": "The lowest price of the tariff was not applied.",
    "max_price_not_applied": "The highest price of the tariff was not applied.",
    "vat_missing": "VAT was not added.",
}
UNITS = {"ENERGY": "kWh", "FLAT": ""}
MARKS = {"error": "x", "warning": "!", "info": "·"}  # a Windows console in a pipe has these


def cause_sentence(cause: Cause) -> str:
    """Return a likely cause as one sentence."""
    return CAUSES[cause.code].format(detail=f" ({cause.detail})" if cause.detail else "")


def one_line(name: str, result: CheckResult) -> str:
    """Return the answer about one of many records."""
    if result.error:
        return f"{name}  {result.error}: {result.message}"
    if result.result == "match":
        return f"{name}  right"
    wrong = [d for d in result.discrepancies if d.severity == "error"]
    causes = " ".join(cause_sentence(cause) for cause in result.causes)
    return f"{name}  WRONG  {wrong[0].message}{f' (and {len(wrong) - 1} more)' if wrong[1:] else ''} {causes}".rstrip()


def account(result: CheckResult) -> str:
    """Return the answer about one record; an error has its message only."""
    cdr, pricing, zone = result.cdr, result.pricing, result.zone
    if cdr is None or pricing is None or zone is None:
        return result.message or ""
    right = result.result == "match"
    lines = [f"The bill is {'right' if right else 'WRONG'}."]
    lines += [f"Likely cause: {cause_sentence(cause)}" for cause in result.causes]
    lines += ["", f"Tariff {pricing.tariff.id}, OCPI {cdr.version}, time zone {zone.name} ({zone.source})"]
    lines += [_ledger_line(line, cdr.currency) for line in pricing.lines if line.component]
    lines.append(f"{'total':<42}{_money(pricing.total.excl_vat, pricing.total.incl_vat, cdr.currency)}")
    if pricing.limit_applied:
        lines.append(
            f"The total is set by {pricing.limit_applied}; the lines alone give {rounded(pricing.unlimited.excl_vat)}."
        )
    if result.signed:
        own_key = result.signed.signature == "valid" and result.signed.key_source != "option"
        trust = "; the key came with the record, compare it with the charger's label" if own_key else ""
        lines.append(f"Signed meter values: {result.signed.signature} ({result.signed.format}{trust}).")
    if result.displayed:
        shown, off = result.displayed.amount, rounded(result.displayed.calculated_difference)
        lines.append(f"The display showed {shown} {cdr.currency}, {off:+} against the calculation.")
    if result.discrepancies:
        lines += ["", *(f"{MARKS[d.severity]} {d.code} {d.field}: {d.message}" for d in result.discrepancies)]
    return "\n".join([*lines, *(f"Note: {note}" for note in result.notes)])


def _ledger_line(line: Line, currency: str) -> str:
    assert line.component is not None  # only charged lines are shown
    unit = UNITS.get(line.dimension, "h")
    quantity = "" if line.dimension == "FLAT" else f"{_short(line.billed)} {unit} × {_plain(line.component.price)}"
    cost = line.cost
    return f"{line.period:>3}  {line.dimension:<17}{quantity:<20}{_money(cost.excl_vat, None, currency)}"


def _money(excl: Fraction, incl: Fraction | None, currency: str) -> str:
    text = f"{rounded(excl):>12} {currency}"
    return text if incl is None else f"{text}, with VAT {rounded(incl)} {currency}"


def _short(value: Fraction) -> str:
    return _plain(rounded(value))


def _plain(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
