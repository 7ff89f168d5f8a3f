"""The report of a billing check: page one for the driver, then everything a lawyer asks for. PDF and HTML alike."""

import hashlib
import json
import re
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from html import escape
from pathlib import Path
from typing import Any

from evtech import VERSION, paths
from evtech.billing.answer import check_json
from evtech.billing.check import CheckResult
from evtech.billing.comparison import stated_total
from evtech.billing.findings import Discrepancy
from evtech.billing.ledger import Line
from evtech.billing.words import in_words
from evtech.errors import InputError
from evtech.measure.money import Cost, rounded
from evtech.measure.quantity import NARROW_SPACE
from evtech.reports.sealing import Written, write_pdf, written_whole

LANGUAGES = ("en", "de")
SYMBOLS = {"EUR": "€", "GBP": "£", "USD": "$"}


def write_billing_report(
    result: CheckResult,
    sources: Sequence[Path],
    *,
    pdf: Path | None = None,
    html: Path | None = None,
    lang: str = "en",
    made: datetime | None = None,
    seal: bool = True,
) -> list[Written]:
    """Write the report of a check; return each file with its SHA-256.

    ``sources`` are the examined files; they are attached to the PDF. Raises ``InputError`` for an unknown language, a
    source that cannot be read, or a result that is an error, and ``ArchiveError`` for a file that cannot be written.
    """
    made = made or datetime.now(UTC)
    files = [_source(path) for path in sources]
    data = contents(result, files, lang, made)
    written: list[Written] = []
    if pdf is not None:
        from evtech.reports.pdf import compile_pdf

        attached = {name: body for (*_, name), (_, body) in zip(data["sources"], files, strict=True)}
        answer = json.dumps(check_json(result), indent=1, ensure_ascii=False).encode()
        parts = {"data.json": json.dumps(data).encode(), "check.json": answer, **attached}
        written.append(write_pdf(pdf, compile_pdf("billing", parts, made), seal=seal))
    if html is not None:
        written.append(written_whole(html, render(data).encode()))
    return written


def contents(result: CheckResult, files: Sequence[tuple[str, bytes]], lang: str, made: datetime) -> dict[str, Any]:
    """Return everything the report says, as texts; ``files`` are names and bytes of what was examined."""
    if lang not in LANGUAGES:
        raise InputError(f"There is no report in {lang!r}.", f"Languages: {', '.join(LANGUAGES)}.")
    cdr, pricing, zone = result.cdr, result.pricing, result.zone
    if cdr is None or pricing is None or zone is None:
        raise InputError(f"There is nothing to report: {result.message}", result.hint)
    w = tomllib.loads((paths.resources() / "i18n" / f"billing_{lang}.toml").read_text("utf-8"))
    say = _Speaker(w, lang, cdr.currency)
    right = result.result == "match"
    start, end = (moment.astimezone(zone.info).strftime("%Y-%m-%d %H:%M:%S %z") for moment in (cdr.start, cdr.end))
    return {
        "lang": lang,
        "w": w,
        "title": w["title"],
        "short_id": cdr.id or w["unknown"],
        "date": [made.year, made.month, made.day],
        "software": f"{w['software']} evtech {VERSION}, {made:%Y-%m-%d %H:%M} UTC",
        "right": right,
        "verdict": w["right"] if right else w["wrong"],
        "sentences": say.sentences(result),
        "session": [
            [w["record"], cdr.id or w["unknown"]],
            [w["begin"], start],
            [w["end"], end],
            [w["zone"], zone.name],
            [w["meter"], cdr.meter_id or w["unknown"]],
            [w["tariff"], f"{pricing.tariff.id}: {in_words(pricing.tariff, lang)}"],
        ],
        "ledger": [say.line(line, result.discrepancies) for line in pricing.lines],
        "total": [
            *say.both(pricing.total),
            w.get(f"limit_{pricing.limit_applied}", ""),
            w["mark"]
            if any(d.severity == "error" and d.field.startswith("total_cost") for d in result.discrepancies)
            else "",
        ],
        "differences": [say.difference(d) for d in result.discrepancies],
        "signed": say.signed(result),
        "notes": list(result.notes),
        "method": w["method"].format(cdr.version),
        "sources": [
            [name, hashlib.sha256(body).hexdigest(), f"{n}-{re.sub('[^A-Za-z0-9._-]', '_', name)}"]
            for n, (name, body) in enumerate(files, 1)
        ],
    }


class _Speaker:
    """Turns values into texts of one language and currency."""

    def __init__(self, words: dict[str, Any], lang: str, currency: str) -> None:
        self._w = words  # texts by name, and tables of texts
        self._comma = lang == "de"
        self._currency = SYMBOLS.get(currency, currency)

    def sentences(self, result: CheckResult) -> list[str]:
        """Return what page one says below the verdict: the amounts, and the likely cause where the total is wrong."""
        assert result.cdr and result.pricing  # an error has no report
        excl, incl = stated_total(result.cdr)
        total = result.pricing.total
        both_incl = incl is not None and total.incl_vat is not None
        stated, calculated = (incl, total.incl_vat) if both_incl else (excl, total.excl_vat)
        assert stated is not None and calculated is not None  # chosen so
        difference = Fraction(stated) - calculated
        found = [self._w["billed"].format(self.money(stated), self.money(calculated), self.money(difference))]
        for cause in result.causes:
            detail = f" ({cause.detail})" if cause.detail else ""
            found.append(self._w["cause"].format(self._w["causes"][cause.code].format(detail)))
        wrong = any(d.code == "amount_mismatch" and d.field.startswith("total_cost") for d in result.discrepancies)
        return [*found, self._w["no_cause"]] if wrong and not result.causes else found

    def line(self, line: Line, found: Sequence[Discrepancy]) -> list[str]:
        """Return a line of the ledger; the last cell marks it where the record differs."""
        w, c = self._w, line.component
        differs = any(
            d.severity != "info"
            and (d.field.startswith(line.cost_field) or d.field.startswith(f"charging_periods[{line.period}]"))
            for d in found
        )
        unit = {"ENERGY": "kWh", "FLAT": ""}.get(line.dimension, "h")
        quantity = "" if line.dimension == "FLAT" else f"{self.number(rounded(line.billed))}{NARROW_SPACE}{unit}"
        price = w["free"] if c is None else self.money(c.price) + (f"/{unit}" if unit else "")
        return [
            str(line.period + 1),
            w["dimensions"][line.dimension],
            quantity if c else f"{self.number(line.volume)}{NARROW_SPACE}{unit}",
            price,
            *(self.both(line.cost) if c else ("", "")),
            w["mark"] if differs else "",
        ]

    def difference(self, d: Discrepancy) -> list[str]:
        """Return a discrepancy as cells."""
        values = (self._value(x) for x in (d.stated, d.calculated, d.difference))
        return [self._w["codes"][d.code], d.field, *values]

    def signed(self, result: CheckResult) -> list[list[str]]:
        """Return what the signed values say, as rows; empty without any."""
        s, w = result.signed, self._w
        if s is None:
            return []
        energy = w["unknown"] if s.energy_kwh is None else f"{self.number(s.energy_kwh)}{NARROW_SPACE}kWh"
        return [
            [w["signature"], f"{w[f'signature_{s.signature}']} ({s.format})"],
            [w["signed_energy"], energy],
            [w["meter"], s.meter_serial or w["unknown"]],
            [w["key"], w[f"key_{s.key_source}"] if s.key_source else w["unknown"]],
        ]

    def both(self, cost: Cost) -> tuple[str, str]:
        """Return an amount without and with VAT."""
        return self.money(cost.excl_vat), self._w["unknown"] if cost.incl_vat is None else self.money(cost.incl_vat)

    def money(self, amount: Decimal | Fraction) -> str:
        """Return an amount with its currency: two decimals, more where it has more, four at most."""
        text = f"{rounded(amount):f}"
        cents = text[:-2] if text.endswith("00") else text
        return f"{self._mark(cents)}{NARROW_SPACE}{self._currency}"

    def number(self, value: Decimal) -> str:
        """Return a number without trailing zeros."""
        text = f"{value:f}"
        return self._mark(text.rstrip("0").rstrip(".") if "." in text else text)

    def _value(self, value: Decimal | str | None) -> str:
        return "" if value is None else value if isinstance(value, str) else self.number(value)

    def _mark(self, text: str) -> str:
        return text.replace("-", "−").replace(".", "," if self._comma else ".")


def render(data: dict[str, Any]) -> str:
    """Return the HTML page for the data that the PDF template gets: one file, no network."""
    w = data["w"]
    head = [w["period"], w["what"], w["quantity"], w["price"], w["net"], w["gross"], ""]
    net, gross, limit, mark = data["total"]
    total = ["", w["total"], "", limit, net, gross, mark]
    body = [
        f"<h1>{escape(data['title'])}</h1>",
        f"<p class='verdict {'right' if data['right'] else 'wrong'}'><b>{escape(data['verdict'])}</b><br>",
        "<br>".join(map(escape, data["sentences"])),
        f"</p><h2>{escape(w['ledger'])}</h2>{_table(head, [*data['ledger'], total])}",
        f"<h2>{escape(w['session'])}</h2>{_table([], data['session'])}",
        f"<h2>{escape(w['differences'])}</h2>",
        _table([w["what"], w["field"], w["stated"], w["calculated"], w["difference"]], data["differences"]),
        f"<h2>{escape(w['signed'])}</h2>{_table([], data['signed'])}",
        f"<h2>{escape(w['notes'])}</h2>{_table([], [[note] for note in data['notes']])}",
        f"<h2>{escape(w['sources'])}</h2>{_table([], [source[:2] for source in data['sources']])}",
        f"<p><small>{escape(data['method'])} {escape(data['software'])}</small></p>",
    ]
    from evtech.reports.html import STYLE

    top = (
        f'<!DOCTYPE html><html lang="{data["lang"]}"><head><meta charset="utf-8"><title>{escape(data["title"])}</title>'
    )
    return f"{top}<style>{STYLE}</style></head><body>{''.join(body)}</body></html>"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return "<p>—</p>"
    top = "".join(f"<th>{escape(text)}</th>" for text in head)
    lines = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table>{f'<tr>{top}</tr>' if top else ''}{lines}</table>"


def _source(path: Path) -> tuple[str, bytes]:
    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
