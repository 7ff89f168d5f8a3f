"""Many billing checks as one table for a spreadsheet."""

import io
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from evtech.billing.account import cause_sentence
from evtech.billing.comparison import stated_total
from evtech.billing.folder import Checked
from evtech.measure.money import rounded
from evtech.reports.files import write_whole

Cell = str | Decimal | None
HEAD = (
    "file", "record", "result", "error", "currency", "begin (UTC)", "energy stated (kWh)", "total stated excl. VAT",
    "total calculated excl. VAT", "difference", "total stated incl. VAT", "total calculated incl. VAT", "difference",
    "likely cause", "discrepancies",
)  # fmt: skip


def row(answer: Checked) -> list[Cell]:
    """Return one check as cells under ``HEAD``; amounts with four decimals, unknown is empty."""
    result, cdr, pricing = answer.result, answer.result.cdr, answer.result.pricing
    first: list[Cell] = [str(answer.file), cdr.id if cdr else None, result.result, result.message]
    if cdr is None:
        return [*first, *[None] * (len(HEAD) - len(first))]
    amounts: list[Cell] = []
    total = pricing.total if pricing else None
    for stated, calculated in zip(
        stated_total(cdr), (total.excl_vat, total.incl_vat) if total else (None, None), strict=True
    ):
        known = stated is not None and calculated is not None
        difference = rounded(Fraction(stated or 0) - (calculated or 0)) if known else None
        amounts += [stated, None if calculated is None else rounded(calculated), difference]
    causes = " ".join(cause_sentence(cause) for cause in result.causes)
    wrong = ", ".join(f"{d.code} {d.field}" for d in result.discrepancies if d.severity != "info")
    begin = f"{cdr.start:%Y-%m-%d %H:%M:%S}"
    return [*first, cdr.currency, begin, cdr.quantities["total_energy"], *amounts, causes, wrong]


def write_table(target: Path, rows: Sequence[Sequence[Cell]]) -> None:
    """Write the rows as XLSX; raise ``ArchiveError`` where the file cannot be written."""
    import xlsxwriter

    memory = io.BytesIO()
    book = xlsxwriter.Workbook(memory, {"in_memory": True})
    sheet = book.add_worksheet("Billing check")
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(HEAD) - 1, 18)
    bold = book.add_format({"bold": True})
    for column, text in enumerate(HEAD):
        sheet.write_string(0, column, text, bold)
    for line, cells in enumerate(rows, 1):
        for column, cell in enumerate(cells):
            if isinstance(cell, Decimal):
                sheet.write_number(line, column, float(cell))  # a spreadsheet knows no other number
            elif cell:
                sheet.write_string(line, column, cell)  # never a formula, whatever a record's id looks like
    sheet.autofilter(0, 0, max(len(rows), 1), len(HEAD) - 1)
    book.close()
    write_whole(target, memory.getvalue())
