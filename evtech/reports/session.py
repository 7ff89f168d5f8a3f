"""The session report: who, what, when, registers, energy, phases, gaps, curves. PDF and HTML from the same data."""

import json
import tomllib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from evtech import VERSION, paths
from evtech.errors import InputError, NotFoundError
from evtech.insights.finding_words import severity_word
from evtech.insights.kept_findings import finding_lines, statuses
from evtech.measure.quantity import NARROW_SPACE, UNKNOWN, shown
from evtech.reports.charts import Curve, Panel, stacked
from evtech.reports.html import render
from evtech.reports.samples_csv import samples_csv
from evtech.reports.sealing import Written, write_pdf, written_whole
from evtech.reports.session_words import end_word, phase_word
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession, Visit
from evtech.store.session_rows import contract

LANGUAGES = ("en", "de")
REGISTER_DECIMALS = 4  # of a kWh: registers step by 0.1 Wh, and the difference must be what the eye computes


def write_session_report(
    archive: Archive,
    session_id: str,
    *,
    pdf: Path | None = None,
    html: Path | None = None,
    lang: str = "en",
    made: datetime | None = None,
    seal: bool = True,
) -> list[Written]:
    """Write the report of a session; return each file with its SHA-256.

    Raises ``NotFoundError``, ``InputError`` for an unknown language, ``ArchiveError`` for a file that cannot be
    written.
    """
    if lang not in LANGUAGES:
        raise InputError(f"There is no report in {lang!r}.", f"Languages: {', '.join(LANGUAGES)}.")
    made = made or datetime.now(UTC)
    session = archive.session(session_id)
    data = contents(session, _visit(archive, session), lang, made) | {"findings": _findings(archive, session, lang)}
    svg = _curves(archive, session, data["w"])
    written: list[Written] = []
    if pdf is not None:
        from evtech.reports.pdf import compile_pdf

        files = {
            "data.json": json.dumps(data).encode(),
            "curves.svg": svg.encode(),
            "session.json": json.dumps(contract(session), indent=1).encode(),
            "samples.csv": samples_csv(archive, session).encode(),
        }
        written.append(write_pdf(pdf, compile_pdf("session", files, made), seal=seal))
    if html is not None:
        written.append(written_whole(html, render(data, svg).encode()))
    return written


def contents(session: ChargingSession, visit: Visit | None, lang: str, made: datetime) -> dict[str, Any]:
    """Return everything the report says, as texts; ``made`` is when it was made."""
    w = tomllib.loads((paths.resources() / "i18n" / f"report_{lang}.toml").read_text("utf-8"))

    def number(value: float | None, unit: str, decimals: int | None = None) -> str:
        digits, label = shown(value, unit, decimals)
        digits = digits.replace(".", ",") if lang == "de" else digits
        return digits if digits == UNKNOWN else f"{digits}{NARROW_SPACE}{label}"

    c = session.charger
    end = session.ended
    energy = number(session.energy_wh, "Wh")
    apparent = session.apparent_energy_vah
    difference = session.energy_wh if session.register_point else None
    return {
        "lang": lang,
        "w": w,
        "title": w["title"],
        "short_id": session.id[:8],
        "date": [made.year, made.month, made.day],
        "software": f"{w['software']} evtech {VERSION}, {_local(made)}",
        "energy": energy if session.energy_wh is not None else f"{w['energy']}: {w['no_energy']}",
        "energy_how": f"{w['energy_from']} {w[session.energy_source]}" if session.energy_source else "",
        "remarks": _remarks(session, w, number),
        "device": [
            [w["device"], f"{c.vendor} {c.model}"],
            [w["serial"], c.serial_number or w["unknown"]],
            [w["firmware"], c.firmware_version or w["unknown"]],
            [w["link"], c.link],
            [w["started"], _local(session.started)],
            [w["ended"], _local(end) if end else UNKNOWN],
            [w["duration"], _clock((end - session.started).total_seconds()) if end else UNKNOWN],
            [w["charging"], _clock(session.charging_s)],
            [w["mean_power"], number(session.mean_power_w, "W")],
            [w["peak_power"], number(session.peak_power_w, "W")],
            [w["stop_reason"], end_word(session.stop_reason, lang) or UNKNOWN],
            [w["site"], visit.site if visit and visit.site else UNKNOWN],
            [w["technician"], visit.technician if visit and visit.technician else UNKNOWN],
        ],
        "register": [
            [w["register"], session.register_point or UNKNOWN],
            [w["register_start"], number(session.register_start_wh, "Wh", REGISTER_DECIMALS)],
            [w["register_end"], number(session.register_end_wh, "Wh", REGISTER_DECIMALS)],
            [w["difference"], number(difference, "Wh", REGISTER_DECIMALS)],
            [w["counter"], number(session.session_counter_wh, "Wh")],
            *([[w["apparent"], number(apparent, "VAh")]] if apparent is not None else []),
        ],
        "phases": [
            [phase_word(p.phase, lang), _local(p.start), _local(p.end) if p.end else UNKNOWN,
             _clock((p.end - p.start).total_seconds()) if p.end else UNKNOWN]
            for p in session.phases
        ],
        "gaps": [
            [_local(g.start), _local(g.end), _clock((g.end - g.start).total_seconds()), g.reason] for g in session.gaps
        ],
        "faults": [[str(e["code"]), e.get("meaning") or w["not_published"]] for e in session.errors],
        "findings": [],
        "notes": list(session.notes),
        "profile_hash": f"{w['profile']}: {c.profile}.",
    }  # fmt: skip


def _remarks(session: ChargingSession, w: dict[str, str], number: Any) -> list[str]:
    """Return what must be known beside the energy; ``number`` formats a value with its unit."""
    remarks = [w["simulated"]] if session.simulated else []
    if session.ended is None:
        remarks.append(w["running"])
    if session.partial_start:
        remarks.append(w["partial"])
    if session.energy_wh is None and session.apparent_energy_vah is not None:
        remarks.append(f"{w['apparent']}: {number(session.apparent_energy_vah, 'VAh')}")
    if session.gaps:
        missing = sum((gap.end - gap.start).total_seconds() for gap in session.gaps)
        remarks.append(w["gaps_note"].format(n=len(session.gaps), s=f"{missing:.0f}"))
    elif session.ended and not session.partial_start:
        remarks.append(w["complete"])
    return remarks


def _findings(archive: Archive, session: ChargingSession, lang: str) -> list[list[str]]:
    """Return what rules found in the session's data, and what was said of it; dismissed findings come last."""
    found = finding_lines(archive.results(session_id=session.id), statuses(archive), lang)
    return [[severity_word(f.severity, lang), f.text, f.status] for f in sorted(found, key=lambda f: f.is_dismissed)]


def _curves(archive: Archive, session: ChargingSession, w: dict[str, str]) -> str:
    end = session.ended or session.last_seen or datetime.now(UTC)
    names = {name for name, _ in archive.points(session.recording_id)}
    power = "power_total" if "power_total" in names else "apparent_power_total"
    title = w["power"] if power == "power_total" else w["apparent_power"]
    phases = ("l1", "l2", "l3")
    wanted = (
        (w["voltage"], 1, tuple((f"L{i}", f"voltage_{p}") for i, p in enumerate(phases, 1))),
        (w["current"], 1, tuple((f"L{i}", f"current_{p}") for i, p in enumerate(phases, 1))),
        (title, 1000, (("P" if power == "power_total" else "S", power),)),
    )
    gaps = [(gap.start.timestamp(), gap.end.timestamp()) for gap in session.gaps]
    panels = []
    for text, divisor, curves in wanted:
        drawn = [_curve(archive, session, end, label, name, divisor, gaps) for label, name in curves if name in names]
        if drawn:
            panels.append(Panel(text, tuple(drawn)))
    return stacked(panels, session.started.timestamp(), end.timestamp(), gaps, w["alt"])


def _curve(
    archive: Archive,
    session: ChargingSession,
    end: datetime,
    label: str,
    name: str,
    divisor: float,
    gaps: list[tuple[float, float]],
) -> Curve:
    recordings = (*session.earlier_recordings, session.recording_id)
    parts = [archive.series(recording, name, session.started, end) for recording in recordings]
    times = np.concatenate([part.times for part in parts])
    values = np.concatenate([part.values for part in parts]) / divisor
    for start, stop in gaps:
        at = int(np.searchsorted(times, (start + stop) / 2))
        times, values = np.insert(times, at, (start + stop) / 2), np.insert(values, at, np.nan)
    return Curve(label, times, values)


def _visit(archive: Archive, session: ChargingSession) -> Visit | None:
    try:
        return archive.visit(session.visit_id)
    except NotFoundError:
        return None


def _local(moment: datetime) -> str:
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S %z")


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"
