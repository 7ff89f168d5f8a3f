"""The availability report: each port's uptime as regulators ask for it, with outages, exclusions and failed sessions.

The figure is that of 23 CFR 680.116(b): uptime of the twelve months up to the period's end. A report covers a month, a
quarter or any period, on the port's own clock. What was reported to the archive counts together with what was seen.
"""

from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evtech.errors import NotFoundError
from evtech.insights.archive_records import read_archive
from evtech.insights.attempts import Attempts
from evtech.insights.availability import PortAvailability
from evtech.insights.fleet_files import read_reported
from evtech.insights.intervals import Interval, intersect, measure, subtract, union
from evtech.insights.overview import NEVI_TARGET_PCT, by_port
from evtech.insights.records import Port
from evtech.insights.states import States
from evtech.reports.availability_tables import (
    YEAR_S,
    Case,
    exclusion_sheet,
    figure_sheet,
    month_sheet,
    months_of,
    outage_sheet,
    quarter_sheet,
    session_sheets,
    with_days,
)
from evtech.reports.document import Block, facts, heading, signatures, text
from evtech.reports.periods import Days
from evtech.reports.places import Places
from evtech.reports.sealing import Written, usual_name
from evtech.reports.summary import Sheet, Summary, sheet_table, words, write_summary
from evtech.store import fleet as said
from evtech.store.archive import Archive
from evtech.store.fleet import Fleet
from evtech.store.fleet_values import iso
from evtech.store.payments import payments
from evtech.store.session_list import RECORDED, SessionFilter

if TYPE_CHECKING:
    from evtech.devices.library import Library

PROOF_PCT = 95.0  # of the time that must be known before a figure proves anything
MOST_SESSIONS = 1500  # on paper: a busy port's quarter
Progress = Callable[[str, int, int], None]  # what is written now, how many are done, how many there are


def write_availability(
    archive: Archive, id_: str, *, lang: str = "en", from_: datetime | None = None, to: datetime | None = None,
    days: Days | None = None, outages: Path | None = None, zone: str = "UTC", prepared_by: str | None = None,
    only: Collection[str] | None = None, library: "Library | None" = None, seal: bool = True,
    progress: Progress = lambda name, done, count: None, **files: Path | None,
) -> list[Written]:  # fmt: skip
    """Write the reports of the ports that ``id_`` names (a port or site, or part of it; ``all``), a file each.

    The period is [from, to) or whole days on each port's own clock, by default the twelve months until now. ``zone``
    is that of ports of which nobody said one. ``outages`` is a CSV that takes the place of what was watched and
    reported. ``only`` narrows it to ports by their whole names. A folder gets one file a port. ``progress`` is called
    before each port and may raise to give up; what was written by then stays. Raises ``NotFoundError`` for an unknown
    port.
    """
    now = datetime.now(UTC).timestamp()
    fleet = said.read(archive)
    widest = _widest(days, from_, to, now)
    records = read_archive(archive, None, (widest[0] - YEAR_S, widest[1]), zone=zone, fleet=fleet, library=library)
    told = read_reported(outages) if outages is not None else None
    asked = [p for p in records.ports.values() if _is_asked(p, id_, fleet) and (only is None or p.name in only)]
    ports = sorted(asked, key=lambda port: port.name)
    if not ports:
        raise NotFoundError(f"There is no port or site {id_!r} in this archive.", "`evtech fleet list` names them.")
    states, attempts = by_port(States.of(records.states or ())), by_port(Attempts.of(records.attempts))
    paid = payments(archive, *widest)
    places = Places(files, "availability", several=len(ports) > 1)
    written: list[Written] = []
    for number, port in enumerate(ports):
        progress(port.name, number, len(ports))
        period = days.in_zone(port.timezone) if days is not None else widest
        own = [o for o in (fleet.standing if told is None else told) if o.port == port.name]
        seen = None if told is not None else states.get(port.name, States.of(()))
        tried = attempts.get(port.name, Attempts.of(()))
        case = Case(port, fleet.facts(port.name), period, now, tried, own, seen, paid)
        marks = [*_marked(archive, port, period, lang), *_file_mark(outages, lang)]
        summary = availability_summary(case, lang, marks, prepared_by or usual_name() or "")
        written += write_summary(summary, lang, seal=seal, **places.of(port.name))
    return written


def availability_summary(case: Case, lang: str, marks: Iterable[str] = (), prepared_by: str = "") -> Summary:
    """Return what one port's report says; ``marks`` are remarks on where its data came from."""
    w = words(lang)
    a = w["availability"]
    whole, year = case.figures(case.period), case.figures(case.year)
    months = months_of(case)
    sheets = [month_sheet(case, months, a), outage_sheet(case, a, lang), *session_sheets(case, a, lang),
              quarter_sheet(case, months, a), exclusion_sheet(case, a, lang)]  # fmt: skip
    is_proved = (year.coverage_pct or 0.0) >= PROOF_PCT and case.period[1] <= case.now + 1.0
    meets = year.nevi_uptime_pct > NEVI_TARGET_PCT
    tone = ("green" if meets else "red") if is_proved else "grey"
    record = _record(case, whole, year, prepared_by)
    about = Sheet(a["about"], tuple(a["about_head"]), [[name, value] for name, value in _flat(record)], "about")
    return Summary(
        a["title"], f"{case.port.name} · {case.port.site or '—'}", f"{_number(year.nevi_uptime_pct, lang, 3)} %", tone,
        a["above" if meets else "below"] if is_proved else a["unproved"],
        [*_remarks(case, year, a, lang), *marks], _blocks(case, whole, year, sheets, w, lang, prepared_by), record,
        [*sheets, about],
    )  # fmt: skip


def _blocks(
    case: Case, whole: PortAvailability, year: PortAvailability, sheets: list[Sheet], w: dict[str, Any], lang: str,
    prepared_by: str,
) -> list[Block]:  # fmt: skip
    """Return the report's body: what a funder reads and signs first, then what it rests on."""
    a = w["availability"]
    months, outages, failed, sessions, quarters, exclusions = sheets
    widths, figures = (0, 0, 1.1, 1, 1.4, 1, 0.9), figure_sheet(whole, year, a)
    return [
        facts(_facts(case, a, lang, prepared_by)),
        *sheet_table(figures, (2.4, 1.3, 1.3), (1, 2), w, lang, by_row=(1, 1, 3, 3, 3, 1, 0, 1, 1, 2)),
        heading(a["months"]),
        *sheet_table(with_days(months), (1.2, 1, 1.1, 1, 1.2, 1), (1, 2, 3, 4, 5), w, lang, digits=(1, 1, 3, 3, 1)),
        heading(a["quarters"]),
        *sheet_table(quarters, (0.9, 1, 1.1, 1.2, 0.9, 1, 1), (1, 2, 3, 4, 5, 6), w, lang, digits=(1, 1, 3, 0, 0, 1)),
        heading(a["exclusions"]),
        *sheet_table(exclusions, (0, 0, 1.1, 0, 1.5, 1.2), (3,), w, lang, digits=(1,)),
        heading(a["outages"]),
        *sheet_table(outages, (0, 0, 0, 0, 1.2, 1.4), (2, 3), w, lang, digits=(1, 1)),
        heading(a["method_head"]), text(a["method"]),
        signatures([(a["signed_by"], prepared_by), (a["signed_for"], "")]),
        heading(a["failed"]), *sheet_table(failed, widths, (2, 3), w, lang, digits=(3, 2)),
        heading(a["sessions"]),
        *sheet_table(sessions, widths, (2, 3), w, lang, digits=(3, 2), most=MOST_SESSIONS),
    ]  # fmt: skip


def _facts(case: Case, a: dict[str, Any], lang: str, prepared_by: str) -> list[tuple[str, str]]:
    def power(value: float | None) -> str:
        return "—" if value is None else f"{_power(value, lang)} kW"

    port, least = case.port, case.facts.number("min_kw")
    first, last = case.at(case.period[0]), case.at(case.period[1])
    since = f"{case.at(port.in_service_from):%Y-%m-%d}" if port.in_service_from is not None else "—"
    until = f" – {case.at(port.in_service_to):%Y-%m-%d}" if port.in_service_to is not None else ""
    return [
        (a["station"], case.station or "—"), (a["port"], case.evse),
        (a["rated"], power(port.rated_kw) + (f" ({a['required']} {power(least)})" if least is not None else "")),
        (a["service"], since + until),
        (a["period"], f"{first:%Y-%m-%d %H:%M} – {last:%Y-%m-%d %H:%M} ({port.timezone})"),
        (a["prepared_by"], prepared_by or "—"),
    ]  # fmt: skip


def _remarks(case: Case, year: PortAvailability, a: dict[str, Any], lang: str) -> list[str]:
    """Return what must be known before the figure is believed."""
    found = []
    if case.period[1] > case.now + 1.0:
        found.append(a["unfinished"])
    if (year.coverage_pct or 0.0) < PROOF_PCT:
        found.append(a["coverage_low"].format(pct=_number(year.coverage_pct or 0.0, lang)))
    if (case.port.in_service_from or case.year[0]) > case.year[0] or (case.port.in_service_to or case.now) < case.year[
        1
    ]:
        days = round(measure(case.down(case.year).service) / 1440)
        found.append(a["partial"].format(days=days))
    found += _vouched(case, a, lang) + _doubted(case, a, lang)
    bare = sum(o.excluded and not o.evidence for o in case.told if o.start < case.period[1])
    if bare:
        found.append(a["no_evidence"].format(n=bare))
    return found + _least_power(case, a, lang)


def _vouched(case: Case, a: dict[str, Any], lang: str) -> list[str]:
    """Say how much of the twelve months is known by somebody's word alone."""
    span, seen = case.facts.complete, case.seen(case.year)
    if span is None or seen is None:
        return []
    down = case.down(case.year)
    alone = measure(subtract(intersect(down.known, [span]), union([*seen.known, *down.outages])))
    if alone <= 0:
        return []
    word = case.facts.words["complete_from"]
    pct = _number(100 * alone / max(measure(down.service), 1e-9), lang)
    first, last = (f"{case.at(moment):%Y-%m-%d}" for moment in span)
    return [a["vouched"].format(pct=pct, who=word.by or "—", first=first, last=last, at=f"{word.at:%Y-%m-%d}")]


def _doubted(case: Case, a: dict[str, Any], lang: str) -> list[str]:
    """Say how long a vehicle was seen charging in a reported outage: the report counts, the reader may ask."""
    if case.states is None:
        return []
    told = union((o.start, case.now if o.end is None else o.end) for o in case.outages if not o.is_exclusion)
    charged = union(case.attempts.energy_span)
    minutes = measure(intersect(intersect(told, charged), [case.year]))
    return [a["doubted"].format(min=_number(minutes, lang))] if minutes >= 1.0 else []


def _least_power(case: Case, a: dict[str, Any], lang: str) -> list[str]:
    least, peaks = case.facts.number("min_kw"), [x.peak_kw for x in case.sessions if x.peak_kw is not None]
    if least is None:
        return []
    found = []
    if case.port.rated_kw is not None and case.port.rated_kw < least:
        found.append(a["too_weak"].format(kw=_power(case.port.rated_kw, lang), least=_power(least, lang)))
    reached = sum(peak >= least for peak in peaks)
    if peaks:
        found.append(a["reached"].format(k=reached, n=len(peaks), least=_power(least, lang)))
    if reached < len(peaks):
        found[-1] += f" {a['reached_less']}"
    return found


def _record(case: Case, whole: PortAvailability, year: PortAvailability, prepared_by: str) -> dict[str, Any]:
    """Return the figures as data; the tables lie beside them."""
    port = case.port
    return {
        "schema": "evtech.availability/1", "port": port.name, "site": port.site, "station_id": case.station,
        "evse_id": case.evse, "timezone": port.timezone, "rated_kw": port.rated_kw,
        "min_kw": case.facts.number("min_kw"),
        "from": iso(case.period[0]), "to": iso(case.period[1]),
        "nevi_uptime_pct": whole.nevi_uptime_pct, "nevi_actual_pct": whole.nevi_actual_pct,
        "cec_uptime_pct": whole.cec_uptime_pct, "outage_min": whole.outage_min, "excluded_min": whole.excluded_min,
        "coverage_pct": whole.coverage_pct,
        "twelve_months": {
            "from": iso(case.year[0]), "nevi_uptime_pct": year.nevi_uptime_pct,
            "nevi_actual_pct": year.nevi_actual_pct, "cec_uptime_pct": year.cec_uptime_pct,
            "outage_min": year.outage_min, "excluded_min": year.excluded_min, "coverage_pct": year.coverage_pct,
            "service_min": year.service_min,
        },
        "prepared_by": prepared_by,
    }  # fmt: skip


def _flat(record: dict[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    rows: list[tuple[str, Any]] = []
    for name, value in record.items():
        rows += _flat(value, f"{name}.") if isinstance(value, dict) else [(prefix + name, value)]
    return rows


def _marked(archive: Archive, port: Port, period: Interval, lang: str) -> list[str]:
    """Return how many sessions were imported or simulated."""
    first, after = (datetime.fromtimestamp(moment, UTC) for moment in period)
    lines = archive.session_list(SessionFilter(first, after, port=port.name)).lines
    counts = {"imported": sum(x.source != RECORDED for x in lines), "simulated": sum(x.simulated for x in lines)}
    c = words(lang)["customer"]
    return [c[name].format(n=n) for name, n in counts.items() if n]


def _file_mark(outages: Path | None, lang: str) -> list[str]:
    return [words(lang)["availability"]["from_file"].format(file=outages.name)] if outages is not None else []


def _widest(days: Days | None, from_: datetime | None, to: datetime | None, now: float) -> Interval:
    """Return the period, or one around the days in every zone of the world."""
    if days is not None:
        first, after = days.in_zone("UTC")
        return first - 86400.0, after + 86400.0
    end = to.timestamp() if to is not None else now
    return (from_.timestamp() if from_ is not None else end - YEAR_S), end


def _is_asked(port: Port, id_: str, fleet: Fleet) -> bool:
    own = fleet.facts(port.name)
    named = " ".join((port.name, port.site, own.text("station_id"), own.text("evse_id")))
    return id_ == "all" or id_.casefold() in named.casefold()


def _power(value: float, lang: str) -> str:
    return f"{value:g}".replace(".", "," if lang == "de" else ".")


def _number(value: float, lang: str, digits: int = 1) -> str:
    return f"{value:.{digits}f}".replace(".", "," if lang == "de" else ".")
