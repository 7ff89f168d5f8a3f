"""Which ports an archive has seen: those of its recordings and of its sessions, and what their samples say of them."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from evtech.store.connection import Connection
from evtech.store.session_list import sites_of_visits

if TYPE_CHECKING:
    from evtech.store.archive import Archive

# a recording's port in SQL, as ``watching`` and ``session_list`` name it
NAME = (
    "trim(replace(replace(recording.vendor || ' ' || recording.model || ' ' ||"
    " coalesce(nullif(recording.serial_number, ''), recording.link), '  ', ' '), '  ', ' '))"
)
RATED_POINT = "max_power"  # of the vocabulary: the rated power, in W


@dataclass(frozen=True, slots=True)
class SeenPort:
    """A port of the archive: its site as the newest visit names it, its profiles, how many sessions ended, when (s).

    ``read_kw`` is its rated power where its samples state one and the same in every recording, else ``None``.
    """

    name: str
    site: str = ""
    profiles: tuple[str, ...] = ()
    sessions: int = 0
    first: float | None = None
    last: float | None = None
    read_kw: float | None = None


@dataclass(frozen=True, slots=True)
class Stated:
    """What recordings say of a port's rating: the profiles it was watched with, and the power (kW) of its samples."""

    profiles: tuple[str, ...] = ()
    read_kw: float | None = None


def seen(archive: "Archive") -> dict[str, SeenPort]:
    """Return the ports of an archive by name, ordered by it."""
    with archive.reading() as connection:
        return find(connection)


def find(connection: Connection) -> dict[str, SeenPort]:
    """Return the ports that recordings and sessions name."""
    sites = sites_of_visits(connection)
    profiles: dict[str, set[str]] = {}
    site: dict[str, str] = {}
    begun: dict[str, float] = {}
    for name, profile, visit, started in connection.exec_driver_sql(
        f"SELECT {NAME}, profile, visit_id, started FROM recording ORDER BY started"
    ).fetchall():
        profiles.setdefault(name, set()).update((profile,) if profile else ())
        site[name] = sites.get(visit) or site.get(name, "")
        begun.setdefault(name, float(started))
    counted = {
        row[0]: row[1:]
        for row in connection.exec_driver_sql(
            "SELECT port, count(*), min(started), max(started), max(visit_id) FROM charging_session GROUP BY port"
        ).fetchall()
    }
    rated = _rated(connection)
    found = {}
    for name in sorted(profiles.keys() | counted.keys()):
        count, first, last, visit = counted.get(name, (0, None, None, None))
        starts = [t for t in (first, begun.get(name)) if t is not None]
        found[name] = SeenPort(
            name, site.get(name) or sites.get(visit, ""), tuple(sorted(profiles.get(name, ()))), int(count),
            min(starts, default=None), last if last is not None else begun.get(name), rated.get(name),
        )  # fmt: skip
    return found


def stated(archive: "Archive") -> dict[str, Stated]:
    """Return what recordings say of the ratings of their ports."""
    profiles: dict[str, set[str]] = {}
    with archive.reading() as connection:
        for name, profile in connection.exec_driver_sql(f"SELECT DISTINCT {NAME}, profile FROM recording").fetchall():
            profiles.setdefault(name, set()).update((profile,) if profile else ())
        read = _rated(connection)
    return {name: Stated(tuple(sorted(own)), read.get(name)) for name, own in profiles.items()}


def _rated(connection: Connection) -> dict[str, float]:
    """Return what the point of the rated power says where it never said anything else: a setting that moved is none."""
    said: dict[str, set[float]] = {}
    for point, recording, position, name in connection.exec_driver_sql(
        f"SELECT point.id, recording.id, point.position, {NAME} FROM point JOIN recording"
        " ON recording.id = point.recording_id WHERE point.name = ? AND point.unit = 'W'",
        (RATED_POINT,),
    ).fetchall():
        values = said.setdefault(name, set())
        values.update(
            float(value)
            for row in connection.exec_driver_sql("SELECT vmin, vmax FROM chunk WHERE point_id = ?", (point,))
            for value in row
            if value is not None
        )
        tail = connection.exec_driver_sql("SELECT body FROM tail WHERE recording_id = ?", (recording,))
        values.update(value for (body,) in tail if (value := _cell(body, position)) is not None)
    return {name: values.pop() / 1000 for name, values in said.items() if len(values) == 1 and min(values) > 0}


def _cell(body: str, position: int) -> float | None:
    cells = json.loads(body)
    cell = cells[position] if position < len(cells) else None
    value = cell.get("v") if isinstance(cell, dict) else cell
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
