"""Workbooks (XLSX): tables of values, texts never taken for formulas, times in UTC."""

import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any


def workbook(sheets: Sequence[tuple[str, Sequence[str], Sequence[Sequence[Any]]]]) -> bytes:
    """Return a workbook of sheets: name, head, rows; ``None`` stays an empty cell."""
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(
        out, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "remove_timezone": True}
    )
    bold = book.add_format({"bold": True})
    clock = book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss.000"})
    for name, head, rows in sheets:
        sheet = book.add_worksheet(name[:31])
        sheet.write_row(0, 0, head, bold)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(len(head) - 1, 0), 22)
        for number, row in enumerate(rows, 1):
            for column, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(number, column, cell.astimezone(UTC) if cell.tzinfo else cell, clock)
                elif cell is not None:
                    sheet.write(number, column, _plain(cell))
    book.close()
    return out.getvalue()


def _plain(cell: Any) -> Any:
    return cell if isinstance(cell, int | float | str | bool) else json.dumps(cell, ensure_ascii=False, default=str)
