"""The summary for a customer: exactly these sessions, by charger and one by one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evtech.errors import NotFoundError
from evtech.reports.document import heading
from evtech.reports.sealing import Written
from evtech.reports.summary import Sheet, Summary, sheet_table, words, write_summary
from evtech.store.archive import Archive
from evtech.store.session_list import RECORDED, SessionFilter, SessionLine


def write_customer(
    archive: Archive, id_: str, *, lang: str = "en", from_: datetime | None = None, to: datetime | None = None,
    seal: bool = True, **files: Path | None,
) -> list[Written]:  # fmt: skip
    """Write the summary of a site's or a charger's sessions (``all`` for every one); return files with SHA-256."""
    wanted = None if id_ == "all" else id_
    lines = archive.session_list(SessionFilter(from_, to, site=wanted)).lines
    lines = lines or archive.session_list(SessionFilter(from_, to, charger=wanted)).lines
    if not lines:
        raise NotFoundError(f"There is no session of a site or charger {id_!r}.", "`evtech sessions list` shows them.")
    return write_customer_report(lines, lang=lang, seal=seal, **files)


def write_customer_report(
    lines: Sequence[SessionLine], lang: str = "en", seal: bool = True, **files: Path | None
) -> list[Written]:
    """Write the summary of exactly these sessions; return each file with its SHA-256."""
    return write_summary(customer_summary(lines, lang), lang, seal=seal, **files)


def customer_summary(lines: Sequence[SessionLine], lang: str) -> Summary:
    """Return what the summary of sessions says."""
    w = words(lang)
    c = w["customer"]
    counted = [line for line in lines if line.twin is None]
    chargers = Sheet(c["chargers"], tuple(c["charger_head"]), _by_charger(counted), "chargers")
    sessions = Sheet(c["sessions"], tuple(c["session_head"]), [_row(line, c) for line in lines], "sessions")
    total = sum(line.energy_wh or 0.0 for line in counted) / 1000
    counts = {
        "without": sum(line.energy_wh is None for line in counted), "twice": len(lines) - len(counted),
        "imported": sum(x.source != RECORDED for x in lines), "simulated": sum(x.simulated for x in lines),
    }  # fmt: skip
    remarks = [c[name].format(n=count) for name, count in counts.items() if count]
    times = [line.started for line in lines]
    first, last = (datetime.fromtimestamp(t, UTC).date().isoformat() for t in (min(times), max(times)))
    kwh = f"{total:.3f} kWh".replace(".", "," if lang == "de" else ".")
    return Summary(
        c["title"], c["subtitle"].format(first=first, last=last), kwh, "grey", c["sentence"].format(n=len(counted)),
        remarks,
        [heading(c["chargers"]), *sheet_table(chargers, (3, 2, 1, 1, 1), (2, 3, 4), w, lang),
         heading(c["sessions"]), *sheet_table(sessions, (2.3, 2.6, 1.4, 1, 1, 1.2, 1), (3, 4), w, lang)],
        {"schema": "evtech.customer/1", "sessions": [_json(line) for line in lines], "total_energy_wh": total * 1000},
        [sessions, chargers],
    )  # fmt: skip


def _by_charger(lines: Sequence[SessionLine]) -> list[list[Any]]:
    groups: dict[tuple[str, str], list[SessionLine]] = {}
    for line in lines:
        groups.setdefault((line.port, line.site), []).append(line)
    return [
        [port, site, len(own), sum(x.energy_wh or 0.0 for x in own) / 1000,
         max((x.peak_power_w for x in own if x.peak_power_w is not None), default=None)]
        for (port, site), own in sorted(groups.items())
    ]  # fmt: skip


def _row(line: SessionLine, c: dict[str, Any]) -> list[Any]:
    hours = (line.ended - line.started) / 3600 if line.ended is not None else None
    kwh = line.energy_wh / 1000 if line.energy_wh is not None else None
    end = " ".join(filter(None, (line.stop_reason, line.error_code)))
    start = datetime.fromtimestamp(line.started, UTC)
    source = line.source if line.twin is None else f"{line.source}, {c['not_counted']}"
    return [start, line.port, line.site, hours, kwh, end, source]


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
