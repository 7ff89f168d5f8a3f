"""What the page of insights says in words: its headline, names of codes, the zone of its times."""

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from PySide6.QtCore import QLocale

from ui.words import grouped, translate

if TYPE_CHECKING:
    from evtech.insights.picture import Picture


def headline(shown: "Picture") -> str:
    """Return a period's figures in one line, the rate with its uncertainty."""
    found = shown.overview
    if not found.attempts:
        return translate("Insights", "Nothing was recorded in this period.")
    kwh = sum(use.kwh for use in found.utilisation.values())
    parts = [
        translate("Insights", "1 session")
        if len(found.attempts) == 1
        else translate("Insights", "{n} sessions").format(n=grouped(len(found.attempts))),
        translate("Insights", "1 port")
        if len(found.records.ports) == 1
        else translate("Insights", "{n} ports").format(n=len(found.records.ports)),
        f"{grouped(kwh)} kWh" if kwh >= 100 else f"{grouped(kwh, 2)} kWh",
    ]
    if found.records.imported:
        parts.append(translate("Insights", "{n} imported").format(n=grouped(found.records.imported)))
    if found.success.attempts < len(found.attempts):
        parts.append(translate("Insights", "{n} attempts can be judged").format(n=grouped(found.success.attempts)))
    if found.success.attempt is not None:
        rate = found.success.attempt
        words = translate("Insights", "{pct} % succeeded (95 % interval {low}–{high} %)")
        parts.append(words.format(pct=f"{rate.value:.1f}", low=f"{rate.low:.1f}", high=f"{rate.high:.1f}"))
    peak = found.demand
    if peak.peak_kw is not None and peak.at is not None:
        at = QLocale().toString(datetime.fromtimestamp(peak.at, ZoneInfo(shown.zone)), "d MMM HH:mm")
        parts.append(translate("Insights", "peak {kw} kW ({at})").format(kw=f"{peak.peak_kw:.1f}", at=at))
    return " · ".join(parts)


def language() -> str:
    """Return the language of the core's sentences."""
    return "de" if QLocale().language() == QLocale.Language.German else "en"


def code_names(pairs: "list[tuple[str, str]]") -> dict[str, str]:
    """Return codes with what their makers say they mean, from (profile, code); those that differ stay bare."""
    from evtech.diagnostics.lookup import look_up

    meanings: dict[str, set[str]] = {}
    for profile, code in pairs:
        found = next((match.meaning for match in look_up(code, profile) if match.kind == "vendor"), None)
        meanings.setdefault(code, set()).add(found or "")
    return {code: f"{code} {meant}" for code, said in meanings.items() if len(said) == 1 and (meant := min(said))}


def zone_words(zone: str, zones: set[str]) -> str:
    """Return on which clock times are; ``zones`` are the ports' own, by which hours of the week are counted."""
    if zones <= {zone}:
        return translate("Insights", "Times: {zone}").format(zone=zone)
    if len(zones) == 1:
        words = translate("Insights", "Times: {zone}; hours of the week: {ports}")
        return words.format(zone=zone, ports=next(iter(zones)))
    return translate("Insights", "Times: {zone}; hours of the week: each port's own").format(zone=zone)
