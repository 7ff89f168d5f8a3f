"""Says the values of a billing check in one language and currency: verdict, sentences, lines of the ledger."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from evtech.billing.check import CheckResult
from evtech.billing.comparison import CENT_ROUNDING, stated_total
from evtech.billing.findings import Discrepancy
from evtech.billing.ledger import Line
from evtech.measure.money import Cost, rounded
from evtech.measure.quantity import NARROW_SPACE

SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}
PRICE_CODES = ("amount_mismatch", "currency_mismatch")
MOST_TOLD = 4  # sentences about other errors on page one; the table has them all


def totals(result: CheckResult) -> tuple[Decimal, Fraction]:
    """Return the stated and the calculated total that are compared in words: with VAT where both are known."""
    assert result.cdr and result.pricing
    excl, incl = stated_total(result.cdr)
    total = result.pricing.total
    if incl is not None and total.incl_vat is not None:
        return incl, total.incl_vat
    return excl, total.excl_vat


def worst_first(found: Sequence[Discrepancy]) -> list[Discrepancy]:
    """Return the discrepancies with the errors first, else in their order."""
    return sorted(found, key=lambda d: ("error", "warning", "info").index(d.severity))


def differs(line: Line, found: Sequence[Discrepancy]) -> bool:
    """Tell whether the record differs from a line of the ledger, or has a defect in its period."""
    return any(
        d.severity != "info"
        and (d.field.startswith(line.cost_field) or d.field.startswith(f"charging_periods[{line.period}]"))
        for d in found
    )


class Speaker:
    """Turns values into texts of one language and currency."""

    def __init__(self, words: dict[str, Any], currency: str, *, comma: bool) -> None:
        self.w = words  # texts by name, and tables of texts
        self._comma = comma
        self._currency = SYMBOLS.get(currency, currency)

    def verdict(self, result: CheckResult) -> str:
        """Return the verdict: right, wrong, or not to be relied on where only the price is right."""
        if result.result == "match":
            return str(self.w["right"])
        wrong = any(d.code in PRICE_CODES for d in result.discrepancies)
        return str(self.w["wrong" if wrong else "doubtful"])

    def sentences(self, result: CheckResult) -> list[str]:
        """Return what page one says below the verdict: the amounts, the likely cause, and what else does not agree."""
        assert result.cdr and result.pricing and result.zone  # an error has no report
        stated, calculated = totals(result)
        comparable = not any(d.code == "currency_mismatch" for d in result.discrepancies)
        found = [self._amounts(Fraction(stated), calculated)] if comparable else []
        for cause in result.causes:
            detail = f" ({cause.detail})" if cause.detail else ""
            text = self.w["causes"][cause.code].format(detail, result.zone.name)
            found.append(self.w["cause"].format(text, self.money(rounded(stated, 2))))
        wrong = any(d.code == "amount_mismatch" and d.field.startswith("total_cost") for d in result.discrepancies)
        if wrong and not result.causes:
            found.append(self.w["no_cause"])
        others = [d for d in result.discrepancies if d.severity == "error" and d.code != "amount_mismatch"]
        return found + list(dict.fromkeys(self.w["told"][d.code].format(*self._sides(d)) for d in others))[:MOST_TOLD]

    def line(self, line: Line, found: Sequence[Discrepancy]) -> list[str]:
        """Return a line of the ledger; the last cell marks it where the record differs."""
        w, c = self.w, line.component
        unit = {"ENERGY": "kWh", "FLAT": ""}.get(line.dimension, "h")
        quantity = "" if line.dimension == "FLAT" else f"{self.number(rounded(line.billed))}{NARROW_SPACE}{unit}"
        price = w["free"] if c is None else self.money(c.price) + (f"/{unit}" if unit else "")
        return [
            str(line.period + 1),
            w["dimensions"][line.dimension],
            quantity if c else f"{self.number(line.volume)}{NARROW_SPACE}{unit}",
            price,
            *(self.both(line.cost) if c else ("", "")),
            w["mark"] if differs(line, found) else "",
        ]

    def difference(self, d: Discrepancy) -> list[str]:
        """Return a discrepancy as cells."""
        values = (self._value(x) for x in (d.stated, d.calculated, d.difference))
        return [self.w["codes"][d.code], d.field, *values]

    def _amounts(self, stated: Fraction, calculated: Fraction) -> str:
        """Say two amounts and their difference in cents, as they are paid; finer only where cents do not tell."""
        is_same = abs(stated - calculated) <= CENT_ROUNDING
        places = 2 if (rounded(stated, 2) == rounded(calculated, 2)) is is_same else 4
        left, right = rounded(stated, places), rounded(calculated, places)
        key = "same" if is_same else "too_much" if left > right else "too_little"
        return str(self.w[key].format(self.money(left), self.money(right), self.money(abs(left - right))))

    def both(self, cost: Cost) -> tuple[str, str]:
        """Return an amount without and with VAT."""
        return self.money(cost.excl_vat), self.w["unknown"] if cost.incl_vat is None else self.money(cost.incl_vat)

    def money(self, amount: Decimal | Fraction) -> str:
        """Return an amount with its currency: two decimals, more where it has more, four at most."""
        text = f"{rounded(amount):f}"
        cents, fine = text[:-2], text[-2:].rstrip("0")
        return f"{self._mark(cents + fine)}{NARROW_SPACE}{self._currency}"

    def signed_money(self, amount: Decimal | Fraction) -> str:
        """Return a difference of amounts with its sign."""
        return f"{'+' if amount > 0 else ''}{self.money(amount)}"

    def number(self, value: Decimal) -> str:
        """Return a number without trailing zeros."""
        text = f"{value:f}"
        return self._mark(text.rstrip("0").rstrip(".") if "." in text else text)

    def _sides(self, d: Discrepancy) -> tuple[str, str]:
        return self._value(d.stated), self._value(d.calculated)

    def _value(self, value: Decimal | str | None) -> str:
        return "" if value is None else value if isinstance(value, str) else self.number(value)

    def _mark(self, text: str) -> str:
        return text.replace("-", "−").replace(".", "," if self._comma else ".")
