"""Which sessions stand behind a mark of a picture, and what they have in common in words."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from ui.insights_words import language
from ui.widgets.heat_map import hour_name
from ui.words import translate

if TYPE_CHECKING:
    from evtech.insights.anomalies import Anomaly
    from evtech.insights.intervals import Interval
    from evtech.insights.picture import Picture
    from evtech.insights.trends import Stretch


@dataclass(frozen=True, slots=True)
class SessionsBehind:
    """What the page Sessions is asked to show: exactly these sessions, and what they have in common."""

    ids: frozenset[str]
    words: str


def of_hour(shown: "Picture", hour: int) -> SessionsBehind:
    """Return the sessions of an hour of the week."""
    from evtech.insights.picture import behind_hour

    return SessionsBehind(behind_hour(shown, hour), hour_name(hour))


def of_failed_port(shown: "Picture", port: str) -> SessionsBehind:
    """Return the failed attempts of a port."""
    from evtech.insights.picture import behind_failed

    words = translate("Insights", "failed attempts at {port}").format(port=port)
    return SessionsBehind(behind_failed(shown, port), words)


def of_span(shown: "Picture", port: str, span: "Interval") -> SessionsBehind:
    """Return the sessions of a port around a span of time."""
    from evtech.insights.picture import behind_span

    return SessionsBehind(behind_span(shown, port, span), port)


def of_failed_stretch(shown: "Picture", stretch: "Stretch") -> SessionsBehind:
    """Return the failed attempts of a stretch of the trend."""
    from evtech.insights.picture import behind_stretch

    words = translate("Insights", "failed attempts from {day}").format(day=_day(shown, stretch.start))
    return SessionsBehind(behind_stretch(shown, stretch, failed=True), words)


def of_failed_first(shown: "Picture") -> SessionsBehind:
    """Return the first attempts of visits that failed."""
    from evtech.insights.success import succeeded, visits

    tries = shown.overview.judged
    firsts = visits(tries, shown.overview.records.ports)[1]
    failed = firsts[~succeeded(tries)[firsts]]
    return SessionsBehind(tries.ids(failed), translate("Insights", "failed first attempts"))


def of_day(shown: "Picture", day: "Stretch") -> SessionsBehind:
    """Return the sessions that began on a day."""
    from evtech.insights.picture import behind_stretch

    return SessionsBehind(behind_stretch(shown, day, failed=False), _day(shown, day.start))


def of_cause(shown: "Picture", key: str) -> SessionsBehind:
    """Return the failed attempts of a cause."""
    from evtech.insights.picture import behind_cause
    from evtech.insights.words import cause

    return SessionsBehind(behind_cause(shown, key), cause(key, language()))


def of_downtime(shown: "Picture", key: str) -> SessionsBehind:
    """Return the sessions around the outages of a cause."""
    from evtech.insights.picture import behind_downtime
    from evtech.insights.words import cause

    return SessionsBehind(behind_downtime(shown, key), cause(key, language()))


def of_finding(shown: "Picture", finding: "Anomaly") -> SessionsBehind:
    """Return the sessions of a finding's port, or of the ports of its site, at its time."""
    from evtech.insights.picture import behind_span

    ports = shown.overview.records.ports.values()
    names = [p.name for p in ports if finding.port in (p.name, p.site)]
    span = (finding.start, finding.end)
    return SessionsBehind(frozenset(i for name in names for i in behind_span(shown, name, span)), finding.port)


def _day(shown: "Picture", moment: float) -> str:
    return datetime.fromtimestamp(moment, ZoneInfo(shown.zone)).strftime("%Y-%m-%d")
