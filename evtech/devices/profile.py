"""What a product offers, as data: points, state rules, error catalogue.

``profile_files.py`` makes these from TOML and checks them; nothing else constructs them but tests.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from evtech.links.link import Table


class DataType(StrEnum):
    """How register words become a value."""

    UINT16 = "uint16"
    INT16 = "int16"
    UINT32 = "uint32"
    INT32 = "int32"
    UINT64 = "uint64"
    INT64 = "int64"
    FLOAT32 = "float32"
    FLOAT64 = "float64"
    TEXT = "text"  # two characters a register, high byte first
    BITS16 = "bits16"
    BITS32 = "bits32"
    BOOL = "bool"  # coils and discrete inputs


class Access(StrEnum):
    """What a client may do with a point."""

    READ = "r"
    WRITE = "w"
    BOTH = "rw"


@dataclass(frozen=True, slots=True)
class Point:
    """One named quantity of a product. ``address`` counts from 0, as on the wire.

    ``scale`` and ``offset`` lead from raw to the vocabulary's base unit (a sheet's kWh are converted on load).
    ``unit_id`` is ``None`` for "the unit of the link". ``not_available`` holds raw values that mean "no value".
    ``word_order`` is "big" (high word first) or "little".
    """

    name: str
    table: Table
    address: int
    count: int
    type: DataType
    scale: float = 1.0
    offset: float = 0.0
    unit: str = ""
    access: Access = Access.READ
    unit_id: int | None = None
    word_order: str = "big"
    values: Mapping[int, str] = field(default_factory=dict)
    bits: Mapping[int, str] = field(default_factory=dict)
    not_available: frozenset[int] = frozenset()
    decode: str | None = None  # a named reading of the number as text, see encoding.DECODERS
    minimum: float | None = None  # raw limits of a write
    maximum: float | None = None
    resolution: float | None = None  # smallest step in the base unit; for registers, one count
    identity: bool = False  # read once at connection, not at every poll
    all_ones_missing: bool = False  # every word 0xFFFF means "no value"
    optional: bool = False  # some firmware or variants lack it
    alone: bool = False  # must be read in a request of its own
    note: str = ""

    @property
    def readable(self) -> bool:
        """Tell whether the point can be read."""
        return self.access is not Access.WRITE

    @property
    def writable(self) -> bool:
        """Tell whether the point can be written."""
        return self.access is not Access.READ


@dataclass(frozen=True, slots=True)
class Condition:
    """One test on a point's raw number: one of ``values``, or all bits of ``set_bits`` / none of ``clear_bits``."""

    point: str
    values: frozenset[int] | frozenset[str] | None = None
    set_bits: int = 0
    clear_bits: int = 0


@dataclass(frozen=True, slots=True)
class StateRule:
    """If every condition holds, the charger is in ``pilot`` (a letter, with digit where known) and says ``text``.

    ``phase`` overrides the derived session phase where the maker's state says more than the pilot does.
    """

    when: tuple[Condition, ...]
    pilot: str | None
    text: str
    phase: str | None = None


@dataclass(frozen=True, slots=True)
class ErrorRule:
    """Where fault codes stand: ``mode`` is "enum" or "bits" or "group_hi16" over the raw value of ``point``."""

    point: str
    mode: str
    meanings: Mapping[int, tuple[str | None, str]]  # code -> (meaning, severity)
    ignore: frozenset[int] = frozenset({0})
    as_hex: bool = True  # how the maker writes the code


@dataclass(frozen=True, slots=True)
class Reads:
    """How the product wants to be read and written."""

    max_registers: int = 125
    blocks: bool = True  # False: every point in a request of its own
    even_only: bool = False  # start and count must be even
    min_gap_s: float = 0.0  # silence between two requests
    min_poll_s: float = 0.0
    multiple_write: bool = True  # function 16 offered; False: only function 6
    lenient_unit: bool = False  # TCP answers may carry unit 0 or 255


@dataclass(frozen=True, slots=True)
class Serial:
    """Serial defaults of the product."""

    baud: int = 9600
    parity: str = "N"
    stopbits: int = 1


@dataclass(frozen=True, slots=True)
class Recognition:
    """How to recognise the product: each test is a point and what its decoded value must look like.

    A test beginning with ``^`` is a regular expression over the value as text, else a range ``low..high``.
    """

    tests: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One product as evtech sees it, checked and frozen."""

    id: str
    kind: str  # charger | meter
    vendor: str
    model: str
    protocols: tuple[str, ...]  # modbus-tcp, modbus-rtu
    confidence: str
    source: str  # built-in | user | file
    unit_id: int
    port: int
    serial: Serial
    reads: Reads
    points: Mapping[str, Point]
    states: tuple[StateRule, ...] = ()
    state_point: str | None = None  # whose raw value is shown as the state's number
    errors: tuple[ErrorRule, ...] = ()
    recognition: Recognition = Recognition()
    doubts: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    rated_kw: float | None = None  # of each port, where every unit of the product has the same rating
    digest: str = ""  # SHA-256 of the file, for reports
    sources: tuple[str, ...] = ()

    @property
    def energy_point(self) -> Point | None:
        """Return the register a session's energy is taken from (import only, in Wh), or ``None``.

        The order is fixed: ``energy_import_total``, then ``energy_total`` where it counts import only, then
        ``session_energy``.
        """
        for name in ("energy_import_total", "energy_total", "session_energy"):
            point = self.points.get(name)
            if point is None or not point.readable or point.unit != "Wh":
                continue
            if name == "energy_total" and "energy_export_total" in self.points:
                continue
            return point
        return None
