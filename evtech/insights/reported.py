"""What people said of ports, laid over what an archive saw of them.

Where both speak of the same time the precedence is that of states (``availability.py``): taken out of service before
broken before in use. A reported outage is broken time that is known, whatever was seen meanwhile, so that nobody's
uptime grows by a report that is doubted. An exclusion takes away from outages only where a port was down. A stretch
that somebody vouches for is known, and up where nothing else was seen or reported.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from evtech import paths
from evtech.errors import ProfileError
from evtech.insights.intervals import Interval, clip, measure, subtract
from evtech.insights.records import Outage, Port, StateSpan
from evtech.store.fleet import ENTERED, Fleet, PortFacts, ReportedOutage, read
from evtech.store.ports_seen import SeenPort, Stated, stated

if TYPE_CHECKING:
    from evtech.devices.library import Library
    from evtech.store.archive import Archive

READ, PROFILE = "read", "profile"  # where a rating comes from, beside ``ENTERED``


@dataclass(frozen=True, slots=True)
class Rating:
    """A port's rated power (kW) and where it comes from: entered, read or profile; in this order of weight."""

    kw: float
    source: str


def rating(facts: PortFacts, stated: Stated, library: "Library | None") -> Rating | None:
    """Return a port's rating; ``None`` where nobody says it, or its profiles disagree."""
    entered = facts.number("rated_kw")
    if entered is not None:
        return Rating(entered, ENTERED)
    if "rated_kw" in facts.words:  # somebody said that it is not known: nothing else is believed either
        return None
    if stated.read_kw is not None:
        return Rating(stated.read_kw, READ)
    known = {_of_profile(name, library) for name in stated.profiles} if library is not None else set()
    only = known.pop() if len(known) == 1 else None
    return Rating(only, PROFILE) if only is not None else None


def _of_profile(profile: str, library: "Library") -> float | None:
    try:
        return library.find(profile).rated_kw
    except ProfileError:  # of somebody else's folder
        return None


def _state_ratings(profiles: Iterable[str]) -> bool:
    """Return whether one of these profiles may state a rating: to read them all takes as long as to count a month."""
    folders = paths.user_profiles(), paths.resources() / "profiles"
    for name in profiles:
        if Path(name).name != name or name.endswith(".toml"):  # a file that was named by its path
            return True
        if any(_mentions_rating(folder / f"{name}.toml") for folder in folders):
            return True
    return False


def _mentions_rating(file: Path) -> bool:
    try:
        return b"rated_kw" in file.read_bytes()
    except (OSError, ValueError):  # there is none, or a name from elsewhere is no file's
        return False


def with_facts(
    archive: "Archive", fleet: Fleet, ports: Mapping[str, Port], library: "Library | None" = None
) -> dict[str, Port]:
    """Return the ports with what was said of them, and with their ratings; profiles are the user's own by default."""
    known = stated(archive)
    if library is None and _state_ratings({name for each in known.values() for name in each.profiles}):
        from evtech.devices.library import Library

        library = Library()
    found = {}
    for name, port in ports.items():
        facts = fleet.facts(name)
        rated = rating(facts, known.get(name, Stated()), library)
        found[name] = replace(
            port, site=facts.text("site") or port.site, timezone=facts.text("timezone") or port.timezone,
            rated_kw=rated.kw if rated is not None else None, in_service_from=facts.number("in_service_from"),
            in_service_to=facts.number("in_service_to"),
        )  # fmt: skip
    return found


def ratings(archive: "Archive") -> Callable[[str], float | None]:
    """Return what tells a port's rated power (W) by its name, for rules over its samples."""
    fleet = read(archive)
    found: dict[str, float | None] = {}

    def rated_w(port: str) -> float | None:
        if port not in found:
            kw = with_facts(archive, fleet, {port: Port(port)})[port].rated_kw
            found[port] = kw * 1000 if kw is not None else None
        return found[port]

    return rated_w


def unseen(
    fleet: Fleet, ports: Mapping[str, Port], zone: str, period: Interval | None, charger: str | None, site: str | None
) -> dict[str, Port]:
    """Return the ports that were spoken of and not seen in the period: one that was dead all the time is no session.

    They pass the same filter, and are in service somewhere in the period.
    """
    names = {*fleet.ports, *(outage.port for outage in fleet.standing)} - ports.keys()
    found = {}
    for name in sorted(names):
        facts = fleet.facts(name)
        if (charger or "").casefold() not in name.casefold() or (site or "").casefold() not in facts.text(
            "site"
        ).casefold():
            continue
        port = Port(
            name, facts.text("site"), zone, None, facts.number("in_service_from"), facts.number("in_service_to"), ()
        )
        if period is None or port.in_service(period):
            found[name] = port
    return found


def outages_of(reported: Iterable[ReportedOutage], ports: Mapping[str, Port]) -> list[Outage]:
    """Return the outages and exclusions of ports as insights count them."""
    return [as_outage(each) for each in reported if each.port in ports and not each.withdrawn]


def as_outage(each: ReportedOutage) -> Outage:
    """Return one reported outage as insights count it."""
    return Outage(each.port, each.start, each.end, each.cause, each.excluded, each.is_exclusion)


def vouched(fleet: Fleet, ports: Mapping[str, Port]) -> list[StateSpan]:
    """Return the stretches of which somebody says that all outages are entered, as the weakest of the good states."""
    spans = [(name, fleet.facts(name).complete) for name in ports]
    return [StateSpan(name, span[0], span[1], "AVAILABLE") for name, span in spans if span is not None]


def vouched_share(facts: PortFacts, known: Sequence[Interval], seen: Sequence[Interval]) -> float:
    """Return how many of the known minutes are known by somebody's word alone."""
    span = facts.complete
    return measure(subtract(clip(known, span), seen)) if span is not None else 0.0


def site_of(facts: PortFacts, seen: SeenPort | None) -> str:
    """Return a port's site: what was said of it, else what the newest visit there was named."""
    return facts.text("site") or (seen.site if seen is not None else "")
