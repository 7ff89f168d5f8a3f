"""Facts of ports, outages and exclusions in words for people."""

from datetime import datetime
from zoneinfo import ZoneInfo

from PySide6.QtCore import QLocale

from evtech.insights.reported import PROFILE, READ
from evtech.insights.roster import RosterPort
from evtech.store.fleet import ENTERED, ReportedOutage, Word
from ui.words import translate


def fact_names() -> dict[str, str]:
    """Return the facts of a port in the order of their form."""
    return {
        "rated_kw": translate("Fleet", "Rated power / kW"),
        "timezone": translate("Fleet", "Time zone"),
        "site": translate("Fleet", "Site"),
        "in_service_from": translate("Fleet", "In service from"),
        "in_service_to": translate("Fleet", "In service until"),
        "min_kw": translate("Fleet", "Required power / kW"),
        "station_id": translate("Fleet", "Station id"),
        "evse_id": translate("Fleet", "Port id"),
        "complete_from": translate("Fleet", "All outages are entered from"),
        "complete_to": translate("Fleet", "… until"),
    }


def missing_names() -> dict[str, str]:
    """Return the facts that cost something where they are missing, in a word each."""
    return {
        "rated_kw": translate("Fleet", "rating"),
        "timezone": translate("Fleet", "zone"),
        "site": translate("Fleet", "site"),
        "in_service_from": translate("Fleet", "service date"),
    }


def rating_text(port: RosterPort) -> str:
    """Return a rating with where it comes from, if nobody entered it."""
    if port.rating is None:
        return "—"
    number = QLocale().toString(port.rating.kw, "g", 6)
    how = {
        READ: translate("Fleet", "{kw} kW (read)"),
        PROFILE: translate("Fleet", "{kw} kW (profile)"),
    }.get(port.rating.source, "{kw} kW")
    return how.format(kw=number)


def said_by(word: Word | None) -> str:
    """Return who said a fact, and when."""
    if word is None or word.value is None:
        return ""
    source = "" if word.source == ENTERED else f" · {word.source}"
    return f"{word.by or '—'} · {word.at.astimezone():%Y-%m-%d}{source}"


def kind_text(outage: ReportedOutage) -> str:
    """Return what an entry is."""
    if outage.withdrawn:
        return translate("Fleet", "withdrawn")
    if outage.is_exclusion:
        return translate("Fleet", "exclusion only")
    return translate("Fleet", "outage, excused") if outage.excluded else translate("Fleet", "outage")


def details_text(outage: ReportedOutage) -> str:
    """Return what a list has no room for: evidence, who entered it and when, who changed it, why it is withdrawn."""
    evidence = outage.evidence or translate("Fleet", "none")
    parts = [translate("Fleet", "Evidence: {what}").format(what=evidence)] if outage.excluded or outage.evidence else []
    at = f"{outage.at.astimezone():%Y-%m-%d %H:%M}" if outage.at is not None else "—"
    entered = translate("Fleet", "Entered by {name}, {at}").format(name=outage.by or "—", at=at)
    parts.append(entered + (f" ({outage.source})" if outage.source != ENTERED else ""))
    if outage.changed is not None:
        words = translate("Fleet", "Last changed by {name}, {at}")
        parts.append(words.format(name=outage.changed.by or "—", at=f"{outage.changed.at.astimezone():%Y-%m-%d %H:%M}"))
    if outage.reason:
        parts.append(translate("Fleet", "Reason: {what}").format(what=outage.reason))
    return " · ".join(parts)


def when_text(moment: float | None, zone: str) -> str:
    """Return a moment on the port's own clock."""
    if moment is None:
        return translate("Fleet", "lasts")
    return f"{datetime.fromtimestamp(moment, ZoneInfo(zone)):%Y-%m-%d %H:%M}"


def language() -> str:
    """Return the language of the words that the core has."""
    return "de" if QLocale().language() == QLocale.Language.German else "en"
