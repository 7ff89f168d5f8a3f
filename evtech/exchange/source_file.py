"""A file of any length, read in small pieces: bytes, lines with their numbers, its fingerprint.

A line longer than ``LONGEST`` is passed over piece by piece, so that a file without line breaks costs no memory. Text
is UTF-8, by its mark UTF-16, else line by line what it can be: UTF-8, and Windows-1252 where it is not.
"""

import codecs
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from evtech.errors import InputError
from evtech.exchange.progress import LOOKING, READING, Progress

LONGEST = 4 << 20  # bytes of a line; the longest useful one is a transaction with all its meter values
_PIECE = 1 << 20
_EVERY = 256  # lines between two looks at the progress
_NO_TEXT = b"\0"


@dataclass(frozen=True, slots=True)
class Line:
    """One line without its end, numbered from 1; ``text`` is ``None`` where it is too long to be read."""

    number: int
    text: str | None


class SourceFile:
    """Reads one file and tells how far it is. ``foreign`` counts lines that were no UTF-8."""

    def __init__(self, path: Path, progress: Progress | None = None) -> None:
        self.path = path
        self.progress = progress or Progress()
        self.foreign = 0
        self._sha256 = ""
        try:
            self.size = path.stat().st_size
            with path.open("rb"):
                pass
        except OSError as error:
            raise cannot_read(path, error) from error
        if not path.is_file():
            raise InputError(f"{path} is no file.", "Check the path.")

    def head(self, size: int = 1 << 16) -> bytes:
        """Return the first bytes."""
        with self._open() as file:
            return file.read(size)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the content; it is read once for that."""
        if self._sha256:
            return self._sha256
        digest = hashlib.sha256()
        done = 0
        for piece in self.pieces(LOOKING):
            digest.update(piece)
            done += len(piece)
        self._sha256 = digest.hexdigest()
        return self._sha256

    def pieces(self, what: str = READING) -> Iterator[bytes]:
        """Yield the bytes, some at a time."""
        done = 0
        with self._open() as file:
            while piece := self._read(file, _PIECE):
                done += len(piece)
                self.progress.step(what, done, self.size)
                yield piece

    def is_text(self) -> bool:
        """Return whether the beginning is text; a run of zeros, as a power cut leaves it in a log, is borne."""
        head = self.head()
        return head.count(_NO_TEXT) <= len(head) // 4 or self.encoding() == "utf-16"

    def encoding(self) -> str:
        """Return what the text is written in, judged by its beginning: utf-8, utf-16 or cp1252."""
        head = self.head(_PIECE)
        if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            return "utf-16"
        try:
            codecs.getincrementaldecoder("utf-8")().decode(head)
        except UnicodeDecodeError:
            return "cp1252"
        return "utf-8"

    def lines(self, encoding: str = "utf-8", longest: int = LONGEST) -> Iterator[Line]:
        """Yield the lines, also empty ones."""
        self.foreign = 0
        if encoding == "utf-16":
            yield from self._wide_lines(longest)
            return
        done = 0
        with self._open() as file:
            for number, raw in enumerate(self._raw_lines(file, longest), 1):
                done += len(raw)
                if number % _EVERY == 0:
                    self.progress.step(READING, done, self.size)
                if len(raw) > longest:
                    done += self._pass_over(file)
                    yield Line(number, None)
                    continue
                text = self._text(raw, encoding)
                yield Line(number, text[1:] if number == 1 and text.startswith("\ufeff") else text)

    def _raw_lines(self, file: BinaryIO, longest: int) -> Iterator[bytes]:
        try:
            while raw := file.readline(longest + 1):
                yield raw
        except OSError as error:
            raise cannot_read(self.path, error) from error

    def _pass_over(self, file: BinaryIO) -> int:
        """Read on to the end of a line that is too long; return its bytes."""
        passed = 0
        while piece := self._read_line(file):
            passed += len(piece)
            self.progress.step(READING, min(passed, self.size), self.size)
            if piece.endswith(b"\n"):
                break
        return passed

    def _wide_lines(self, longest: int) -> Iterator[Line]:
        try:
            with self.path.open(encoding="utf-16", newline=None, errors="replace") as file:
                number = 0
                while text := file.readline(longest + 1):
                    number += 1
                    if number % _EVERY == 0:
                        self.progress.step(READING, 0, self.size)
                    if len(text) > longest:
                        while not text.endswith("\n") and (text := file.readline(_PIECE)):
                            self.progress.step(READING, 0, self.size)
                        yield Line(number, None)
                        continue
                    yield Line(number, text.rstrip("\n"))
        except (OSError, UnicodeError) as error:
            raise InputError(f"{self.path} cannot be read as UTF-16: {error}.", "Save it as UTF-8.") from error

    def _text(self, raw: bytes, encoding: str) -> str:
        raw = raw.rstrip(b"\r\n")
        if encoding != "utf-8":
            return raw.decode(encoding, "replace")
        try:
            return raw.decode()
        except UnicodeDecodeError:
            self.foreign += 1
            return raw.decode("cp1252", "replace")

    def _open(self) -> BinaryIO:
        try:
            return self.path.open("rb")
        except OSError as error:
            raise cannot_read(self.path, error) from error

    def _read(self, file: BinaryIO, size: int) -> bytes:
        try:
            return file.read(size)
        except OSError as error:
            raise cannot_read(self.path, error) from error

    def _read_line(self, file: BinaryIO) -> bytes:
        try:
            return file.readline(_PIECE)
        except OSError as error:
            raise cannot_read(self.path, error) from error


def cannot_read(path: Path, error: OSError) -> InputError:
    """Return what a failed read means."""
    return InputError(f"{path} cannot be read: {error.strerror}.", "Check the path.")
