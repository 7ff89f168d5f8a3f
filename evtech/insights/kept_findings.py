"""Findings as rows of the archive: kept once, replaced by a later check, judged by people; nothing is ever changed.

A row holds all findings about one subject (a session's samples, a bill, a port's history). A later check of the same
subject is a row of its own that names the earlier one in ``replaces``. What a person says of a finding is a row of the
kind ``anomaly_status`` that names the finding by its lasting id.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from evtech.errors import InputError, NotFoundError
from evtech.insights.anomalies import Anomaly, Evidence, finding_id
from evtech.insights.finding_words import sentence, status_word
from evtech.store.check_rows import CHECK
from evtech.store.records import ChargingSession
from evtech.store.results import Result

if TYPE_CHECKING:
    from evtech.store.archive import Archive

KIND, TREND, STATUS = "anomaly", "trend", "anomaly_status"
OPEN, ACCEPTED, DISMISSED = "open", "accepted", "dismissed"
STATUSES = (OPEN, ACCEPTED, DISMISSED)
NOTHING = "none"
_ORDER = ("critical", "warning", "info")
_KNOWN = {f.name for f in fields(Anomaly)}


@dataclass(frozen=True, slots=True)
class FindingStatus:
    """What was last said of a finding: open, accepted or dismissed, why, by whom and when (UTC)."""

    status: str
    reason: str
    technician: str
    at: datetime
    result_id: str


def result_of(
    found: Sequence[Anomaly], *, kind: str = KIND, subject: str = "samples", replaces: str | None = None,
    at: datetime | None = None, session: ChargingSession | None = None,
) -> Result:  # fmt: skip
    """Return findings about one subject as a row beside its session, if it has one."""
    worst = min((a.severity for a in found), key=_ORDER.index, default=NOTHING)
    title = "; ".join(a.text for a in found[:2]) + (f" (+{len(found) - 2})" if len(found) > 2 else "")
    body = {"schema": "evtech.anomalies/1", "subject": subject, "findings": [_to_json(a) for a in found]}
    return Result(
        kind, title or "Nothing was found.", body, worst, session.visit_id if session else None,
        session.id if session else None, session.recording_id if session else None, replaces, at or datetime.now(UTC),
    )  # fmt: skip


def anomalies_in(result: Result) -> list[Anomaly]:
    """Return the findings in a row, also in one of an older or a newer evtech."""
    found = []
    for each in result.body.get("findings", ()):
        values = {name: value for name, value in each.items() if name in _KNOWN}
        values["evidence"] = tuple(Evidence(*e) for e in each.get("evidence", ()))
        found.append(Anomaly(**values))
    return found


def in_force(results: Sequence[Result]) -> list[Result]:
    """Return the rows that no later one replaces."""
    replaced = {r.replaces for r in results if r.replaces is not None}
    return [r for r in results if r.id not in replaced] if replaced else list(results)


def subject_of(result: Result) -> str:
    """Return what a row's findings are about: samples, a bill, or a port's history."""
    return str(result.body.get("subject") or "samples")


def kept(results: Sequence[Result], low: float, high: float) -> list[Anomaly]:
    """Return the findings in rows in force that began in [low, high), each once."""
    found = {a.id: a for row in in_force(results) for a in anomalies_in(row) if low <= a.start < high}
    return list(found.values())


def all_kept(archive: "Archive", low: float, high: float) -> list[Anomaly]:
    """Return every finding of an archive's sessions, bills and ports that began in [low, high)."""
    return kept(archive.results(KIND), low, high) + kept(archive.results(TREND), low, high)


def is_same(row: Result, found: Sequence[Anomaly]) -> bool:
    """Return whether a row holds just these findings."""
    return [_to_json(a) for a in anomalies_in(row)] == [_to_json(a) for a in found]


def statuses(archive: "Archive") -> dict[str, FindingStatus]:
    """Return what was last said of each finding, by its id."""
    found: dict[str, FindingStatus] = {}
    for row in sorted(in_force(archive.results(STATUS)), key=lambda r: (r.at, r.id)):
        said = FindingStatus(
            row.verdict or OPEN,
            str(row.body.get("reason") or ""),
            str(row.body.get("technician") or ""),
            row.at,
            row.id,
        )
        found[_judged(row)] = said
    return found


def _judged(row: Result) -> str:
    """Return the id of the finding that a row judges; made anew, as names may have been left out of both."""
    b = row.body
    try:
        return finding_id(str(b["rule"]), str(b["about"]), str(b["port"]), row.session_id, float(b["from"]))
    except (KeyError, TypeError, ValueError):
        return str(b.get("finding"))


def to_show(results: Sequence[Result]) -> list[Result]:
    """Return the results that a list shows: not the bookkeeping of checks, nor what a later check replaced."""
    rows = in_force(results)
    return [r for r in rows if r.kind not in (CHECK, STATUS) and (r.kind not in (KIND, TREND) or r.verdict != NOTHING)]


def judge(
    archive: "Archive", finding: Anomaly, status: str, *, reason: str = "", technician: str = ""
) -> FindingStatus:
    """Keep what a person says of a finding; raise ``InputError`` without a name, or for a dismissal without a reason.

    The row stands beside the finding's session, so that both travel together.
    """
    if status not in STATUSES:
        raise InputError(f"{status!r} is no status of a finding.", f"Allowed: {', '.join(STATUSES)}.")
    if not technician.strip():
        raise InputError("Nobody is named who says so.", "Give your name.")
    if status == DISMISSED and not reason.strip():
        raise InputError("A dismissal needs its reason.", "Say why this is no finding.")
    before = statuses(archive).get(finding.id)
    body = {
        "schema": "evtech.anomaly-status/1", "finding": finding.id, "rule": finding.rule, "about": finding.about,
        "port": finding.port, "from": finding.start, "reason": reason.strip(), "technician": technician.strip(),
    }  # fmt: skip
    row = Result(
        STATUS, f"{finding.rule}: {status}" + (f", {reason.strip()}" if reason.strip() else ""), body, status,
        session_id=finding.session_id, replaces=before.result_id if before else None,
    )  # fmt: skip
    archive.add_result(row)
    return FindingStatus(status, reason.strip(), technician.strip(), row.at, row.id)


def by_id(found: Iterable[Anomaly], id_or_prefix: str) -> Anomaly:
    """Return the finding whose id begins like this; raise ``NotFoundError`` unless exactly one does."""
    fits = [a for a in found if a.id.startswith(id_or_prefix)]
    if len(fits) == 1 and id_or_prefix:
        return fits[0]
    many = f"{len(fits)} findings begin with" if fits and id_or_prefix else "There is no finding"
    raise NotFoundError(f"{many} {id_or_prefix!r}.", "`evtech findings list --all` shows them.")


def status_of(given: Mapping[str, FindingStatus], finding: Anomaly) -> str:
    """Return open, accepted or dismissed."""
    said = given.get(finding.id) if given else None  # an id is a hash: a thousand of them can be felt in a list
    return said.status if said is not None else OPEN


def status_text(said: FindingStatus | None, lang: str = "en") -> str:
    """Return a status as a line says it: open, or accepted or dismissed by whom and why."""
    if said is None or said.status == OPEN:
        return status_word(OPEN, lang)
    return ", ".join(filter(None, (status_word(said.status, lang), said.reason, said.technician)))


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A finding as a report or the facts of a session show it, in a language."""

    at: datetime
    severity: str
    text: str
    status: str
    is_dismissed: bool


def finding_lines(results: Sequence[Result], given: Mapping[str, FindingStatus], lang: str = "en") -> list[FindingLine]:
    """Return the findings in rows in force, by time."""
    found = [a for r in to_show(results) if r.kind in (KIND, TREND) for a in anomalies_in(r)]
    return [
        FindingLine(
            datetime.fromtimestamp(a.start, UTC), a.severity, sentence(a, lang), status_text(given.get(a.id), lang),
            status_of(given, a) == DISMISSED,
        )
        for a in sorted(found, key=lambda a: (a.start, a.rule))
    ]  # fmt: skip


def _to_json(found: Anomaly) -> dict[str, Any]:
    data = asdict(found)
    data["evidence"] = [[e.at, e.point, e.value] for e in found.evidence]
    data["figures"] = dict(found.figures)
    return {name: value for name, value in data.items() if value not in ("", [], {}) or name in ("text", "suggestion")}
