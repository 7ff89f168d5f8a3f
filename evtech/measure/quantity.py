"""A number with its unit, and how a number of a unit is written."""

from dataclasses import dataclass

NARROW_SPACE = "\u202f"  # narrow no-break space between a number and its unit (ISO 80000-1, 7.2)
MINUS = "\u2212"
UNKNOWN = "\u2014"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit, such as ``Quantity(16, "A")``."""

    value: float
    unit: str

    def __str__(self) -> str:
        return f"{self.value:g}{NARROW_SPACE}{self.unit}"

    def __sub__(self, other: "Quantity") -> "Quantity":
        if self.unit != other.unit:
            raise ValueError(f"cannot subtract {other.unit} from {self.unit}")
        return Quantity(self.value - other.value, self.unit)


# unit -> (divisor, shown unit, decimals); prefixes do not jump between values
_SHOWN: dict[str, tuple[float, str, int]] = {
    "V": (1, "V", 1),
    "A": (1, "A", 2),
    "W": (1000, "kW", 3),
    "VA": (1000, "kVA", 3),
    "var": (1000, "kvar", 3),
    "Wh": (1000, "kWh", 3),
    "VAh": (1000, "kVAh", 3),
    "varh": (1000, "kvarh", 3),
    "Hz": (1, "Hz", 2),
    "%": (1, "%", 2),
    "degC": (1, "°C", 1),
    "s": (1, "s", 1),
    "mA": (1, "mA", 1),
    "ohm": (1, "Ω", 1),
}


def shown(value: float | None, unit: str, decimals: int | None = None) -> tuple[str, str]:
    """Return a value of a base unit as digits and shown unit, such as ``("11.030", "kW")``.

    ``None`` gives an em dash: unknown is never 0. A dimensionless value has three decimals (power factor).
    """
    divisor, label, usual = _SHOWN.get(unit, (1, unit, 3))
    if value is None:
        return UNKNOWN, label
    digits = f"{value / divisor:.{usual if decimals is None else decimals}f}"
    if float(digits) == 0:
        digits = digits.lstrip("-")
    return digits.replace("-", MINUS), label
