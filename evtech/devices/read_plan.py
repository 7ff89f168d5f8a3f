"""Plans which registers to read together.

A Modbus request costs a round trip, so neighbouring points are read as one block. Which gaps are worth reading over
depends on the line: at 9600 baud ten registers, on TCP as many as a request takes. A dynamic programme finds the
cheapest cut. Nothing here talks to a device.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from evtech.devices.profile import Point, Reads
from evtech.links.link import Table

_TCP_WORD = 2e-6  # s a register costs where the wire itself is free: prefers the shorter of two equal plans


@dataclass(frozen=True, slots=True)
class Block:
    """One read: ``count`` words from ``address``; ``spare`` words behind it belong to points and may be read too."""

    unit_id: int | None
    table: Table
    address: int
    count: int
    points: tuple[Point, ...]
    spare: int = 0


def plan(
    points: Iterable[Point],
    reads: Reads,
    *,
    byte_time: float,
    overhead: float,
    forbidden: frozenset[tuple[Table, int]] = frozenset(),
) -> list[Block]:
    """Return the reads that fetch all points at the least cost.

    ``byte_time`` is s a byte on the wire, ``overhead`` s a request costs beside its registers; ``forbidden`` holds
    addresses that no block may cross (the device refused them).
    """
    blocks: list[Block] = []
    ordered = sorted(points, key=lambda p: (p.unit_id is not None, p.unit_id or 0, p.table, p.address, p.count))
    for (_, _, table), group in groupby(ordered, key=lambda p: (p.unit_id is not None, p.unit_id or 0, p.table)):
        run = list(group)
        if reads.blocks:
            blocks += _cut([p for p in run if not p.alone], reads, table, byte_time, overhead, forbidden)
            blocks += [_block([p], reads) for p in run if p.alone]
        else:
            blocks += [_block([p], reads) for p in run]
    return blocks


def _cut(
    points: Sequence[Point],
    reads: Reads,
    table: Table,
    byte_time: float,
    overhead: float,
    forbidden: frozenset[tuple[Table, int]],
) -> list[Block]:
    """Cut sorted points of one unit and table into blocks: best[i] is the cheapest way to read the first i points."""
    is_bits = table in (Table.COIL, Table.DISCRETE)
    word = max(byte_time * (0.125 if is_bits else 2), _TCP_WORD)
    limit = reads.max_registers * (16 if is_bits else 1)
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(points) + 1):
        cheapest = (float("inf"), end - 1)
        last = 0
        for start in range(end - 1, -1, -1):
            last = max(last, points[start].address + points[start].count)
            low, high = _span(points[start].address, last, reads)
            if start < end - 1 and (high - low > limit or _crosses(points[start:end], forbidden)):
                break
            cost = best[start][0] + overhead + (high - low) * word
            if cost < cheapest[0]:
                cheapest = (cost, start)
        best.append(cheapest)
    cuts: list[Block] = []
    end = len(points)
    while end:
        start = best[end][1]
        cuts.append(_block(points[start:end], reads))
        end = start
    return cuts[::-1]


def _crosses(points: Sequence[Point], forbidden: frozenset[tuple[Table, int]]) -> bool:
    if not forbidden:
        return False
    low = points[0].address
    high = max(p.address + p.count for p in points)
    return any(table is points[0].table and low <= address < high for table, address in forbidden)


def _span(low: int, high: int, reads: Reads) -> tuple[int, int]:
    return (low - low % 2, high + high % 2) if reads.even_only else (low, high)


def _block(points: Sequence[Point], reads: Reads) -> Block:
    low, high = _span(points[0].address, max(p.address + p.count for p in points), reads)
    return Block(points[0].unit_id, points[0].table, low, high - low, tuple(points))
