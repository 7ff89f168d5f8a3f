"""Rounding up to whole steps (OCPI 2.2.1, tariffs module, ``step_size``).

Energy is rounded once a session, in watt-hours. Charging time and parking time share one rounding: if parking is
charged for, its total is rounded and charging time stays as it is; else charging time is rounded. The specification
contradicts itself on sessions that park first; its reference implementation decides as here. Reservation time is
rounded by itself. A total takes the step of the last line that is charged, and the surplus is priced there. A price of
0 counts as charged; a line without a volume does not.

Hours are rounded to four decimals in a record, up to 0.18 s off, so a total of times is brought to whole seconds
before it is rounded up: 0.4167 h are 1500 s, not 1500.12.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from math import ceil, floor

from evtech.billing.ledger import Line

WH_PER_KWH = 1000
S_PER_H = 3600


def round_session(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with the surplus of each rounding on its last line."""
    result = list(lines)
    parking = _charged(result, "PARKING_TIME")
    for group in (
        _charged(result, "ENERGY"),
        parking or _charged(result, "TIME"),
        _charged(result, "RESERVATION_TIME"),
    ):
        if group:
            _round_group(result, group)
    return result


def round_each_line(lines: Sequence[Line]) -> list[Line]:
    """Return the lines with each rounded by itself: a usual mistake, see ``causes``."""
    result = list(lines)
    for index in range(len(result)):
        if result[index].component is not None and result[index].dimension != "FLAT":
            _round_group(result, [index])
    return result


def up_to_step(total: Fraction, step: int, dimension: str) -> Fraction:
    """Return a total (kWh or h) rounded up to whole steps (Wh or s); a step of 0 rounds nothing."""
    if step == 0:
        return total
    if dimension == "ENERGY":
        return Fraction(ceil(total * WH_PER_KWH / step) * step, WH_PER_KWH)
    whole_seconds = floor(total * S_PER_H + Fraction(1, 2))
    return Fraction(-(-whole_seconds // step) * step, S_PER_H)


def _round_group(lines: list[Line], group: Sequence[int]) -> None:
    last = lines[group[-1]]
    assert last.component is not None  # only charged lines are grouped
    total = sum((lines[i].billed for i in group), Fraction(0))
    surplus = up_to_step(total, last.component.step_size, last.dimension) - total
    lines[group[-1]] = replace(last, billed=last.billed + surplus)


def _charged(lines: Sequence[Line], dimension: str) -> list[int]:
    def found() -> Iterator[int]:
        for index, line in enumerate(lines):
            if line.dimension == dimension and line.component is not None and line.volume:
                yield index

    return list(found())
