"""The time zone a tariff is judged in. It is given, stated or follows from the country; it is never guessed."""

import tomllib
from dataclasses import dataclass
from functools import cache
from zoneinfo import ZoneInfo

from evtech import paths
from evtech.billing.errors import BillingError

_MACHINE = ("localtime", "posixrules", "Factory", "right/", "leapseconds")  # files beside the zones, not places


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone, its name, and where it comes from: option, cdr or country."""

    info: ZoneInfo
    name: str
    source: str


def find_zone(option: str | None, stated: str | None, country: str | None) -> Zone:
    """Return the zone: the option first, then what the record states, then a country that has just one.

    Raises ``BillingError``: ``timezone_invalid`` for a name that is no zone, ``timezone_missing``.
    """
    if option is not None:
        return Zone(_zone(option), option, "option")
    if stated is not None:
        return Zone(_zone(stated), stated, "cdr")
    name = _countries().get(country or "")
    if name is None:
        where = f"country {country} has several" if country else "no country is stated"
        raise BillingError(
            "timezone_missing",
            f"The charger's time zone is not known: {where}.",
            "Name it, such as --timezone Europe/Berlin.",
        )
    return Zone(_zone(name), name, "country")


def _zone(name: str) -> ZoneInfo:
    try:
        if not name or name.startswith(_MACHINE):
            raise ValueError("no place")
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError) as error:
        raise BillingError(
            "timezone_invalid", f"{name[:60]!r} is not a time zone.", "Such as Europe/Berlin or America/New_York."
        ) from error


@cache
def _countries() -> dict[str, str]:
    with (paths.resources() / "billing" / "country_zones.toml").open("rb") as file:
        return dict(tomllib.load(file))
