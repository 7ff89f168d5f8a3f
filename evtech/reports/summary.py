"""Documents that sum up many sessions: written as PDF/A, HTML, workbook and CSV from one set of tables."""

import csv
import hashlib
import io
import json
import platform
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evtech import VERSION, paths
from evtech.errors import InputError
from evtech.reports.calibration_chart import TONES, badge
from evtech.reports.document import Block, render_html, table
from evtech.reports.sealing import Written, write_pdf, written_whole

LANGUAGES = ("en", "de")
MOST_ROWS = 400  # of a table on paper; the attached record has all of them
_SHAPES = {"green": "PASS", "red": "FAIL", "amber": "CONDITIONAL_FAIL", "grey": "INDICATIVE"}


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of values as workbook and CSV get it; ``None`` is unknown. ``key`` names its file in every language."""

    name: str
    head: tuple[str, ...]
    rows: list[list[Any]]
    key: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a summary says: verdict in a word with its tone, a sentence, remarks, blocks, and its data."""

    title: str
    subtitle: str
    word: str
    tone: str
    sentence: str
    remarks: list[str]
    blocks: list[Block]
    record: dict[str, Any]
    sheets: list[Sheet] = field(default_factory=list)
    made: datetime | None = None  # now, where it is not said


def words(lang: str) -> dict[str, Any]:
    """Return the words of summaries in a language; raise ``InputError`` for an unknown one."""
    if lang not in LANGUAGES:
        raise InputError(f"There is no report in {lang!r}.", f"Languages: {', '.join(LANGUAGES)}.")
    return tomllib.loads((paths.resources() / "i18n" / f"summary_{lang}.toml").read_text("utf-8"))


def write_summary(
    summary: Summary, lang: str, *, pdf: Path | None = None, html: Path | None = None, xlsx: Path | None = None,
    csv: Path | None = None, tables: Path | None = None, seal: bool = True,
) -> list[Written]:  # fmt: skip
    """Write the files that are named; return each with its SHA-256.

    ``csv`` gets the first table; ``tables`` is how the names of CSV files begin that get one table each.
    """
    if not any((pdf, html, xlsx, csv, tables)):
        raise InputError("No file is named.", "Name a PDF, HTML, XLSX or CSV file.")
    made = summary.made or datetime.now(UTC)
    record = json.dumps(summary.record, indent=1, ensure_ascii=False).encode()
    data, pictures = _contents(summary, lang, made, record)
    written: list[Written] = []
    if pdf is not None:
        from evtech.reports.pdf import compile_pdf

        files = {name: svg.encode() for name, svg in pictures.items()}
        files |= {"data.json": json.dumps(data).encode(), "run.json": record, "result.json": _sheets_json(summary)}
        written.append(write_pdf(pdf, compile_pdf("calibration", files, made), seal=seal))
    if html is not None:
        written.append(written_whole(html, render_html(data, pictures).encode()))
    if xlsx is not None:
        from evtech.reports.workbook import workbook

        written.append(written_whole(xlsx, workbook([(s.name, s.head, s.rows) for s in summary.sheets])))
    if csv is not None:
        written.append(written_whole(csv, _csv(summary.sheets[0]).encode()))
    for sheet in summary.sheets if tables is not None else ():
        assert tables is not None
        written.append(written_whole(tables.with_name(f"{tables.name}-{sheet.key}.csv"), _csv(sheet).encode()))
    return written


def sheet_table(
    sheet: Sheet, widths: Sequence[float], right: Sequence[int], w: dict[str, Any], lang: str, *,
    digits: Sequence[int] = (), by_row: Sequence[int] = (), most: int = MOST_ROWS,
) -> list[Block]:  # fmt: skip
    """Return a sheet's first columns, one a width, as a table on paper; a long one is cut, and that is said.

    ``digits`` are the decimals of each of the columns ``right``, ``by_row`` those of each row, else three.
    """
    from evtech.reports.document import text

    if not sheet.rows:
        return [text(w["no_rows"])]
    decimals = dict(zip(right, digits, strict=False))
    rows = [
        [
            shown(cell, lang, by_row[number] if by_row else decimals.get(column, 3))
            for column, cell in enumerate(row[: len(widths)])
        ]
        for number, row in enumerate(sheet.rows[:most])
    ]
    blocks = [table(sheet.head[: len(widths)], rows, widths, right, 7.5)]
    if len(sheet.rows) > most:
        blocks.append(text(w["more_rows"].format(n=len(sheet.rows) - most)))
    return blocks


def shown(cell: Any, lang: str, digits: int = 3) -> str:
    """Return a value as a report shows it; unknown is a dash, a moment of a zone carries its offset."""
    if cell is None or cell == "":
        return "—"
    if isinstance(cell, datetime):
        offset = cell.strftime("%z") if cell.utcoffset() else ""
        return f"{cell:%Y-%m-%d %H:%M} " + (f"{offset[:3]}:{offset[3:5]}" if offset else "UTC")
    if isinstance(cell, float):
        return f"{cell:.{digits}f}".replace(".", "," if lang == "de" else ".")
    return str(cell)


def _contents(summary: Summary, lang: str, made: datetime, record: bytes) -> tuple[dict[str, Any], dict[str, str]]:
    w = words(lang)
    stamp = made.strftime("%Y-%m-%d %H:%M UTC")
    pictures = {"badge.svg": badge(_SHAPES[summary.tone], summary.tone, summary.word)}
    return {
        "lang": lang,
        "w": w["report"],
        "title": summary.title,
        "subtitle": summary.subtitle,
        "number": hashlib.sha256(record).hexdigest()[:12],
        "date": [made.year, made.month, made.day],
        "software": f"evtech {VERSION}, Python {platform.python_version()}, {stamp}",
        "verdict": {
            "word": summary.word, "alt": summary.word, "colour": TONES[summary.tone], "sentence": summary.sentence,
            "remarks": summary.remarks,
        },
        "blocks": summary.blocks,
    }, pictures  # fmt: skip


def _sheets_json(summary: Summary) -> bytes:
    data = {s.name: {"head": s.head, "rows": s.rows} for s in summary.sheets}
    return json.dumps(data, ensure_ascii=False, default=_iso).encode()


def _csv(sheet: Sheet) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(sheet.head)
    for row in sheet.rows:
        writer.writerow(["" if c is None else _iso(c) if isinstance(c, datetime) else c for c in row])
    return out.getvalue()


def _iso(moment: datetime) -> str:
    """Return a moment as files have it: UTC with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
