"""How the verification record writes numbers and moments."""

from datetime import datetime

from evtech.measure.quantity import MINUS, NARROW_SPACE, UNKNOWN


def number(value: float | None, decimals: int, lang: str, *, sign: bool = False) -> str:
    """Return a number with a fixed count of decimals; unknown is an em dash."""
    if value is None:
        return UNKNOWN
    digits = f"{value:{'+' if sign else ''}.{decimals}f}"
    if float(digits) == 0:
        digits = digits.replace("-", "+" if sign else "")
    return local(digits, lang)


def with_unit(value: float | None, decimals: int, unit: str, lang: str) -> str:
    """Return a number with its unit; unknown is an em dash."""
    return UNKNOWN if value is None else f"{number(value, decimals, lang)}{NARROW_SPACE}{unit}"


def significant(value: float | None, digits: int, lang: str) -> str:
    """Return a number with significant digits; unknown is an em dash."""
    return UNKNOWN if value is None else local(f"{value:.{digits}g}", lang)


def local(text: str, lang: str) -> str:
    """Return digits with the language's decimal mark and a real minus sign."""
    text = text.replace("-", MINUS)
    return text.replace(".", ",") if lang == "de" else text


def moment(when: datetime | None) -> str:
    """Return a moment as local time with its offset; unknown is an em dash."""
    return UNKNOWN if when is None else when.astimezone().strftime("%Y-%m-%d %H:%M:%S %z")
