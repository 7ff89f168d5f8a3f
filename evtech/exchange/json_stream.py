"""Reads a JSON document piece by piece: elements of long arrays one after another, never the whole.

Refused, with the line: what is no JSON, a key that stands twice in one object (programs disagree which counts), NaN and
Infinity, numbers of absurd length, nesting beyond the parser's depth, a single value larger than ``LARGEST``. Half a
surrogate pair, left where a program cut a text to its length, becomes the replacement character.
"""

import codecs
import json
from collections.abc import Iterator
from typing import Any

from evtech.errors import InputError
from evtech.exchange.source_file import SourceFile

LARGEST = 4 << 20  # characters of one value; decoding one holds up every other thread
LARGEST_TEXT = 96 << 20  # of one that is a text: a photograph in base64
_FAR = 2 << 20  # an error so far before the end of what was read is none of a piece cut off
_LONGEST_NUMBER = 60
_SPACE = " \t\r\n"


class JsonStream:
    """A cursor in a JSON document. ``elements`` and ``keys`` go in, ``value`` takes a whole value."""

    def __init__(self, source: SourceFile) -> None:
        self._name = source.path.name
        wide = source.encoding() == "utf-16"
        self._decode = codecs.getincrementaldecoder("utf-16" if wide else "utf-8-sig")("strict")
        self._pieces = source.pieces()
        self._text, self._at, self._line, self._done = "", 0, 1, False

    @property
    def line(self) -> int:
        """Return the line of the cursor, counted from 1."""
        return self._line + self._text.count("\n", 0, self._at)

    def peek(self) -> str:
        """Return the next character that is no space; empty at the end."""
        while True:
            while self._at < len(self._text):
                if self._text[self._at] not in _SPACE:
                    return self._text[self._at]
                self._at += 1
            if not self._more():
                return ""

    def elements(self) -> Iterator[int]:
        """Yield the number of each element of an array, from 1; the caller takes it before the next."""
        self._take("[")
        number = 0
        while self.peek() != "]":
            if number:
                self._take(",")
            number += 1
            yield number
        self._take("]")

    def keys(self) -> Iterator[str]:
        """Yield the keys of an object; the caller takes each value before the next."""
        self._take("{")
        seen: set[str] = set()
        while self.peek() != "}":
            if seen:
                self._take(",")
            key = self.value()
            if not isinstance(key, str):
                raise self.wrong("a key is no text")
            if key in seen:
                raise self.wrong(f"the key {key[:40]!r} stands twice")
            seen.add(key)
            self._take(":")
            yield key
        self._take("}")

    def value(self) -> Any:
        """Take the next value whole."""
        most = LARGEST_TEXT if self.peek() == '"' else LARGEST
        while True:
            try:
                found, end = DECODER.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                is_far = error.pos + _FAR < len(self._text) and not error.msg.startswith("Unterminated")
                if is_far or len(self._text) - self._at > most or not self._double():
                    raise self.wrong(error.msg) from error
                continue
            except RecursionError as error:
                raise self.wrong("it is nested too deeply") from error
            except ValueError as error:
                raise self.wrong(str(error)) from error
            if not self._may_go_on(found, end) or not self._more():
                self._at = end
                return found

    def _may_go_on(self, found: Any, end: int) -> bool:
        """Return whether a value at the end of a piece may only be the beginning of one: 1 of 1.5, 1 of 1e9."""
        left = len(self._text) - end
        is_number = isinstance(found, int | float) and not isinstance(found, bool)
        return left == 0 or (is_number and left < _LONGEST_NUMBER and self._text[end] in "0123456789.eE+-")

    def end(self) -> None:
        """Demand that nothing follows."""
        if self.peek():
            raise self.wrong("something follows after the end")

    def wrong(self, what: str) -> InputError:
        """Return the error for the place of the cursor."""
        return InputError(f"{self._name}, line {self.line}: {what}.", "Export it again; nothing was imported.")

    def _take(self, sign: str) -> None:
        if self.peek() != sign:
            found = self.peek()
            raise self.wrong(f"{found!r} where {sign!r} must stand" if found else "the file ends in the middle")
        self._at += 1

    def _double(self) -> bool:
        """Read on until twice as much lies ready: a long text is not looked through again for each piece."""
        wanted = 2 * (len(self._text) - self._at)
        has_more = self._more()
        while has_more and len(self._text) - self._at < wanted and self._more():
            pass
        return has_more

    def _more(self) -> bool:
        """Read on; return whether there was more."""
        if self._done:
            return False
        try:
            piece = next(self._pieces, None)
            self._done = piece is None
            text = self._decode.decode(piece or b"", self._done)
        except UnicodeDecodeError as error:
            raise self.wrong("a letter is no UTF-8") from error
        self._line += self._text.count("\n", 0, self._at)
        self._text = self._text[self._at :] + text
        self._at = 0
        return bool(text) or not self._done


def loads(text: str) -> Any:
    """Return the value of a JSON text by the same rules; raise ``ValueError`` saying what is wrong with it."""
    try:
        return DECODER.decode(text)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise ValueError(f"the key {next(n for n in names if names.count(n) > 1)[:40]!r} stands twice in one object")
    return found


def _integer(text: str) -> int:
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(f"the number {text[:12]}… has {len(text)} digits")
    return int(text)


def _refuse(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _whole(value: Any) -> Any:
    """Return a value whose texts can be written: no half of a surrogate pair stands alone."""
    if isinstance(value, str):
        return value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    if isinstance(value, list):
        return [_whole(each) for each in value]
    return {_whole(k): _whole(v) for k, v in value.items()} if isinstance(value, dict) else value


class _Decoder(json.JSONDecoder):
    def raw_decode(self, s: str, idx: int = 0) -> tuple[Any, int]:
        """Return the value at a place and its end."""
        found, end = super().raw_decode(s, idx)
        has_half = s.find("\\ud", idx, end) >= 0 or s.find("\\uD", idx, end) >= 0
        return (_whole(found) if has_half else found), end


DECODER = _Decoder(object_pairs_hook=_object, parse_int=_integer, parse_constant=_refuse)
