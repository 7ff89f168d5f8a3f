"""A JSON value that knows its place, so that a wrong one is reported as ``elements[2].price``.

JSON ``null`` counts as absent. Every reader method raises ``ValueError`` with the place, what is there and what is
allowed; nothing else escapes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from evtech.billing.json_files import number

YEARS = range(1990, 2200)  # of a session or a tariff; keeps date arithmetic away from the calendar's ends


@dataclass(frozen=True, slots=True)
class Node:
    """A value, its place in the file, and the list that takes remarks about the file."""

    value: Any  # any JSON value
    place: str
    notes: list[str]

    def find(self, name: str) -> "Node | None":
        """Return a field of an object, ``None`` where it is absent or null."""
        if not isinstance(self.value, dict):
            raise self.wrong("an object")
        found = self.value.get(name)
        return None if found is None else Node(found, f"{self.place}.{name}" if self.place else name, self.notes)

    def __getitem__(self, name: str) -> "Node":
        found = self.find(name)
        if found is None:
            raise ValueError(f"{self.place + '.' if self.place else ''}{name} is missing")
        return found

    def items(self) -> Iterator["Node"]:
        """Return the members of a list."""
        if not isinstance(self.value, list):
            raise self.wrong("a list")
        return (Node(value, f"{self.place}[{i}]", self.notes) for i, value in enumerate(self.value))

    def number(self) -> Decimal:
        """Return a number; one written as text is taken, with a remark."""
        if isinstance(self.value, Decimal):
            return self.value
        if isinstance(self.value, str):
            try:
                value = number(self.value.strip())
            except ValueError as error:
                raise ValueError(f"{self.place}: {error}") from error
            self.note(f"{self.place} is a number written as text.")
            return value
        raise self.wrong("a number")

    def whole(self) -> int:
        """Return a whole number that is not negative."""
        value = self.number()
        if value < 0 or value != value.to_integral_value():
            raise self.wrong("a whole number from 0")
        return int(value)

    def text(self) -> str:
        """Return a text."""
        if not isinstance(self.value, str):
            raise self.wrong("a text")
        try:
            self.value.encode()  # half a surrogate pair can be written in JSON, but shown nowhere
        except UnicodeEncodeError as error:
            raise self.wrong("readable text") from error
        return self.value

    def one_of(self, allowed: tuple[str, ...]) -> str:
        """Return a text that must be one of some words."""
        value = self.text()
        if value not in allowed:
            raise self.wrong(f"one of {', '.join(allowed)}")
        return value

    def flag(self) -> bool:
        """Return true or false."""
        if not isinstance(self.value, bool):
            raise self.wrong("true or false")
        return self.value

    def moment(self) -> datetime:
        """Return a time in UTC; one without a zone is UTC, as OCPI says."""
        text = self.text()
        try:
            value = datetime.fromisoformat(text)
            if len(text) < 16 or value.year not in YEARS:  # a date alone is no time
                raise self.wrong("a time such as 2026-03-01T12:00:00Z")
            return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        except ValueError as error:
            raise self.wrong("a time such as 2026-03-01T12:00:00Z") from error

    def day(self) -> date:
        """Return a date."""
        try:
            value = date.fromisoformat(self.text())
        except ValueError as error:
            raise self.wrong("a date such as 2026-03-01") from error
        if value.year not in YEARS:
            raise self.wrong("a date such as 2026-03-01")
        return value

    def note(self, text: str) -> None:
        """Remember a remark about the file; the hundredth is the last."""
        if len(self.notes) < 100 and text not in self.notes:
            self.notes.append(text)

    def wrong(self, wanted: str) -> ValueError:
        """Return the error that names the place, what stands there and what is allowed."""
        shown = str(self.value) if not isinstance(self.value, (dict, list)) else type(self.value).__name__
        return ValueError(f"{self.place or 'the file'} is {shown[:60]!r}; it must be {wanted}")
