"""The verification record: verdict, results, budget, readings, equipment, method. PDF and HTML from the same blocks."""

import hashlib
import json
import platform
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evtech import VERSION
from evtech.calibration.result import CalibrationResult
from evtech.calibration.run_record import CalibrationRun, run_to_json
from evtech.calibration.words import words
from evtech.errors import InputError
from evtech.reports import calibration_evidence as evidence
from evtech.reports import calibration_summary as summary
from evtech.reports.calibration_chart import TONES, badge, error_chart
from evtech.reports.calibration_numbers import moment
from evtech.reports.document import Block, render_html
from evtech.reports.sealing import Written, write_pdf, written_whole

_TONES = {
    "PASS": "green",
    "CONDITIONAL_PASS": "amber",
    "CONDITIONAL_FAIL": "amber",
    "FAIL": "red",
    "INDICATIVE": "grey",
}


@dataclass(frozen=True, slots=True)
class ReportContext:
    """What the archive knows beyond the record: the report's number, the record as it was stored, when it is made."""

    number: str | None = None
    record: bytes | None = None
    made: datetime | None = None


def write_calibration_report(
    run: CalibrationRun,
    result: CalibrationResult,
    *,
    pdf: Path | None = None,
    html: Path | None = None,
    lang: str = "en",
    context: ReportContext | None = None,
    seal: bool = True,
) -> list[Written]:
    """Write the report of a calibration; return each file with its SHA-256.

    Raises ``InputError`` for an unknown language or when no file is named, ``ArchiveError`` for a file that cannot be
    written.
    """
    if pdf is None and html is None:
        raise InputError("No file is named.", "Name a PDF or an HTML file.")
    context = context or ReportContext()
    made = context.made or datetime.now(UTC)
    record = context.record or json.dumps(run_to_json(run), indent=1, ensure_ascii=False).encode()
    data, pictures = contents(run, result, lang, made, record, context.number)
    written: list[Written] = []
    if pdf is not None:
        from evtech.reports.pdf import compile_pdf

        files = {name: svg.encode() for name, svg in pictures.items()} | {
            "data.json": json.dumps(data).encode(),
            "run.json": record,
            "result.json": json.dumps(result.to_json(), indent=1, ensure_ascii=False).encode(),
        }
        written.append(write_pdf(pdf, compile_pdf("calibration", files, made), seal=seal))
    if html is not None:
        written.append(written_whole(html, render_html(data, pictures).encode()))
    return written


def contents(
    run: CalibrationRun, result: CalibrationResult, lang: str, made: datetime, record: bytes, number: str | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return everything the report says as JSON values, and its pictures as SVG by file name."""
    w = words(lang)
    verdict, reason = result.decision.verdict, result.decision.reason
    digest = hashlib.sha256(record).hexdigest()
    tone = _TONES[verdict]
    word = w["verdicts"][verdict]
    sentences = [w["sentences"][verdict], *([w["sentences"][reason]] if reason else [])]
    remarks = [w["report"]["simulated"]] if run.simulated else []
    remarks += [f"{w['report']['unmet']}: {len(result.conditions)}"] if result.conditions else []
    pictures = {
        "badge.svg": badge(verdict, tone, word),
        "errors.svg": error_chart(
            summary.bars(run, result, lang), w["report"]["chart_axis"], w["report"]["chart_alt"], lang == "de"
        ),
    }
    blocks: list[Block] = [
        *summary.first_page(run, result, lang, made),
        *summary.results(result, lang),
        *evidence.budgets(run, result, lang),
        *evidence.readings(run, result, lang),
        *evidence.equipment(run, result, lang),
        *evidence.method(run, result, lang),
        *evidence.closing(run, result, lang, digest),
    ]
    return {
        "lang": lang,
        "w": w["report"],
        "title": w["report"]["title"],
        "subtitle": w["report"]["subtitle"],
        "number": number or run.id or digest[:12],
        "date": [made.year, made.month, made.day],
        "software": f"{w['report']['software']} evtech {VERSION}, Python {platform.python_version()}, {moment(made)}",
        "verdict": {
            "word": word,
            "alt": word,
            "colour": TONES[tone],
            "sentence": " ".join(sentences),
            "remarks": remarks,
        },
        "blocks": blocks,
    }, pictures
