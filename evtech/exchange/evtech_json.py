"""evtech's own export (``sessions export --format json``) back into an archive: the same ids, samples, qualities."""

from datetime import datetime
from typing import Any

from evtech.errors import InputError
from evtech.exchange.incoming import Incoming, Parcel, Series
from evtech.store.session_rows import from_json

SOURCE = "evtech"


def is_export(data: Any) -> bool:
    """Return whether JSON values are an export of sessions."""
    return isinstance(data, list) and bool(data) and all(
        isinstance(each, dict) and str(each.get("schema", "")).startswith("evtech.session/") and "rows" in each
        for each in data
    )  # fmt: skip


def read_export(data: list[dict[str, Any]], name: str) -> Parcel:
    """Return the sessions of an export; raise ``InputError`` naming the one that is damaged."""
    found = []
    for number, each in enumerate(data, 1):
        try:
            found.append(Incoming(from_json(each), series=_series(each)))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise InputError(
                f"{name}: session {number} is damaged: {error!r}.", "Export it again; nothing was imported."
            ) from error
    return Parcel(SOURCE, found)


def _series(data: dict[str, Any]) -> Series:
    points = [(str(name), str(unit)) for name, unit in data["units"].items()]
    times, rows, marks = [], [], []
    for row in data["rows"]:
        times.append(datetime.fromisoformat(row["time"]).timestamp())
        rows.append([_value(row["values"].get(name)) for name, _ in points])
        marks.append([str(row["quality"].get(name, "missing")) for name, _ in points])
    return Series(points, times, rows, marks)


def _value(value: object) -> int | float | str | None:
    if value is None or (isinstance(value, int | float | str) and not isinstance(value, bool)):
        return value
    raise ValueError(f"{value!r} is no value of a sample")
