"""The report of a billing check: page one for the driver, then everything a lawyer asks for. PDF and HTML alike."""

import hashlib
import json
import re
import tomllib
from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import Any

from evtech import VERSION, paths
from evtech.billing.answer import check_json
from evtech.billing.check import CheckResult
from evtech.billing.words import in_words
from evtech.errors import InputError
from evtech.reports.billing_speaker import Speaker, worst_first
from evtech.reports.billing_witnesses import signed_facts, witnesses
from evtech.reports.sealing import Written, write_pdf, written_whole

LANGUAGES = ("en", "de")


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
    return write_report(
        result, [_source(path) for path in sources], pdf=pdf, html=html, lang=lang, made=made, seal=seal
    )


def write_report(
    result: CheckResult,
    files: Sequence[tuple[str, bytes]],
    *,
    pdf: Path | None = None,
    html: Path | None = None,
    lang: str = "en",
    made: datetime | None = None,
    seal: bool = True,
) -> list[Written]:
    """Write the report of a check whose files are at hand as names and bytes; like ``write_billing_report``."""
    made = made or datetime.now(UTC)
    data = contents(result, files, lang, made)
    written: list[Written] = []
    if pdf is not None:
        from evtech.reports.pdf import compile_pdf

        attached = {source[2]: body for source, (_, body) in zip(data["sources"], files, strict=True)}
        answer = json.dumps(check_json(result), indent=1, ensure_ascii=False).encode()
        parts = {"data.json": json.dumps(data).encode(), "check.json": answer, **attached}
        written.append(write_pdf(pdf, compile_pdf("billing", parts, made), seal=seal))
    if html is not None:
        written.append(written_whole(html, render(data).encode()))
    return written


def contents(
    result: CheckResult, files: Sequence[tuple[str, bytes]], lang: str, made: datetime, comma: bool | None = None
) -> dict[str, Any]:
    """Return everything the report says, as texts; ``files`` are names and bytes of what was examined.

    ``comma``: the decimal mark, where it is not to be the language's own. Raises ``InputError``.
    """
    if lang not in LANGUAGES:
        raise InputError(f"There is no report in {lang!r}.", f"Languages: {', '.join(LANGUAGES)}.")
    cdr, pricing, zone = result.cdr, result.pricing, result.zone
    if cdr is None or pricing is None or zone is None:
        raise InputError(f"There is nothing to report: {result.message}", result.hint)
    w = tomllib.loads((paths.resources() / "i18n" / f"billing_{lang}.toml").read_text("utf-8"))
    say = Speaker(w, cdr.currency, comma=lang == "de" if comma is None else comma)
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
        "verdict": say.verdict(result),
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
        "differences": [say.difference(d) for d in worst_first(result.discrepancies)],
        "witnesses": witnesses(result, say),
        "signed": signed_facts(result, say),
        "notes": list(result.notes),
        "method": w["method"].format(cdr.version),
        "sources": [
            [name, hashlib.sha256(body).hexdigest(), f"{n}-{re.sub('[^A-Za-z0-9._-]', '_', name)}", _media_type(body)]
            for n, (name, body) in enumerate(files, 1)
        ],
    }


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
        f"<h2>{escape(w['witnesses'])}</h2>{_table(*data['witnesses'])}",
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


def _media_type(body: bytes) -> str:
    start = body.lstrip()[:1]
    return {b"{": "application/json", b"[": "application/json", b"<": "application/xml"}.get(start, "text/plain")


def _source(path: Path) -> tuple[str, bytes]:
    try:
        return path.name, path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
