"""Limit profiles: how far a charger's meter may be off, by current, power factor, load and temperature.

A profile is data (`resources/limits/*.toml`, and the user's own folder `limits` beside the profiles). A file is a
family such as ``eu_mid`` with its classes; the profile's id is then ``eu_mid_class_b``. A row's bounds are multiples of
a rated current of the meter; the lower bound belongs to the row, the upper one to the next row, except in the last row.
Where the run does not say what a row needs (rated currents, temperature), the strictest row that may apply is taken.
"""

import functools
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Literal

from evtech import paths
from evtech.calibration.run_record import CalibrationRun, LoadPoint, OwnLimit, RatedCurrents
from evtech.calibration.strict import EDGE, read
from evtech.errors import InputError

Base = Literal["i_min", "i_tr", "i_b", "i_n", "i_max"]


@dataclass(frozen=True, slots=True)
class Bound:
    """A current as a multiple of a rated current."""

    factor: float
    base: Base

    def amperes(self, rated: RatedCurrents) -> float | None:
        """Return the bound in A, or ``None`` where the rated current is unknown."""
        value: float | None = getattr(rated, f"{self.base}_a")
        return None if value is None else self.factor * value


@dataclass(frozen=True, slots=True)
class LimitRow:
    """One limit (percent, symmetric) and where it applies; ``None`` and empty mean everywhere."""

    limits: tuple[float | Literal["-"], ...]
    low: Bound | None = None
    high: Bound | None = None
    last: bool = False
    power_factor: tuple[float, ...] = (0.5, 1.0)
    load: Literal["balanced", "single_phase", "any"] = "balanced"
    temperature: tuple[float, ...] = ()
    stage: Literal["acceptance", "maintenance"] | None = None
    verified: bool = True  # with the profile; false where the profile's check did not reach this row
    text: str = ""


@dataclass(frozen=True, slots=True)
class Informative:
    """A span of dates (both inclusive) in which the limits are not in force, and why."""

    reason: str
    start: date | None = None
    end: date | None = None


@dataclass(frozen=True, slots=True)
class Repeatability:
    """How far repeated tests at one load may spread: a share of the limit of one stage, over at least ``runs``."""

    spread_share: float
    limit_pct: float
    runs: int


@dataclass(frozen=True, slots=True)
class LimitProfile:
    """A published set of limits, with what is known about its standing."""

    id: str
    title: str
    edition: str
    jurisdiction: str
    confidence: Literal["high", "medium", "low"]
    rows: tuple[LimitRow, ...]
    verified: bool = False
    verified_by: str | None = None
    current_type: Literal["AC", "DC", "any"] = "any"
    valid_from: date | None = None
    valid_to: date | None = None
    informative: tuple[Informative, ...] = ()
    repeatability: Repeatability | None = None
    mmq_kwh: float | None = None
    default_stage: Literal["acceptance", "maintenance"] | None = None
    sources: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    def in_force(self, on: date) -> str | None:
        """Return ``None`` where the limits apply on a day, else why they do not."""
        for span in self.informative:
            if (span.start or date.min) <= on <= (span.end or date.max):
                return span.reason
        if not self.rows:
            return "no limits are known for this profile"
        if not (self.valid_from or date.min) <= on <= (self.valid_to or date.max):
            return f"valid from {self.valid_from or 'the beginning'} to {self.valid_to or 'further notice'}"
        return None


@dataclass(frozen=True, slots=True)
class Limit:
    """The limit of one load point and the row it came from; ``assumed`` names what the run did not say."""

    limit_pct: float
    text: str
    verified: bool
    assumed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Family:
    """A limit file: one profile, or one a class."""

    family: str
    title: str
    edition: str
    jurisdiction: str
    confidence: Literal["high", "medium", "low"]
    classes: tuple[str, ...] = ()
    row: tuple[LimitRow, ...] = ()
    verified: bool = False
    verified_by: str | None = None
    current_type: Literal["AC", "DC", "any"] = "any"
    valid_from: date | None = None
    valid_to: date | None = None
    informative: tuple[Informative, ...] = ()
    repeatability: Repeatability | None = None
    mmq_kwh: float | None = None
    default_stage: Literal["acceptance", "maintenance"] | None = None
    sources: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    alias: str | None = None


def limit_profiles() -> Mapping[str, LimitProfile]:
    """Return every shipped and every user limit profile by its id; a user's one replaces a shipped one."""
    return _load(paths.resources() / "limits") | _load(paths.user_limits())


def find_profile(profile_id: str) -> LimitProfile:
    """Return a limit profile; raise ``InputError`` that lists the known ones."""
    known = limit_profiles()
    if profile_id not in known:
        raise InputError(f"There is no limit profile {profile_id[:60]!r}.", f"Known: {', '.join(sorted(known))}.")
    return known[profile_id]


def profile_of(run: CalibrationRun) -> LimitProfile | None:
    """Return the limit profile of a run, or ``None`` where it states its own limit."""
    return None if isinstance(run.limit_profile, OwnLimit) else find_profile(run.limit_profile)


def day_of(run: CalibrationRun) -> date:
    """Return the day whose limits count: the run's end, else its start, else today (UTC)."""
    return (run.ended or run.started or datetime.now(UTC)).date()


def limit_for(run: CalibrationRun, point: LoadPoint) -> Limit | None:
    """Return the limit of a load point; ``None`` where no row of the profile covers it.

    A point's own ``limit_pct`` comes first, then the run's, then the profile's strictest row that may apply.
    """
    if point.limit_pct is not None:
        return Limit(point.limit_pct, "stated for this load point", True)
    profile = profile_of(run)
    if profile is None:
        assert isinstance(run.limit_profile, OwnLimit)
        return Limit(run.limit_profile.limit_pct, "stated in the run", True)
    return _strictest(profile, run, point)


def _strictest(profile: LimitProfile, run: CalibrationRun, point: LoadPoint) -> Limit | None:
    rated = run.device.rated_currents or RatedCurrents()
    stage = run.stage or profile.default_stage
    temperatures = [t for t in (run.environment.temperature_c, run.environment.temperature_end_c) if t is not None]
    rows = [row for row in profile.rows if row.stage in (None, stage) and row.load in ("any", point.load)]
    rows = [row for row in rows if _carries(row, point.power_factor)]
    rows = [row for row in rows if _covers(row, point.current_a, rated)]
    banded = any(row.temperature for row in rows)
    if temperatures:  # two bands when it became warmer: the strictest row of both counts
        rows = [row for row in rows if any(_within(row.temperature, t) for t in temperatures)]
    if not rows:
        return None
    best = min(rows, key=lambda row: float(row.limits[0]))
    assumed = []
    if best.low is not None and best.low.amperes(rated) is None:
        assumed.append("rated_currents")
    if banded and not temperatures:
        assumed.append("temperature")
    if point.power_factor is None:
        assumed.append("power_factor")
    if profile.default_stage and run.stage is None:
        assumed.append("stage")
    return Limit(float(best.limits[0]), best.text, profile.verified and best.verified, tuple(assumed))


def _carries(row: LimitRow, power_factor: float | None) -> bool:
    """Return whether a row is for a power factor; an unknown one counts as 1."""
    value = 1.0 if power_factor is None else abs(power_factor)
    return row.power_factor[0] - EDGE <= value <= row.power_factor[1] + EDGE


def _covers(row: LimitRow, current_a: float | None, rated: RatedCurrents) -> bool:
    """Return whether a row may cover a current: it does where a bound in A is not known."""
    low = row.low.amperes(rated) if row.low else None
    high = row.high.amperes(rated) if row.high else None
    if current_a is None:
        return True
    if low is not None and current_a < low * (1 - EDGE):
        return False
    if high is None:
        return True
    return current_a <= high * (1 + EDGE) if row.last else current_a < high * (1 - EDGE)


def _within(spans: tuple[float, ...], temperature: float) -> bool:
    """Return whether a temperature lies in one of the spans (pairs of bounds, both inclusive)."""
    return not spans or any(low <= temperature <= high for low, high in zip(spans[::2], spans[1::2], strict=True))


def _load(folder: Path) -> dict[str, LimitProfile]:
    """Return the profiles of a folder; it need not exist."""
    found: dict[str, LimitProfile] = {}
    stamps = tuple((str(path), path.stat().st_mtime_ns) for path in sorted(folder.glob("*.toml")))
    for path, stamp in stamps:
        found |= _load_file(path, stamp)
    return found


@functools.lru_cache(maxsize=128)
def _load_file(path: str, stamp: int) -> dict[str, LimitProfile]:
    """Return the profiles of one file; ``stamp`` is its time, so that an edited file is read anew."""
    try:
        data = tomllib.loads(Path(path).read_text("utf-8"))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}.") from error
    except ValueError as error:
        raise InputError(f"{path} is not TOML: {error}.") from error
    family = read(_Family, data, path, closed=True)
    count = max(1, len(family.classes))
    for index, row in enumerate(family.row):
        if len(row.limits) != count:
            raise InputError(f"{path}: row[{index}].limits has {len(row.limits)} entries.", f"It must have {count}.")
        if len(row.power_factor) != 2 or len(row.temperature) % 2:
            raise InputError(f"{path}: row[{index}] has a span without both bounds.", "Give low and high.")
        if any(limit != "-" and not limit > 0 for limit in row.limits):
            raise InputError(f"{path}: row[{index}].limits is not above 0.", "It must be numbers above 0, or '-'.")
    made = {}
    for column in range(count):
        profile = _profile(family, column)
        made[profile.id] = profile
        if family.alias and column == 0:
            made[family.alias] = replace(profile, id=family.alias)
    return made


def _profile(family: _Family, column: int) -> LimitProfile:
    """Return one class of a family."""
    name = family.classes[column] if family.classes else None
    return LimitProfile(
        id=f"{family.family}_class_{name}" if name else family.family,
        title=f"{family.title}, class {name.upper().replace('_', '.')}" if name else family.title,
        edition=family.edition,
        jurisdiction=family.jurisdiction,
        confidence=family.confidence,
        rows=tuple(replace(row, limits=(row.limits[column],)) for row in family.row if row.limits[column] != "-"),
        verified=family.verified,
        verified_by=family.verified_by,
        current_type=family.current_type,
        valid_from=family.valid_from,
        valid_to=family.valid_to,
        informative=family.informative,
        repeatability=family.repeatability,
        mmq_kwh=family.mmq_kwh,
        default_stage=family.default_stage,
        sources=family.sources,
        doubts=family.doubts,
    )
