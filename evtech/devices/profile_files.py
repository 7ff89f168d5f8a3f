"""Reads and checks profile files (TOML).

A wrong file is refused when it is loaded, with every problem named: line, point, reason, allowed values. Units of a
maker's manual (kWh, kW) become base units here, once. The format is described in ``docs/profiles.md``.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from evtech.devices.checked_values import CheckedValues, Problem
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
    "sources", "notes", "all_ones_missing", "state_point", "point", "state", "error", "recognise", "rated_kw",
}  # fmt: skip
T = TypeVar("T")


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


class _Reader(CheckedValues):
    """Turns one parsed file into a profile and collects problems on the way."""

    def __init__(self, table: dict[str, Any], text: str, name: str, source: str, digest: str) -> None:
        super().__init__()
        self._table, self._name, self._source, self._digest = table, name, source, digest
        self._lines = _point_lines(text)

    def profile(self) -> Profile | None:
        """Return the profile; incomplete where ``problems`` is not empty."""
        top = self._table
        self.unknown(top, _KEYS)
        kind = self.choice(top, "kind", ("charger", "meter"))
        self._order = self.choice(top, "word_order", ("big", "little"), "big")
        points = self._points(top.get("point", []))
        states = tuple(self._state(rule, points) for rule in self.tables(top, "state"))
        errors = tuple(self._error(rule, points) for rule in self.tables(top, "error"))
        state_point = self.get(top, "state_point", str, None)
        if state_point is not None and state_point not in points:
            self.bad(f"state_point names {state_point!r}, which is no point of this file")
        profile = Profile(
            id=self._name,
            kind=kind,
            vendor=self.text(top, "vendor"),
            model=self.text(top, "model"),
            protocols=self._protocols(top),
            confidence=self.get(top, "confidence", str, "unknown"),
            source=self._source,
            unit_id=self.number(top, "unit_id", 0, 255, 1),
            port=self.number(top, "port", 1, 65535, 502),
            serial=self._serial(top),
            reads=self._reads(top),
            points=points,
            states=states,
            state_point=state_point,
            errors=errors,
            recognition=self._recognition(top, points),
            doubts=tuple(self.get(top, "doubts", list, [])),
            sources=tuple(self.get(top, "sources", list, [])),
            notes=tuple(self.get(top, "notes", list, [])),
            rated_kw=self.real(top, "rated_kw", 0.1, 10_000),
            digest=self._digest,
        )
        return None if self.problems else profile

    def _protocols(self, top: Mapping[str, Any]) -> tuple[str, ...]:
        protocols = self.get(top, "protocols", list) or []
        if protocols == [] and "protocols" in top:
            self.bad("protocols is empty", ", ".join(PROTOCOLS))
        for protocol in protocols:
            if protocol not in PROTOCOLS:
                self.bad(f"protocol {protocol!r} is not spoken", ", ".join(PROTOCOLS))
        return tuple(protocols)

    def _points(self, rows: Any) -> dict[str, Point]:
        points: dict[str, Point] = {}
        if not isinstance(rows, list):
            self.bad("point must be written as [[point]]")
            return points
        for index, row in enumerate(rows):
            name = row.get("name") if isinstance(row, dict) else None
            self.at = (
                self._lines[index] if index < len(self._lines) else None,
                name if isinstance(name, str) else None,
            )
            if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
                self.bad(f"a point needs a name in lower case with underscores, not {name!r}")
                continue
            if name in points:
                self.bad("the name stands twice")
            point = self._point(row)
            if point is not None:
                points[name] = point
        self.at = (None, None)
        if not rows:
            self.bad("the file has no point")
        return points

    def _point(self, row: dict[str, Any]) -> Point | None:
        before = len(self.problems)
        self.unknown(row, _POINT_KEYS)
        table = Table(self.choice(row, "table", tuple(Table), "holding"))
        kind = DataType(self.choice(row, "type", tuple(DataType)))
        address = self.number(row, "address", 0, 65535)
        count = self.number(row, "count", 1, 125, WORDS.get(kind, 1))
        if kind is not DataType.TEXT and count != WORDS[kind]:
            self.bad(f"{kind} takes {WORDS[kind]} registers, not {count}", str(WORDS[kind]))
        if (table in (Table.COIL, Table.DISCRETE)) != (kind is DataType.BOOL):
            self.bad(
                f"type {kind} does not go with table {table}", "bool with coil and discrete, others with registers"
            )
        access = Access(self.choice(row, "access", tuple(Access), "r"))
        if access is not Access.READ and table in (Table.INPUT, Table.DISCRETE):
            self.bad(f"table {table} cannot be written", 'access = "r"')
        unit, factor = self._unit(row)
        decode = self.get(row, "decode", str, None)
        if decode is not None and decode not in DECODERS:
            self.bad(f"decode {decode!r} is not known", ", ".join(DECODERS))
        scale = float(self.real(row, "scale", -1e12, 1e12, 1) or 0)
        if scale == 0:
            self.bad("scale is 0")
        if address + count > 65536:
            self.bad(f"the point ends at address {address + count - 1}", "0 to 65535")
        if kind is DataType.TEXT and "count" not in row:
            self.bad("count is missing: how many registers the text takes", "1 to 125")
        bits = self.words(row, "bits")
        if any(not 0 <= bit < 16 * count for bit in bits):
            self.bad(f"bits names {', '.join(str(bit) for bit in bits)}", f"0 to {16 * count - 1}")
        low, high = self.real(row, "minimum", -1e18, 1e18), self.real(row, "maximum", -1e18, 1e18)
        if low is not None and high is not None and low > high:
            self.bad(f"minimum {low:g} is above maximum {high:g}")
        values = self.words(row, "values")
        for number in values:
            if not _fits(kind, number):
                self.bad(f"values names {number}, which a {kind} cannot hold")
        unit_id = self.number(row, "unit_id", 0, 255) if "unit_id" in row else None
        resolution = self._resolution(row, kind, scale, factor)
        offset = float(self.real(row, "offset", -1e12, 1e12, 0) or 0) * factor
        absent = self.whole_numbers(row, "not_available")
        if len(self.problems) > before:
            return None
        return Point(
            name=row["name"],
            table=table,
            address=address,
            count=count,
            type=kind,
            scale=float(f"{scale * factor:.12g}"),
            offset=offset,
            unit=unit,
            access=access,
            unit_id=unit_id,
            word_order=self.choice(row, "word_order", ("big", "little"), self._order),
            values=values,
            bits=bits,
            not_available=absent,
            decode=decode,
            minimum=low,
            maximum=high,
            resolution=resolution,
            identity=self.get(row, "identity", bool, False),
            optional=self.get(row, "optional", bool, False),
            alone=self.get(row, "alone", bool, False),
            all_ones_missing=bool(self._table.get("all_ones_missing", False)),
            note=self.get(row, "note", str, ""),
        )

    def _resolution(self, row: Mapping[str, Any], kind: DataType, scale: float, factor: float) -> float | None:
        stated = self.real(row, "resolution", 0, 1e12)
        if stated is not None:
            return stated * factor
        whole = kind not in (DataType.FLOAT32, DataType.FLOAT64, DataType.TEXT)
        return abs(scale * factor) if whole else None

    def _unit(self, row: Mapping[str, Any]) -> tuple[str, float]:
        stated = self.get(row, "unit", str, "")
        unit, factor = BASE_UNITS.get(stated, (stated, 1.0))
        if unit not in _UNITS:
            self.bad(f"unit {stated!r} is not known", ", ".join(u for u in (*_UNITS, *BASE_UNITS) if u))
        term = TERMS.get(row["name"])
        if term is not None and term.unit in _UNITS and term.unit and unit != term.unit:
            self.bad(f"{row['name']} is in {term.unit}, not {stated or 'without unit'}", term.unit)
        return unit, factor

    def _state(self, rule: dict[str, Any], points: Mapping[str, Point]) -> StateRule:
        self.unknown(rule, {"when", "pilot", "text", "phase"})
        pilot = self.choice(rule, "pilot", PILOTS) if "pilot" in rule else None
        phase = self.choice(rule, "phase", tuple(SessionPhase)) if "phase" in rule else None
        when = self.get(rule, "when", dict, {}) or {}
        conditions = tuple(self._condition(name, test, points) for name, test in when.items())
        return StateRule(conditions, pilot, self.get(rule, "text", str), phase)

    def _condition(self, name: str, test: Any, points: Mapping[str, Point]) -> Condition:
        if name not in points:
            self.bad(f"a state rule asks for {name!r}, which is no point of this file")
        if isinstance(test, dict):
            self.unknown(test, {"set", "clear"})
            return Condition(name, None, self.get(test, "set", int, 0), self.get(test, "clear", int, 0))
        values = test if isinstance(test, list) else [test]
        if not all(isinstance(value, int | str) for value in values):
            self.bad(
                f"a state rule compares {name} with {test!r}", "a number, a text, a list of them, or set/clear bits"
            )
        return Condition(name, frozenset(values))

    def _error(self, rule: dict[str, Any], points: Mapping[str, Point]) -> ErrorRule:
        self.unknown(rule, {"point", "mode", "hex", "code", "ignore"})
        name = self.get(rule, "point", str)
        if name not in points:
            self.bad(f"an error rule asks for {name!r}, which is no point of this file")
        meanings: dict[int, tuple[str | None, str]] = {}
        for row in self.tables(rule, "code"):
            severity = self.choice(row, "severity", SEVERITIES, "fault")
            meanings[self.number(row, "value", 0, 2**32)] = (self.get(row, "meaning", str, None), severity)
        return ErrorRule(
            name,
            self.choice(rule, "mode", ("code", "enum", "bits")),
            meanings,
            self.whole_numbers(rule, "ignore", [0]),
            self.get(rule, "hex", bool, True),
        )

    def _serial(self, top: Mapping[str, Any]) -> Serial:
        row = self.section(top, "serial", {"baud", "parity", "stopbits"})
        return Serial(
            self.number(row, "baud", 50, 4_000_000, 9600),
            self.choice(row, "parity", ("N", "E", "O"), "N"),
            self.number(row, "stopbits", 1, 2, 1),
        )

    def _reads(self, top: Mapping[str, Any]) -> Reads:
        row = self.section(top, "reads", set(Reads.__dataclass_fields__))
        usual = Reads()
        return Reads(
            max_registers=self.number(row, "max_registers", 1, 125, usual.max_registers),
            blocks=self.get(row, "blocks", bool, usual.blocks),
            even_only=self.get(row, "even_only", bool, usual.even_only),
            min_gap_s=self.real(row, "min_gap_s", 0, 60, usual.min_gap_s) or 0.0,
            min_poll_s=self.real(row, "min_poll_s", 0, 3600, usual.min_poll_s) or 0.0,
            multiple_write=self.get(row, "multiple_write", bool, usual.multiple_write),
            lenient_unit=self.get(row, "lenient_unit", bool, usual.lenient_unit),
        )

    def _recognition(self, top: Mapping[str, Any], points: Mapping[str, Point]) -> Recognition:
        row = self.section(top, "recognise")
        for name, test in row.items():
            if name not in points:
                self.bad(f"recognise asks for {name!r}, which is no point of this file")
            if not isinstance(test, str) or not _is_test(test):
                self.bad(f"recognise {name} is {test!r}", "a pattern beginning with ^, or a range low..high")
        return Recognition(tuple(row.items()))


def _fits(kind: DataType, number: int) -> bool:
    """Tell whether a raw number can stand in a point of a type."""
    if kind in (DataType.FLOAT32, DataType.FLOAT64, DataType.TEXT):
        return True
    bits = 1 if kind is DataType.BOOL else 16 * WORDS[kind]
    signed = kind in (DataType.INT16, DataType.INT32, DataType.INT64)
    low, high = (-(1 << bits - 1), 1 << bits - 1) if signed else (0, 1 << bits)
    return low <= number < high


def _is_test(text: str) -> bool:
    """Tell whether a recognition test is a valid pattern or a range whose ends are in order."""
    try:
        if text.startswith("^"):
            re.compile(text)
            return True
        low, high = text.split("..")
        return float(low) <= float(high)
    except (re.error, ValueError):
        return False


def _point_lines(text: str) -> list[int]:
    """Return the line of each ``[[point]]``, which the TOML parser does not tell."""
    return [number for number, line in enumerate(text.splitlines(), 1) if re.match(r"\s*\[\[\s*point\s*\]\]", line)]
