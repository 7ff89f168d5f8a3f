"""What a file brings, whatever it is: sessions, stretches of samples, states of ports; one after another.

A reader yields these in the order in which it meets them and never holds the whole file. Ids are made from content, so
that the same session again is known.
"""

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from evtech.exchange.plans import Plan
from evtech.measure.sample import ChargerIdentity
from evtech.store.records import ChargingSession
from evtech.store.session_extras import Attachment, Correction
from evtech.store.spool import Block

_SPACE = uuid.UUID("5f6c1b1e-2f5d-4c39-9d0e-6f2f0b8f7a51").bytes
MOST_NAMED = 50  # problems that are named; all are counted


@dataclass(frozen=True, slots=True)
class Incoming:
    """One session with its samples, and what was added to it where it came from.

    ``points`` are names and units of the samples' columns. ``transaction``: the source's own number of a session of
    which the file holds only a part: ``open_end`` where it does not end in it, ``open_start`` where it began before.
    """

    session: ChargingSession
    site: str = ""
    points: Sequence[tuple[str, str]] = ()
    blocks: Sequence[Block] = ()
    corrections: Sequence[Correction] = ()
    attachments: Sequence[Attachment] = ()
    events: Sequence[tuple[float, str, dict[str, Any]]] = ()  # moment, kind, details
    open_start: bool = False
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """Samples of a session that follows later: of one too long to be held. ``recording_id`` where it keeps its own."""

    session_id: str
    points: Sequence[tuple[str, str]]
    block: Block
    recording_id: str = ""


@dataclass(frozen=True, slots=True)
class StateChange:
    """A state of a port from a moment on (s since 1970): session phase, the source's word, and a code if it failed."""

    at: float
    phase: str
    word: str
    code: str | None = None


@dataclass(frozen=True, slots=True)
class StateLog:
    """What a file knows of one port's states; ``heard``: first and last moment at which its station said anything.

    ``silences`` are stretches in which the station should have said something and did not.
    """

    port: ChargerIdentity
    site: str
    changes: Sequence[StateChange]
    heard: tuple[float, float]
    silences: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True)
class Credit:
    """A session of this id was credited: it counts no more."""

    session_id: str


Item = Incoming | Stretch | StateLog | Credit


@dataclass(slots=True)
class Problems:
    """What was left out and why: the first ones in words, all of them counted."""

    named: list[str] = field(default_factory=list)
    count: int = 0

    def add(self, words: str) -> None:
        """Name one more."""
        self.count += 1
        if len(self.named) < MOST_NAMED:
            self.named.append(words)

    def lines(self) -> list[str]:
        """Return them, with a word on those that are not named."""
        more = self.count - len(self.named)
        return [*self.named, *([f"{more} more"] if more else [])]


@dataclass(slots=True)
class Parcel:
    """One file, open for reading: ``items`` can be gone through once.

    ``source``: evtech, csv (samples), list (a row a session), cdr or ocpp; ``plan`` is how it is read. ``problems``
    and ``remarks`` (what was understood, but should be known) are whole when the items have been read.
    """

    source: str
    items: Iterable[Item]
    problems: Problems = field(default_factory=Problems)
    remarks: list[str] = field(default_factory=list)
    plan: Plan | None = None

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)


def made_id(*parts: object) -> str:
    """Return an id that the same content always gets: a UUID of version 5, made without the detour over a ``UUID``."""
    h = hashlib.sha1(_SPACE + "\0".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()
    variant = "89ab"[int(h[16], 16) & 3]
    return f"{h[:8]}-{h[8:12]}-5{h[13:16]}-{variant}{h[17:20]}-{h[20:32]}"
