"""The summary for a customer: exactly these sessions, by charger and one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from evtech.errors import NotFoundError
from evtech.reports.document import heading
from evtech.reports.periods import local
from evtech.reports.sealing import Written
from evtech.reports.session_words import end_word, source_word
from evtech.reports.summary import Sheet, Summary, sheet_table, words, write_summary
from evtech.store import fleet
from evtech.store.archive import Archive
from evtech.store.session_list import RECORDED, SessionFilter, SessionLine

_WIDTHS = (2.9, 2.8, 1.3, 0.7, 1.1, 1.4, 1.5)  # of the columns of sessions on paper; files have the end as well


@dataclass(frozen=True, slots=True)
class Clocks:
    """The zone of each port's wall clock; ``zone`` that of ports of which nobody said one."""

    zone: str = "UTC"
    by_port: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, archive: Archive, zone: str = "UTC") -> "Clocks":
        """Return what people said of an archive's ports."""
        known = {name: facts.text("timezone") for name, facts in fleet.read(archive).ports.items()}
        return cls(zone, {name: own for name, own in known.items() if own})

    def at(self, port: str, moment: float) -> datetime:
        """Return an instant on a port's own clock."""
        return local(moment, self.by_port.get(port, self.zone))


def write_customer(
    archive: Archive, id_: str, *, lang: str = "en", from_: datetime | None = None, to: datetime | None = None,
    zone: str = "UTC", seal: bool = True, **files: Path | None,
) -> list[Written]:  # fmt: skip
    """Write the summary of a site's or a charger's sessions (``all`` for every one); return files with SHA-256.

    ``zone`` is the IANA zone of ports of which nobody said one.
    """
    wanted = None if id_ == "all" else id_
    lines = archive.session_list(SessionFilter(from_, to, site=wanted)).lines
    lines = lines or archive.session_list(SessionFilter(from_, to, charger=wanted)).lines
    if not lines:
        raise NotFoundError(f"There is no session of a site or charger {id_!r}.", "`evtech sessions list` shows them.")
    period = (from_, to) if from_ is not None and to is not None else None
    return write_customer_report(lines, Clocks.of(archive, zone), period, lang=lang, seal=seal, **files)


def write_customer_report(
    lines: Sequence[SessionLine], clocks: Clocks, period: tuple[datetime, datetime] | None = None, lang: str = "en",
    *, seal: bool = True, **files: Path | None,
) -> list[Written]:  # fmt: skip
    """Write the summary of exactly these sessions; return each file with its SHA-256."""
    return write_summary(customer_summary(lines, lang, clocks, period), lang, seal=seal, **files)


def customer_summary(
    lines: Sequence[SessionLine], lang: str, clocks: Clocks | None = None,
    period: tuple[datetime, datetime] | None = None,
) -> Summary:  # fmt: skip
    """Return what the summary of sessions says, the first one first; ``period`` is what was asked for."""
    w, clocks = words(lang), clocks or Clocks()
    c = w["customer"]
    lines = sorted(lines, key=lambda line: (line.started, line.port))
    counted = [line for line in lines if line.twin is None]
    chargers = Sheet(c["chargers"], tuple(c["charger_head"]), _by_charger(counted), "chargers")
    rows = [_row(line, c, clocks, lang) for line in lines]
    sessions = Sheet(c["sessions"], tuple(c["session_head"]), rows, "sessions")
    total = sum(line.energy_wh or 0.0 for line in counted) / 1000
    counts = {
        "without": sum(line.energy_wh is None for line in counted), "twice": len(lines) - len(counted),
        "imported": sum(x.source != RECORDED for x in lines), "simulated": sum(x.simulated for x in lines),
    }  # fmt: skip
    remarks = [c[name].format(n=count) for name, count in counts.items() if count]
    first, last = _days(lines, clocks, period)
    kwh = f"{total:.3f} kWh".replace(".", "," if lang == "de" else ".")
    return Summary(
        c["title"], c["subtitle"].format(first=first, last=last), kwh, "grey", c["sentence"].format(n=len(counted)),
        remarks,
        [heading(c["chargers"]), *sheet_table(chargers, (3, 2, 1, 1, 1), (2, 3, 4), w, lang, digits=(0, 3, 2)),
         heading(c["sessions"]), *sheet_table(sessions, _WIDTHS, (3, 4), w, lang, digits=(0, 3))],
        {"schema": "evtech.customer/1", "sessions": [_json(line) for line in lines], "total_energy_wh": total * 1000},
        [sessions, chargers],
    )  # fmt: skip


def _by_charger(lines: Sequence[SessionLine]) -> list[list[Any]]:
    groups: dict[tuple[str, str], list[SessionLine]] = {}
    for line in lines:
        groups.setdefault((line.port, line.site), []).append(line)
    return [
        [port, site, len(own), sum(x.energy_wh or 0.0 for x in own) / 1000,
         max((x.peak_power_w / 1000 for x in own if x.peak_power_w is not None), default=None)]
        for (port, site), own in sorted(groups.items())
    ]  # fmt: skip


def _row(line: SessionLine, c: dict[str, Any], clocks: Clocks, lang: str) -> list[Any]:
    end = clocks.at(line.port, line.ended) if line.ended is not None else None
    minutes = (line.ended - line.started) / 60 if line.ended is not None else None
    kwh = line.energy_wh / 1000 if line.energy_wh is not None else None
    why = " ".join(filter(None, (end_word(line.stop_reason, lang), line.error_code)))
    source = source_word(line.source, lang)
    source = source if line.twin is None else f"{source}, {c['not_counted']}"
    return [clocks.at(line.port, line.started), line.port, line.site, minutes, kwh, why, source, end]


def _days(
    lines: Sequence[SessionLine], clocks: Clocks, period: tuple[datetime, datetime] | None
) -> tuple[str, str]:  # fmt: skip
    """Return the first and the last day: of what was asked for, else of the sessions."""
    if period is not None:
        first, last = period[0], period[1] - timedelta(microseconds=1)  # the end is not in it
    else:
        first, last = (clocks.at(line.port, line.started) for line in (lines[0], lines[-1]))
    return first.date().isoformat(), last.date().isoformat()


def _json(line: SessionLine) -> dict[str, Any]:
    names = (
        "id",
        "port",
        "site",
        "started",
        "ended",
        "energy_wh",
        "peak_power_w",
        "stop_reason",
        "error_code",
        "source",
    )
    same_as = line.twin.of if line.twin is not None else None
    return {name: getattr(line, name) for name in names} | {
        "corrected": list(line.corrected), "left_out": line.twin.why if line.twin is not None else None,
        "same_as": same_as,
    }  # fmt: skip
