"""Files by hand, and what is read from them or kept of them."""

import json
from pathlib import Path
from typing import Any

from evtech.exchange.incoming import Incoming, Parcel, StateLog
from evtech.exchange.keeping import Kept, prepare, take_in
from evtech.exchange.plans import Plan
from evtech.exchange.reading import read_file
from evtech.store.archive import Archive

T = "2026-03-01T12:{}:00Z"


def lines(*rows: Any) -> str:
    """Return JSON values, one a line."""
    return "\n".join(json.dumps(row) for row in rows) + "\n"


def written(folder: Path, name: str, text: str | bytes) -> Path:
    """Write a file and return its path."""
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def read(file: Path, plan: Plan | None = None) -> tuple[list[Incoming], list[StateLog], Parcel]:
    """Return the sessions and states of a file, and the parcel with its problems."""
    parcel = read_file(file, plan)
    items = list(parcel)
    return ([i for i in items if isinstance(i, Incoming)], [i for i in items if isinstance(i, StateLog)], parcel)


def keep(archive: Archive, file: Path, plan: Plan | None = None, **named: Any) -> Kept:
    """Take a file in."""
    with prepare(archive, file, plan) as ready:
        return take_in(archive, ready, **named)
