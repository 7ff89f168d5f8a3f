"""The availability report: each port's uptime by month as regulators ask for it, with outages and failed sessions.

Fields of 23 CFR 680.112(a) and the formula of 680.116(b): uptime of the twelve months up to each month's end, minutes
of outage and of excluded outage in the month, the duration of each outage.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from evtech.errors import NotFoundError
from evtech.insights.archive_records import read_archive
from evtech.insights.availability import downtime, port_availability
from evtech.insights.fleet_files import read_reported
from evtech.insights.intervals import Interval, measure
from evtech.insights.overview import NEVI_TARGET_PCT
from evtech.insights.records import Attempt, Outage, Port, Records
from evtech.insights.reported import as_outage
from evtech.insights.success import is_success
from evtech.insights.trends import MONTH, boundaries
from evtech.reports.document import facts, heading, text
from evtech.reports.sealing import Written
from evtech.reports.summary import Sheet, Summary, sheet_table, words, write_summary
from evtech.store.archive import Archive
from evtech.store.session_list import RECORDED, SessionFilter

_YEAR_S = 365 * 86400.0  # 525,600 min: the rule's year


def write_availability(
    archive: Archive, id_: str, *, lang: str = "en", from_: datetime | None = None, to: datetime | None = None,
    outages: Path | None = None, zone: str = "UTC", seal: bool = True, **files: Path | None,
) -> list[Written]:  # fmt: skip
    """Write a port's report over [from, to), by default the twelve months until now; ``all`` writes one file a port.

    ``outages`` is a CSV of outages and exclusions that takes the place of what was watched. Raises ``NotFoundError``
    for an unknown port.
    """
    now = datetime.now(UTC).timestamp()
    end = to.timestamp() if to is not None else now
    period = (from_.timestamp() if from_ is not None else end - _YEAR_S, end)
    records = read_archive(archive, None, (period[0] - _YEAR_S, period[1]), zone=zone)
    known = [as_outage(each) for each in read_reported(outages)] if outages is not None else None
    ports = [p for p in records.ports.values() if id_ == "all" or id_.casefold() in f"{p.name} {p.site}".casefold()]
    if not ports:
        raise NotFoundError(f"There is no port or site {id_!r} in this archive.", "`evtech insights` names the ports.")
    written = []
    for port in ports:
        summary = availability_summary(records, known, port, period, now, lang, _marked(archive, port, period, lang))
        own = {kind: path if len(ports) == 1 else _named(path, port) for kind, path in files.items() if path}
        written += write_summary(summary, lang, seal=seal, **own)
    return written


def availability_summary(
    records: Records, outages: list[Outage] | None, port: Port, period: Interval, now: float, lang: str,
    marks: Sequence[str] = (),
) -> Summary:  # fmt: skip
    """Return what one port's report says; ``marks`` are remarks on where its data came from."""
    w = words(lang)
    a = w["availability"]
    own = [o for o in outages if o.port == port.name] if outages is not None else None
    states = [s for s in records.states or () if s.port == port.name] if own is None else None
    down = downtime(own, states, port, period, now)
    assert down is not None  # one of both is a list
    whole = port_availability(port.name, down, own or ())
    attempts = [x for x in records.attempts if x.port == port.name and period[0] <= x.start < period[1]]
    months = Sheet(a["months"], tuple(a["month_head"]), _months(port, own, states, period, now))
    episodes = Sheet(a["outages"], tuple(a["outage_head"]), [
        [_moment(s), None if whole.open_since is not None and e > whole.open_since else _moment(e), (e - s) / 60]
        for s, e in down.outages
    ])  # fmt: skip
    failed = Sheet(a["failed"], tuple(a["failed_head"]), [_session(x) for x in attempts if not is_success(x)])
    sessions = Sheet(a["sessions"], tuple(a["session_head"]), [_session(x) for x in attempts])
    coverage = whole.coverage_pct or 0.0
    is_proved = coverage >= 95.0
    meets = whole.nevi_uptime_pct > NEVI_TARGET_PCT
    tone = ("green" if meets else "red") if is_proved else "grey"
    remarks = [] if is_proved else [a["coverage_low"].format(pct=_number(coverage, lang))]
    remarks += [a["partial"].format(days=round(measure(down.service) / 1440))] if _is_partial(port, period) else []
    remarks += marks
    return Summary(
        a["title"], f"{port.name} · {port.site or '—'}", f"{_number(whole.nevi_uptime_pct, lang, 3)} %", tone,
        a["above" if meets else "below"] if is_proved else a["unproved"], remarks,
        [facts(_facts(port, period, whole, a, lang)), heading(a["months"]),
         *sheet_table(months, (1, 1, 1, 1, 1, 1), (1, 2, 3, 4, 5), w, lang), heading(a["outages"]),
         *sheet_table(episodes, (2, 2, 1), (2,), w, lang), heading(a["failed"]),
         *sheet_table(failed, (2, 2, 1, 1, 1.4), (2, 3), w, lang), text(a["payment"]), text(a["method"])],
        {"schema": "evtech.availability/1", "port": port.name, "site": port.site,
         "from": _moment(period[0]).isoformat(), "to": _moment(period[1]).isoformat(),
         "nevi_uptime_pct": whole.nevi_uptime_pct, "nevi_actual_pct": whole.nevi_actual_pct,
         "cec_uptime_pct": whole.cec_uptime_pct, "outage_min": whole.outage_min, "excluded_min": whole.excluded_min,
         "coverage_pct": whole.coverage_pct},
        [months, episodes, failed, sessions],
    )  # fmt: skip


def _marked(archive: Archive, port: Port, period: Interval, lang: str) -> list[str]:
    """Return how many sessions were imported or simulated."""
    wanted = SessionFilter(_moment(period[0]), _moment(period[1]), port=port.name)
    lines = archive.session_list(wanted).lines
    counts = {"imported": sum(x.source != RECORDED for x in lines), "simulated": sum(x.simulated for x in lines)}
    c = words(lang)["customer"]
    return [c[name].format(n=n) for name, n in counts.items() if n]


def _months(
    port: Port, outages: list[Outage] | None, states: Any, period: Interval, now: float
) -> list[list[Any]]:  # fmt: skip
    """Return a row a month: outage and excluded minutes in it, uptime of the twelve months up to its end."""
    limits = boundaries(period, port.timezone, MONTH)
    rows = []
    for start, end in pairwise(limits):
        month = downtime(outages, states, port, (start, end), now)
        year = downtime(outages, states, port, (end - _YEAR_S, end), now)
        assert month is not None
        assert year is not None
        in_month, in_year = port_availability(port.name, month), port_availability(port.name, year)
        rows.append([
            _moment(start).strftime("%Y-%m"), in_month.outage_min, in_month.excluded_min, in_month.nevi_actual_pct,
            in_year.nevi_uptime_pct, in_month.coverage_pct,
        ])  # fmt: skip
    return rows


def _facts(port: Port, period: Interval, whole: Any, a: dict[str, Any], lang: str) -> list[tuple[str, str]]:
    def number(value: float | None, unit: str, digits: int = 1) -> str:
        return "—" if value is None else f"{_number(value, lang, digits)} {unit}"

    return [
        (a["station"], port.site or "—"), (a["port"], port.name),
        (a["period"], f"{_moment(period[0]):%Y-%m-%d} – {_moment(period[1]):%Y-%m-%d} ({port.timezone})"),
        (a["t_outage"], number(whole.outage_min, "min")), (a["t_excluded"], number(whole.excluded_min, "min")),
        (a["fixed"], number(whole.nevi_uptime_pct, "%", 3)), (a["actual"], number(whole.nevi_actual_pct, "%", 3)),
        (a["california"], number(whole.cec_uptime_pct, "%", 3)), (a["coverage"], number(whole.coverage_pct, "%")),
        (a["mtbf"], number(whole.mtbf_h, "h")), (a["mtbf_low"], number(whole.mtbf_low_h, "h")),
        (a["mttr"], number(whole.mttr_h, "h", 2)),
    ]  # fmt: skip


def _session(attempt: Attempt) -> list[Any]:
    return [_moment(attempt.start), _moment(attempt.end), attempt.energy_kwh, attempt.peak_kw,
            attempt.error_code or attempt.end_reason]  # fmt: skip


def _is_partial(port: Port, period: Interval) -> bool:
    return period[1] - period[0] < _YEAR_S - 1 or (port.in_service_from or period[0]) > period[0]


def _named(path: Path, port: Port) -> Path:
    """Return a file name of its own for each port: ``uptime.pdf`` becomes ``uptime-NAME.pdf``."""
    name = "".join(c if c.isalnum() else "-" for c in port.name)
    return path.with_name(f"{path.stem}-{name}{path.suffix}")


def _number(value: float, lang: str, digits: int = 1) -> str:
    return f"{value:.{digits}f}".replace(".", "," if lang == "de" else ".")


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
