"""Reads and checks profile files (TOML).

A wrong file is refused when it is loaded, with every problem named: line, point, reason, allowed values. Units of a
maker's manual (kWh, kW) become base units here, once. The format is described in ``docs/profiles.md``.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from evtech.devices.encoding import DECODERS, WORDS
from evtech.devices.profile import (
    Access,
    Condition,
    DataType,
    ErrorRule,
    Point,
    Profile,
    Reads,
    Recognition,
    Serial,
    StateRule,
)
from evtech.errors import ProfileError
from evtech.links.link import Table
from evtech.measure.sample import SessionPhase
from evtech.measure.vocabulary import BASE_UNITS, TERMS

PILOTS = ("A", "B", "C", "D", "A1", "A2", "B1", "B2", "C1", "C2", "D1", "D2", "E", "F")
SEVERITIES = ("critical", "fault", "warning", "info")
PROTOCOLS = ("modbus-tcp", "modbus-rtu")
_UNITS = ("", "V", "A", "mA", "W", "VA", "var", "Wh", "VAh", "varh", "Hz", "s", "degC", "%", "ohm", "dBm", "deg")
_MAX_BYTES = 1_000_000
_POINT_KEYS = {
    "name", "table", "address", "count", "type", "scale", "offset", "unit", "access", "unit_id", "word_order",
    "values", "bits", "not_available", "decode", "minimum", "maximum", "resolution", "identity", "optional", "alone",
    "note",
}  # fmt: skip
_KEYS = {
    "vendor", "model", "kind", "confidence", "protocols", "unit_id", "port", "serial", "word_order", "reads", "doubts",
    "sources", "notes", "all_ones_missing", "state_point", "point", "state", "error", "recognise",
}  # fmt: skip
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a file; ``line`` is ``None`` where it cannot be told."""

    line: int | None
    point: str | None
    reason: str
    allowed: str | None = None

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        what = f"{self.point}: " if self.point else ""
        return f"{where}{what}{self.reason}" + (f" (allowed: {self.allowed})" if self.allowed else "")


def load_profile(path: Path, source: str = "file") -> Profile:
    """Return the profile in a file; raise ``ProfileError`` with every problem."""
    profile, problems = _read(path, source)
    if problems or profile is None:
        listed = "\n  ".join(str(problem) for problem in problems[:8])
        more = f"\n  and {len(problems) - 8} more" if len(problems) > 8 else ""
        raise ProfileError(
            f"{path.name} is not a usable profile:\n  {listed}{more}",
            f"Correct the file; `evtech profiles check {path.name}` lists everything.",
            file=str(path),
            problems=problems,
        )
    return profile


def check_file(path: Path) -> list[Problem]:
    """Return everything that is wrong in a file; nothing means that it can be used."""
    return _read(path, "file")[1]


def _read(path: Path, source: str) -> tuple[Profile | None, list[Problem]]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None, [Problem(None, None, "the file is larger than 1 MB")]
        data = path.read_bytes()
        text = data.decode("utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        return None, [Problem(None, None, f"the file cannot be read: {error.strerror}")]
    except UnicodeDecodeError:
        return None, [Problem(None, None, "the file is not UTF-8 text")]
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(r"line (\d+)", str(error))
        return None, [Problem(int(line[1]) if line else None, None, f"not TOML: {error}")]
    reader = _Reader(table, text, path.stem, source, hashlib.sha256(data).hexdigest())
    profile = reader.profile()
    return (None if reader.problems else profile), reader.problems


class _Reader:
    """Turns one parsed file into a profile and collects problems on the way."""

    def __init__(self, table: dict[str, Any], text: str, name: str, source: str, digest: str) -> None:
        self.problems: list[Problem] = []
        self._table, self._name, self._source, self._digest = table, name, source, digest
        self._lines = _point_lines(text)
        self._at: tuple[int | None, str | None] = (None, None)

    def profile(self) -> Profile | None:
        """Return the profile; incomplete where ``problems`` is not empty."""
        top = self._table
        self._unknown(top, _KEYS)
        kind = self._choice(top, "kind", ("charger", "meter"))
        self._order = self._choice(top, "word_order", ("big", "little"), "big")
        points = self._points(top.get("point", []))
        states = tuple(self._state(rule, points) for rule in self._tables(top, "state"))
        errors = tuple(self._error(rule, points) for rule in self._tables(top, "error"))
        state_point = self._get(top, "state_point", str, None)
        if state_point is not None and state_point not in points:
            self._bad(f"state_point names {state_point!r}, which is no point of this file")
        if self.problems:
            return None
        return (
            Profile(
                id=self._name,
                kind=kind,
                vendor=self._get(top, "vendor", str),
                model=self._get(top, "model", str),
                protocols=tuple(self._get(top, "protocols", list)),
                confidence=self._get(top, "confidence", str, "unknown"),
                source=self._source,
                unit_id=self._get(top, "unit_id", int, 1),
                port=self._get(top, "port", int, 502),
                serial=self._serial(top.get("serial", {})),
                reads=self._reads(top.get("reads", {})),
                points=points,
                states=states,
                state_point=state_point,
                errors=errors,
                recognition=self._recognition(top.get("recognise", {}), points),
                doubts=tuple(self._get(top, "doubts", list, [])),
                sources=tuple(self._get(top, "sources", list, [])),
                notes=tuple(self._get(top, "notes", list, [])),
                digest=self._digest,
            )
            if self._complete(top)
            else None
        )

    def _complete(self, top: Mapping[str, Any]) -> bool:
        for key in ("vendor", "model"):
            self._get(top, key, str)
        protocols = self._get(top, "protocols", list)
        for protocol in protocols or ():
            if protocol not in PROTOCOLS:
                self._bad(f"protocol {protocol!r} is not spoken", ", ".join(PROTOCOLS))
        if not self._table.get("point"):
            self._bad("the file has no point")
        return not self.problems

    def _points(self, rows: Any) -> dict[str, Point]:
        points: dict[str, Point] = {}
        if not isinstance(rows, list):
            self._bad("point must be written as [[point]]")
            return points
        for index, row in enumerate(rows):
            name = row.get("name") if isinstance(row, dict) else None
            self._at = (
                self._lines[index] if index < len(self._lines) else None,
                name if isinstance(name, str) else None,
            )
            if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                self._bad(f"a point needs a name in lower case with underscores, not {name!r}")
                continue
            if name in points:
                self._bad("the name stands twice")
            point = self._point(row)
            if point is not None:
                points[name] = point
        self._at = (None, None)
        return points

    def _point(self, row: dict[str, Any]) -> Point | None:
        before = len(self.problems)
        self._unknown(row, _POINT_KEYS)
        table = Table(self._choice(row, "table", tuple(Table), "holding"))
        kind = DataType(self._choice(row, "type", tuple(DataType)))
        address = self._number(row, "address", 0, 65535)
        count = self._number(row, "count", 1, 125, WORDS.get(kind, 1))
        if kind is not DataType.TEXT and count != WORDS[kind]:
            self._bad(f"{kind} takes {WORDS[kind]} registers, not {count}", str(WORDS[kind]))
        if (table in (Table.COIL, Table.DISCRETE)) != (kind is DataType.BOOL):
            self._bad(
                f"type {kind} does not go with table {table}", "bool with coil and discrete, others with registers"
            )
        access = Access(self._choice(row, "access", tuple(Access), "r"))
        if access is not Access.READ and table in (Table.INPUT, Table.DISCRETE):
            self._bad(f"table {table} cannot be written", 'access = "r"')
        unit, factor = self._unit(row)
        decode = self._get(row, "decode", str, None)
        if decode is not None and decode not in DECODERS:
            self._bad(f"decode {decode!r} is not known", ", ".join(DECODERS))
        scale = float(self._get(row, "scale", (int, float), 1))
        if scale == 0:
            self._bad("scale is 0")
        if len(self.problems) > before:
            return None
        return Point(
            name=row["name"],
            table=table,
            address=address,
            count=count,
            type=kind,
            scale=float(f"{scale * factor:.12g}"),
            offset=float(self._get(row, "offset", (int, float), 0)) * factor,
            unit=unit,
            access=access,
            unit_id=self._get(row, "unit_id", int, None),
            word_order=self._choice(row, "word_order", ("big", "little"), self._order),
            values=self._words(row, "values"),
            bits=self._words(row, "bits"),
            not_available=frozenset(self._get(row, "not_available", list, [])),
            decode=decode,
            minimum=self._get(row, "minimum", (int, float), None),
            maximum=self._get(row, "maximum", (int, float), None),
            resolution=self._resolution(row, kind, scale, factor),
            identity=self._get(row, "identity", bool, False),
            optional=self._get(row, "optional", bool, False),
            alone=self._get(row, "alone", bool, False),
            all_ones_missing=bool(self._table.get("all_ones_missing", False)),
            note=self._get(row, "note", str, ""),
        )

    def _resolution(self, row: Mapping[str, Any], kind: DataType, scale: float, factor: float) -> float | None:
        stated = self._get(row, "resolution", (int, float), None)
        if stated is not None:
            return float(stated) * factor
        whole = kind not in (DataType.FLOAT32, DataType.FLOAT64, DataType.TEXT)
        return abs(scale * factor) if whole else None

    def _unit(self, row: Mapping[str, Any]) -> tuple[str, float]:
        stated = self._get(row, "unit", str, "")
        unit, factor = BASE_UNITS.get(stated, (stated, 1.0))
        if unit not in _UNITS:
            self._bad(f"unit {stated!r} is not known", ", ".join(u for u in (*_UNITS, *BASE_UNITS) if u))
        term = TERMS.get(row["name"])
        if term is not None and term.unit in _UNITS and term.unit and unit != term.unit:
            self._bad(f"{row['name']} is in {term.unit}, not {stated or 'without unit'}", term.unit)
        return unit, factor

    def _state(self, rule: dict[str, Any], points: Mapping[str, Point]) -> StateRule:
        self._unknown(rule, {"when", "pilot", "text", "phase"})
        pilot = self._choice(rule, "pilot", PILOTS) if "pilot" in rule else None
        phase = self._choice(rule, "phase", tuple(SessionPhase)) if "phase" in rule else None
        when = self._get(rule, "when", dict, {}) or {}
        conditions = tuple(self._condition(name, test, points) for name, test in when.items())
        return StateRule(conditions, pilot, self._get(rule, "text", str), phase)

    def _condition(self, name: str, test: Any, points: Mapping[str, Point]) -> Condition:
        if name not in points:
            self._bad(f"a state rule asks for {name!r}, which is no point of this file")
        if isinstance(test, dict):
            self._unknown(test, {"set", "clear"})
            return Condition(name, None, self._get(test, "set", int, 0), self._get(test, "clear", int, 0))
        values = test if isinstance(test, list) else [test]
        if not all(isinstance(value, int | str) for value in values):
            self._bad(
                f"a state rule compares {name} with {test!r}", "a number, a text, a list of them, or set/clear bits"
            )
        return Condition(name, frozenset(values))

    def _error(self, rule: dict[str, Any], points: Mapping[str, Point]) -> ErrorRule:
        self._unknown(rule, {"point", "mode", "hex", "code", "ignore"})
        name = self._get(rule, "point", str)
        if name not in points:
            self._bad(f"an error rule asks for {name!r}, which is no point of this file")
        meanings: dict[int, tuple[str | None, str]] = {}
        for row in self._tables(rule, "code"):
            severity = self._choice(row, "severity", SEVERITIES, "fault")
            meanings[self._number(row, "value", 0, 2**32)] = (self._get(row, "meaning", str, None), severity)
        return ErrorRule(
            name,
            self._choice(rule, "mode", ("code", "enum", "bits")),
            meanings,
            frozenset(self._get(rule, "ignore", list, [0])),
            self._get(rule, "hex", bool, True),
        )

    def _serial(self, row: dict[str, Any]) -> Serial:
        self._unknown(row, {"baud", "parity", "stopbits"})
        parity = self._choice(row, "parity", ("N", "E", "O"), "N")
        return Serial(self._get(row, "baud", int, 9600), parity, self._get(row, "stopbits", int, 1))

    def _reads(self, row: dict[str, Any]) -> Reads:
        names = set(Reads.__dataclass_fields__)
        self._unknown(row, names)
        return Reads(**{key: value for key, value in row.items() if key in names})

    def _recognition(self, row: dict[str, Any], points: Mapping[str, Point]) -> Recognition:
        for name, test in row.items():
            if name not in points:
                self._bad(f"recognise asks for {name!r}, which is no point of this file")
            if not isinstance(test, str) or not (test.startswith("^") or ".." in test):
                self._bad(f"recognise {name} is {test!r}", "a pattern beginning with ^, or a range low..high")
        return Recognition(tuple(row.items()))

    # ---- single values ----

    def _bad(self, reason: str, allowed: str | None = None) -> None:
        self.problems.append(Problem(self._at[0], self._at[1], reason, allowed))

    def _unknown(self, row: Any, known: set[str]) -> None:
        for key in set(row) - known if isinstance(row, dict) else ():
            self._bad(f"{key!r} is not a key here", ", ".join(sorted(known)))

    def _tables(self, row: Mapping[str, Any], key: str) -> Sequence[dict[str, Any]]:
        value = row.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            self._bad(f"{key} must be a list of tables")
            return []
        return value

    def _get(self, row: Mapping[str, Any], key: str, kind: Any, default: Any = ...) -> Any:
        """Return a value of a kind; the kinds are only known at run time, hence ``Any``."""
        value = row.get(key, default)
        if value is ...:
            self._bad(f"{key} is missing")
            return None
        if value is not default and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            self._bad(f"{key} is {value!r}", getattr(kind, "__name__", "a number"))
            return None if default is ... else default
        return value

    def _choice(self, row: Mapping[str, Any], key: str, allowed: Sequence[str], default: str | None = None) -> str:
        value = row.get(key, default)
        if value not in allowed:
            self._bad(f"{key} is {value!r}" if value is not None else f"{key} is missing", ", ".join(allowed))
            return str(allowed[0])
        return str(value)

    def _number(self, row: Mapping[str, Any], key: str, low: int, high: int, default: int | None = None) -> int:
        value = row.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            self._bad(f"{key} is {value!r}" if value is not None else f"{key} is missing", f"{low} to {high}")
            return low
        return value

    def _words(self, row: Mapping[str, Any], key: str) -> dict[int, str]:
        words: dict[int, str] = {}
        for number, word in (self._get(row, key, dict, {}) or {}).items():
            if not re.fullmatch(r"-?\d+", number) or not isinstance(word, str):
                self._bad(f"{key} has {number!r} = {word!r}", "numbers with words")
                continue
            words[int(number)] = word
        return words


def _point_lines(text: str) -> list[int]:
    """Return the line of each ``[[point]]``, which the TOML parser does not tell."""
    return [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*point\s*\]\]", line)]
