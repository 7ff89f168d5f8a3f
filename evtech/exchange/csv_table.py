"""A table in a text file: where it begins, what separates its columns, its rows with the numbers of their lines."""

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

from evtech.errors import InputError
from evtech.exchange.plans import Plan, checked
from evtech.exchange.source_file import SourceFile

DELIMITERS = ";,\t|"
_SHOWN = 20  # rows of a preview
_LOOKED_AT = 60  # lines in which a table must have begun
_LONGEST = 1 << 20  # characters of a line
_COMMA = re.compile(r"^-?\d{1,3}(?:\.\d{3})*,\d+$|^-?\d+,\d+$")
_POINT = re.compile(r"^-?\d+\.\d+$")
_HINT = "A head and columns separated by comma, semicolon or tab; in UTF-8 or Windows-1252."


@dataclass(frozen=True, slots=True)
class Table:
    """A table as it was found: ``plan`` knows delimiter, decimal sign, encoding and the line of the head."""

    source: SourceFile
    plan: Plan
    head: list[str]
    sample: list[list[str]] = field(default_factory=list)  # the first rows below the head

    def rows(self) -> Iterator[tuple[int, list[str]]]:
        """Yield each row below the head with the number of its first line; empty rows are left out."""
        lines = _Lines(self.source, self.plan.encoding)
        reader = csv.reader(lines, delimiter=self.plan.delimiter)
        lines.skip(self.plan.head)
        number = self.plan.head + 1
        try:
            for row in reader:
                if any(row):
                    yield number, row
                number = lines.number + 1
        except csv.Error as error:
            raise InputError(
                f"{self.source.path}, line {number}: {_said(str(error))}.",
                "A quotation mark that is never closed takes in the rest of the file. " + _HINT,
            ) from error


def find_table(source: SourceFile, plan: Plan | None = None) -> Table:
    """Return the table of a file; raise ``InputError`` for what is none."""
    plan = checked(plan or Plan())
    encoding = plan.encoding or source.encoding()
    if not source.is_text():
        raise InputError(f"{source.path} is no text file.", _HINT)
    lines = list(islice(_Lines(source, encoding), _LOOKED_AT))
    try:
        delimiter = plan.delimiter or _delimiter(lines)
        # of a row over several lines the first line is enough for a look
        rows = [next(csv.reader([line], delimiter=delimiter), []) for line in lines]
    except csv.Error as error:
        raise InputError(f"{source.path} is no table: {_said(str(error))}.", _HINT) from error
    at = plan.head - 1 if plan.head else _head_at(rows)
    if at >= len(rows) or len(rows[at]) < 2:
        raise InputError(f"{source.path} is no table.", _HINT)
    below = [row for row in rows[at + 1 :] if any(row)][:_SHOWN]
    decimal = plan.decimal or _decimal(below, delimiter)
    found = replace(plan, encoding=encoding, delimiter=delimiter, decimal=decimal, head=at + 1)
    return Table(source, found, rows[at], below)


class _Lines:
    """The lines of a file as the csv module wants them; a line that is too long is refused."""

    def __init__(self, source: SourceFile, encoding: str) -> None:
        self._lines = source.lines(encoding, _LONGEST)
        self._path = source.path
        self.number = 0

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._lines)
        self.number = line.number
        if line.text is None:
            raise InputError(f"{self._path}, line {line.number} is longer than {_LONGEST} letters.", _HINT)
        return line.text + "\n"

    def skip(self, count: int) -> None:
        """Pass over lines."""
        for _ in range(count):
            next(self, None)


def _delimiter(lines: Sequence[str]) -> str:
    """Return the sign that splits most lines into as many columns as their neighbours, at least into two."""
    if lines and lines[0].casefold().startswith("sep=") and len(lines[0].strip()) == 5:
        return lines[0].strip()[4]

    def fit(sign: str) -> tuple[int, int]:
        widths = [len(next(csv.reader([line], delimiter=sign), [])) for line in lines if line.strip()]
        usual = max(set(widths), key=lambda w: (widths.count(w), w), default=0)
        return (widths.count(usual), usual) if usual > 1 else (0, 0)

    return max(DELIMITERS, key=fit)


def _head_at(rows: Sequence[Sequence[str]]) -> int:
    """Return the place of the titles: the first row as wide as the table."""
    widths = [sum(bool(cell.strip()) for cell in row) for row in rows[:_LOOKED_AT]]
    widest = max(widths, default=0)
    return next((i for i, width in enumerate(widths) if width >= max(2, 0.7 * widest)), 0)


def _decimal(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    cells = [cell.strip() for row in rows for cell in row]
    commas = sum(bool(_COMMA.match(cell)) for cell in cells)
    points = sum(bool(_POINT.match(cell)) for cell in cells)
    return "," if commas > points and (delimiter != "," or not points) else "."


def _said(words: str) -> str:
    return "a field is longer than 131072 letters" if "field larger" in words else words
