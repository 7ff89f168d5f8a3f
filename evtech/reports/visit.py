"""The report of a visit: who was where and why, what was recorded, what was found, what was corrected."""

from datetime import UTC, datetime
from pathlib import Path

from evtech.errors import NotFoundError
from evtech.insights.finding_words import severity_word
from evtech.insights.kept_findings import KIND, finding_lines, statuses, to_show
from evtech.reports.document import facts, heading, listing, text
from evtech.reports.sealing import Written
from evtech.reports.session_words import end_word
from evtech.reports.summary import Sheet, Summary, sheet_table, shown, words, write_summary
from evtech.store.archive import Archive
from evtech.store.records import Visit

_BAD = frozenset({"FAIL", "CONDITIONAL_FAIL", "findings", "mismatch", "critical", "fault"})


def write_visit(
    archive: Archive, id_: str, *, lang: str = "en", seal: bool = True, **files: Path | None
) -> list[Written]:
    """Write the report of a visit, named by its id or the beginning of it; return files with their SHA-256."""
    found = [v for v in archive.visits() if id_ and v.id.startswith(id_)]
    if len(found) != 1:
        count = f"{len(found)} visits begin" if found else "No visit begins"
        raise NotFoundError(f"{count} with {id_!r}.", "`evtech visit list` shows them.")
    return write_summary(visit_summary(archive, found[0], lang), lang, seal=seal, **files)


def visit_summary(archive: Archive, visit: Visit, lang: str) -> Summary:
    """Return what the report of a visit says."""
    w = words(lang)
    v = w["visit"]
    lines = [line for line in archive.session_list().lines if line.visit_id == visit.id]
    results = to_show(archive.results(visit_id=visit.id))
    found = finding_lines(results, statuses(archive), lang)
    sessions = Sheet(v["sessions"], tuple(v["session_head"]), [
        [_moment(x.started), x.port, x.energy_wh / 1000 if x.energy_wh is not None else None,
         end_word(x.stop_reason, lang), x.gaps]
        for x in reversed(lines)
    ])  # fmt: skip
    others = [r for r in results if r.kind != KIND]
    rows = [[r.at, v["kinds"].get(r.kind, r.kind), r.title, r.verdict] for r in reversed(others)]
    rows += [[f.at, v["kinds"][KIND], f.text, f"{severity_word(f.severity, lang)}, {f.status}"] for f in found]
    kept = Sheet(v["results"], tuple(v["result_head"]), sorted(rows, key=lambda row: row[0]))
    grave = [f for f in found if f.severity in _BAD and not f.is_dismissed]
    bad = [r for r in others if r.verdict in _BAD] or grave
    extras = [(x, c) for x in lines for c in archive.corrections(x.id)]
    notes = [
        f"{shown(c.at, lang)} {x.id[:8]} {c.field}: {c.value} {c.reason} {c.technician}".strip() for x, c in extras
    ]
    word, tone = (v["findings"], "amber") if bad else (v["no_findings"], "grey")
    remarks = [v["simulated"]] if visit.simulated else []
    return Summary(
        v["title"], visit.site or "—", word, tone,
        v["sentence"].format(sessions=len(lines), results=len(rows)), remarks,
        [facts([(v["site"], visit.site or "—"), (v["technician"], visit.technician or "—"),
                (v["purpose"], visit.purpose or "—"), (v["began"], shown(visit.started, lang))]),
         text(visit.notes or v["no_notes"]), heading(v["results"]),
         *sheet_table(kept, (1.6, 1.4, 4, 1.4), (), w, lang), heading(v["sessions"]),
         *sheet_table(sessions, (2, 3, 1, 1.4, 1), (2, 4), w, lang), heading(v["corrections"]),
         listing(notes, v["none"])],
        {"schema": "evtech.visit/1", "id": visit.id, "site": visit.site, "technician": visit.technician,
         "sessions": [x.id for x in lines],
         "results": [{"id": r.id, "kind": r.kind, "verdict": r.verdict} for r in results]},
        [sessions, kept],
    )  # fmt: skip


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
