"""The ports of an archive with what is known of each, what is not, and what that costs."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from evtech.insights.reported import Rating, rating
from evtech.store import fleet as said
from evtech.store.fleet import Fleet, PortFacts, ReportedOutage
from evtech.store.fleet_values import PORT_FACTS, Fact, as_json, iso
from evtech.store.ports_seen import SeenPort, Stated, seen

if TYPE_CHECKING:
    from evtech.devices.library import Library
    from evtech.store.archive import Archive

# facts whose lack costs a figure; ``insights/words.py`` says which
NEEDED = ("rated_kw", "timezone", "site", "in_service_from")


@dataclass(frozen=True, slots=True)
class RosterPort:
    """One port: what was said, what was seen (``None``: only spoken of), its rating, which facts are missing."""

    name: str
    facts: PortFacts
    seen: SeenPort | None
    site: str
    rating: Rating | None
    missing: tuple[str, ...]
    outages: tuple[ReportedOutage, ...]  # the withdrawn ones too

    @property
    def open_since(self) -> float | None:
        """Return since when an outage is reported that lasts still."""
        return min(
            (o.start for o in self.outages if not o.withdrawn and not o.is_exclusion and o.end is None), default=None
        )


@dataclass(frozen=True, slots=True)
class Roster:
    """All ports by name."""

    fleet: Fleet
    ports: tuple[RosterPort, ...]

    def find(self, name: str) -> RosterPort | None:
        """Return a port by its whole name."""
        return next((port for port in self.ports if port.name == name), None)


def roster(archive: "Archive", library: "Library | None" = None) -> Roster:
    """Return the ports that an archive has seen or of which somebody spoke."""
    if library is None:
        from evtech.devices.library import Library

        library = Library()
    fleet, there = said.read(archive), seen(archive)
    spoken = {name for name, facts in fleet.ports.items() if any(w.value is not None for w in facts.words.values())}
    names = sorted({*there, *spoken, *(outage.port for outage in fleet.outages)}, key=str.casefold)
    return Roster(fleet, tuple(_port(name, fleet, there.get(name), library) for name in names))


def _port(name: str, fleet: Fleet, known: SeenPort | None, library: "Library") -> RosterPort:
    facts = fleet.facts(name)
    stated = Stated(known.profiles, known.read_kw) if known is not None else Stated()
    rated = rating(facts, stated, library)
    site = facts.text("site") or (known.site if known is not None else "")
    have: dict[str, object] = {name: facts.value(name) for name in NEEDED} | {"rated_kw": rated, "site": site or None}
    missing = tuple(fact for fact in NEEDED if have[fact] is None)
    return RosterPort(
        name, facts, known, site, rated, missing, tuple(o for o in fleet.outages if o.port == name)
    )  # fmt: skip


def port_json(port: RosterPort) -> dict[str, Any]:
    """Return a port as the commands write it: each fact, who said it and when, where the rating comes from."""
    from evtech.insights.words import costs

    facts: dict[str, Fact] = {name: as_json(name, port.facts.value(name)) for name in PORT_FACTS}
    return {
        "port": port.name,
        **facts,
        "site": port.site or None,
        "rated_kw": port.rating.kw if port.rating is not None else None,
        "rated_kw_source": port.rating.source if port.rating is not None else None,
        "seen": port.seen is not None,
        "sessions": port.seen.sessions if port.seen is not None else 0,
        "missing": [{"fact": fact, "costs": costs(fact)} for fact in port.missing],
        "outages": sum(not o.withdrawn for o in port.outages),
        "open_since": iso(port.open_since) if port.open_since is not None else None,
        "said": {
            name: {"by": word.by or None, "at": iso(word.at.timestamp()), "source": word.source}
            for name, word in port.facts.words.items()
            if word.value is not None
        },
    }


def outage_json(outage: ReportedOutage) -> dict[str, Any]:
    """Return a reported outage as the commands write it."""
    return {
        "id": outage.id,
        "port": outage.port,
        "from": iso(outage.start),
        "to": iso(outage.end) if outage.end is not None else None,
        "cause": outage.cause or None,
        "excluded": outage.excluded,
        "exclusion_only": outage.is_exclusion,
        "evidence": outage.evidence or None,
        "technician": outage.by or None,
        "entered_at": iso(outage.at.timestamp()) if outage.at is not None else None,
        "source": outage.source,
        "withdrawn": outage.withdrawn,
        "reason": outage.reason or None,
        "history": [
            {"at": iso(row.at.timestamp()), "by": row.body.get("technician") or None, "says": row.body.get("says")}
            for row in outage.rows
        ],
    }
