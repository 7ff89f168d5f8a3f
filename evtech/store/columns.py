"""Columns of many rows: numbers as arrays in which NaN is unknown, texts as numbers of a few words.

A hundred thousand sessions repeat a few dozen words, and arrays of them are counted and compared at C's pace.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]
Objects = NDArray[np.object_]
At: TypeAlias = "Mask | Ints | slice"  # which rows: as a mask, by number, or from … to
BATCH = 2000  # rows of a query at once: more no longer fit into the processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class Texts:
    """A column of texts: each row's number among the words, -1 where it is unknown."""

    codes: Ints
    words: tuple[str, ...]

    @classmethod
    def of(cls, values: Iterable[str | None]) -> "Texts":
        """Return the column of these values."""
        column = Words()
        column.add(values)
        return column.made()

    @classmethod
    def same(cls, word: str, count: int) -> "Texts":
        """Return a column of one word."""
        return cls(np.zeros(count, np.int64), (word,))

    @classmethod
    def joined(cls, columns: Sequence["Texts"]) -> "Texts":
        """Return columns below each other as one."""
        if all(column.words is columns[0].words for column in columns):
            return cls(np.concatenate([column.codes for column in columns]), columns[0].words)
        book = _Book()
        return cls(np.concatenate([book.numbers(c.words, c.codes) for c in columns]), book.words)

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, at: At) -> "Texts":
        """Return some of the rows."""
        return Texts(self.codes[at], self.words)

    def value(self, row: int) -> str | None:
        """Return one row's text."""
        code = self.codes[row]
        return self.words[code] if code >= 0 else None

    def values(self) -> list[str | None]:
        """Return every row's text."""
        words = (*self.words, None)
        return [words[code] for code in self.codes.tolist()]

    def renamed(self, words: Sequence[str]) -> "Texts":
        """Return the column with other words in the place of its own; several may become the same."""
        book = _Book()
        return Texts(book.numbers(words, self.codes), book.words)

    def present(self) -> list[tuple[int, str]]:
        """Return the words that rows have, with their numbers."""
        counts = np.bincount(self.codes[self.codes >= 0], minlength=len(self.words))
        return [(code, word) for code, word in enumerate(self.words) if counts[code]]

    def among(self, wanted: Collection[str]) -> Mask:
        """Return which rows are one of these words."""
        return np.array([*(word in wanted for word in self.words), False])[self.codes]

    def known(self) -> Mask:
        """Return which rows have a text at all: neither unknown nor empty."""
        return np.array([*(bool(word) for word in self.words), False])[self.codes]

    def groups(self) -> tuple[Ints, list[tuple[str, slice]]]:
        """Return an order in which equal words stand together, and each word's rows in it, by first appearance."""
        counts = np.bincount(self.codes, minlength=len(self.words))
        ends, first = np.cumsum(counts), np.full(len(counts), len(self.codes))
        first[self.codes[::-1]] = np.arange(len(self.codes))[::-1]
        present = (code for code in np.argsort(first, kind="stable").tolist() if counts[code])
        rows = [(self.words[code], slice(int(ends[code] - counts[code]), int(ends[code]))) for code in present]
        small = self.codes.astype(np.int16) if len(self.words) < 2**15 else self.codes  # numpy sorts these by radix
        return np.argsort(small, kind="stable"), rows


class Table:
    """Columns of the same length: a frozen dataclass whose fields are arrays and texts, with what all of them do."""

    __slots__ = ()
    __match_args__: ClassVar[tuple[str, ...]]  # the fields' names: a dataclass writes them down

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """Return the rows of one or more tables below each other."""
        columns = [[getattr(part, name) for part in parts] for name in cls.__match_args__]
        return cls(*(Texts.joined(c) if isinstance(c[0], Texts) else np.concatenate(c) for c in columns))

    def take(self, at: At) -> Self:
        """Return some of the rows, by mask, by number or from … to."""
        if isinstance(at, np.ndarray) and at.dtype == bool:
            if at.all():
                return self
            at = np.flatnonzero(at)  # to look for them once costs less than in each column
        columns = (getattr(self, name) for name in self.__match_args__)
        return type(self)(*(c.take(at) if isinstance(c, Texts) else c[at] for c in columns))


class Column(Protocol):
    """Grows batch by batch."""

    def add(self, values: Sequence[Any]) -> None:
        """Add the values of a batch."""

    def made(self) -> Any:
        """Return what was added."""


class Numbers:
    """A column of numbers; ``None`` becomes NaN."""

    def __init__(self) -> None:
        self._parts: list[Floats] = [np.zeros(0)]

    def add(self, values: Sequence[Any]) -> None:
        """Add the values of a batch."""
        self._parts.append(floats(values))

    def made(self) -> Floats:
        """Return what was added."""
        return np.concatenate(self._parts)


class Words:
    """A column of texts, see ``Texts``."""

    def __init__(self) -> None:
        self._book = _Book()
        self._parts: list[Ints] = [np.zeros(0, np.int64)]

    def add(self, values: Iterable[str | None]) -> None:
        """Add the values of a batch."""
        self._parts.append(np.fromiter(map(self._book.__getitem__, values), np.int64))

    def made(self) -> Texts:
        """Return what was added."""
        return Texts(np.concatenate(self._parts), self._book.words)


class Values:
    """A column of whatever it is, such as identities that are all different."""

    def __init__(self) -> None:
        self._values: list[Any] = []

    def add(self, values: Sequence[Any]) -> None:
        """Add the values of a batch."""
        self._values += values

    def made(self) -> Objects:
        """Return what was added."""
        return np.array(self._values, dtype=object)


class _Book(dict[str | None, int]):
    """Numbers words in the order in which they come; the unknown is -1."""

    def __init__(self) -> None:
        super().__init__({None: -1})

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self) - 1
        return number

    def numbers(self, words: Sequence[str], codes: Ints) -> Ints:
        """Return codes of other words as numbers of this book."""
        return np.array([*map(self.__getitem__, words), -1])[codes]

    @property
    def words(self) -> tuple[str, ...]:
        """Return the words by number."""
        return tuple(word for word in self if word is not None)


def turned(batches: Iterable[Sequence[Sequence[Any]]]) -> Iterator[Sequence[Sequence[Any]]]:
    """Give batches of rows column by column."""
    return (list(zip(*batch, strict=True)) for batch in batches if batch)


def filled(columns: Sequence[Column], batches: Iterable[Sequence[Sequence[Any]]]) -> list[Any]:
    """Return columns filled with batches of their values."""
    for batch in batches:
        for column, values in zip(columns, batch, strict=True):
            column.add(values)
    return [column.made() for column in columns]


def floats(values: Sequence[Any]) -> Floats:
    """Return numbers as an array; ``None`` becomes NaN."""
    return np.array(values, dtype=np.float64)


def or_none(value: float) -> float | None:
    """Return a number of a column as a plain one; NaN is unknown."""
    return None if value != value else float(value)
