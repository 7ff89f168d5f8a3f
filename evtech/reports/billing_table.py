"""Many billing checks as one table for a spreadsheet."""

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

from evtech.billing.account import cause_sentence
from evtech.billing.batch import Answer
from evtech.billing.comparison import EQUAL, stated_total
from evtech.billing.folder import Checked
from evtech.measure.money import rounded
from evtech.reports.files import write_whole

Cell = str | Decimal | None
HEAD = (
    "file", "record", "result", "error", "currency", "begin (UTC)", "energy stated (kWh)", "total stated excl. VAT",
    "total calculated excl. VAT", "difference", "total stated incl. VAT", "total calculated incl. VAT", "difference",
    "likely cause", "discrepancies",
)  # fmt: skip


def difference(stated: Decimal, calculated: Fraction) -> Decimal:
    """Return stated minus calculated with four decimals; 0 where the two count as equal."""
    exact = Fraction(stated) - calculated
    return rounded(exact) if abs(exact) > EQUAL else Decimal("0.0000")


def row(answer: Checked | Answer) -> list[Cell]:
    """Return one check as cells under ``HEAD``; amounts with four decimals, unknown is empty."""
    result, cdr, pricing = answer.result, answer.result.cdr, answer.result.pricing
    file = answer.file if isinstance(answer, Checked) else answer.name
    first: list[Cell] = [str(file), cdr.id if cdr else None, result.result, result.message]
    if cdr is None:
        return [*first, *[None] * (len(HEAD) - len(first))]
    amounts: list[Cell] = []
    total = pricing.total if pricing else None
    for stated, calculated in zip(
        stated_total(cdr), (total.excl_vat, total.incl_vat) if total else (None, None), strict=True
    ):
        off = None if stated is None or calculated is None else difference(stated, calculated)
        amounts += [stated, None if calculated is None else rounded(calculated), off]
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


def write_csv(target: Path, rows: Sequence[Sequence[Cell]]) -> None:
    """Write the rows as CSV (UTF-8, comma, decimal point); raise ``ArchiveError`` where it cannot be written."""
    memory = io.StringIO(newline="")
    table = csv.writer(memory)
    table.writerow(HEAD)
    table.writerows([_plain(cell) for cell in cells] for cells in rows)
    write_whole(target, memory.getvalue().encode())


def _plain(cell: Cell) -> str:
    """Return a cell's text; one that a spreadsheet would take for a formula is quoted as text."""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    return f"'{cell}" if cell and cell[0] in "=+-@\t\r" else cell or ""
