"""Fakes shared by tests: a link whose registers lie in a dict and which can refuse, stay silent or drop."""

import time

from evtech.errors import LinkLostError, NoAnswerError, RefusedError
from evtech.links.link import Answer, LinkStatistics, Table, refuse_unarmed
from evtech.links.traffic import Traffic


class RegisterLink:
    """Meets ``ModbusLink``; ``words[unit, table]`` maps addresses to words, what is absent is refused."""

    byte_time = 0.0
    request_overhead = 0.001

    def __init__(self) -> None:
        self.name = "test link"
        self.statistics = LinkStatistics()
        self.traffic = Traffic()
        self.writes_allowed = False
        self.words: dict[tuple[int, Table], dict[int, int]] = {}
        self.refused: set[tuple[Table, int]] = set()
        self.silent = False
        self.lost = False
        self.opened = False
        self.writes: list[tuple[int, int, tuple[int, ...]]] = []
        self.ignores_writes = False
        self.reads: list[tuple[int, Table, int, int]] = []

    @property
    def is_open(self) -> bool:
        return self.opened

    async def open(self) -> None:
        self.opened = True

    async def close(self) -> None:
        self.opened = False

    def put(self, unit_id: int, table: Table, address: int, words: tuple[int, ...]) -> None:
        self.words.setdefault((unit_id, table), {}).update({address + i: word for i, word in enumerate(words)})

    async def read(self, unit_id: int, table: Table, address: int, count: int, *, spare: int = 0) -> Answer:
        self.reads.append((unit_id, table, address, count))
        now = time.monotonic()
        if self.lost:
            raise LinkLostError("test link was lost")
        if self.silent or ((unit_id, table) not in self.words and not any(u == unit_id for u, _ in self.words)):
            raise NoAnswerError(f"unit {unit_id} on test link did not answer within 1 s")
        held = self.words.get((unit_id, table), {})
        wanted = range(address, address + count)
        if any((table, a) in self.refused or a not in held for a in wanted):
            raise RefusedError(f"refused {table} {address}", 2)
        return Answer(tuple(held[a] for a in wanted), now, now)

    async def write(self, unit_id: int, table: Table, address: int, words: tuple[int, ...]) -> None:
        refuse_unarmed(self.writes_allowed, self.name)
        self.writes.append((unit_id, address, words))
        if not self.ignores_writes:
            self.put(unit_id, table, address, words)
