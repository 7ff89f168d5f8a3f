"""``evtech findings``: what rules found in the data, what people said of it, and checking an archive again."""

import signal
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from evtech.cli.output import iso
from evtech.cli.sessions import moment, open_archive
from evtech.errors import InputError

if TYPE_CHECKING:
    from evtech.insights.anomalies import Anomaly
    from evtech.insights.kept_findings import FindingStatus
    from evtech.insights.session_check import Checked

_WHO = typer.Option("", help="Who says so.")
_WHY = typer.Option("", help="Why.")
_FAR = datetime(9999, 1, 1, tzinfo=UTC)


def register(app: typer.Typer) -> None:
    """Add the command group."""
    group = typer.Typer(help="Findings in the data: list, judge, check again.", no_args_is_help=True)
    app.add_typer(group, name="findings")
    group.command("list")(list_findings)
    group.command("show")(show)
    group.command("accept")(accept)
    group.command("dismiss")(dismiss)
    group.command("reopen")(reopen)
    group.command("check")(check)
    group.command("adjusted")(adjusted)
    group.command("limits")(limits)


def list_findings(
    context: typer.Context,
    from_: str | None = typer.Option(None, "--from", help="ISO date or time."),
    to: str | None = typer.Option(None, help="ISO date or time, not included."),
    charger: str | None = typer.Option(None, help="Profile, serial number or part of the name."),
    site: str | None = typer.Option(None, help="A site, or part of its name."),
    rule: str | None = typer.Option(None, help="Only this rule."),
    all_: bool = typer.Option(False, "--all", help="Dismissed ones too."),
    lang: str = typer.Option("en", help="en or de."),
) -> None:
    """List findings, newest first; dismissed ones are counted."""
    from evtech.insights.finding_list import anomaly_json
    from evtech.insights.finding_words import sentence
    from evtech.insights.kept_findings import DISMISSED, status_of

    found, judged = _found(context, from_, to, charger, site)
    found = [a for a in reversed(found) if rule is None or a.rule == rule]
    dismissed = [a for a in found if status_of(judged, a) == DISMISSED]
    shown = found if all_ else [a for a in found if status_of(judged, a) != DISMISSED]
    data = {
        "findings": [anomaly_json(a, judged.get(a.id)) | {"text": sentence(a, lang)} for a in shown],
        "shown": len(shown),
        "dismissed": len(dismissed),
    }
    lines = [_line(a, judged.get(a.id), lang) for a in shown]
    hidden = f"; {len(dismissed)} dismissed" + ("" if all_ else " are not shown") if dismissed else ""
    context.obj.output.result(data, "\n".join([*lines, f"{len(shown)} findings{hidden}"]))


def show(
    context: typer.Context,
    finding: str = typer.Argument(..., metavar="ID"),
    lang: str = typer.Option("en", help="en or de."),
) -> None:
    """Show one finding with its evidence; the beginning of its id is enough."""
    from evtech.insights.finding_list import anomaly_json
    from evtech.insights.finding_words import rule_name, sentence, todo
    from evtech.insights.kept_findings import by_id

    found, judged = _found(context, None, None, None, None)
    one = by_id(found, finding)
    said = judged.get(one.id)
    lines = [f"{rule_name(one.rule, lang)}: {sentence(one, lang)}", f"  {todo(one, lang)}"]
    lines += [f"  {iso(datetime.fromtimestamp(e.at, UTC))}  {e.point} {e.value:g}" for e in one.evidence]
    lines += [f"  session {one.session_id}"] if one.session_id else []
    lines += (
        [f"  {said.status} by {said.technician}, {iso(said.at)}: {said.reason or 'no reason given'}"] if said else []
    )
    data = anomaly_json(one, said) | {"text": sentence(one, lang), "suggestion": todo(one, lang)}
    context.obj.output.result(data, "\n".join(lines))


def accept(
    context: typer.Context, finding: str = typer.Argument(..., metavar="ID"), reason: str = _WHY, technician: str = _WHO
) -> None:
    """Say that a finding is true; it stays in lists and reports."""
    _judge(context, finding, "accepted", reason, technician)


def dismiss(
    context: typer.Context, finding: str = typer.Argument(..., metavar="ID"), reason: str = _WHY, technician: str = _WHO
) -> None:
    """Say that a finding is none, and why; it is hidden and counted."""
    _judge(context, finding, "dismissed", reason, technician)


def reopen(
    context: typer.Context, finding: str = typer.Argument(..., metavar="ID"), reason: str = _WHY, technician: str = _WHO
) -> None:
    """Take back what was said of a finding."""
    _judge(context, finding, "open", reason, technician)


def check(
    context: typer.Context,
    from_: str | None = typer.Option(None, "--from", help="Sessions that began from here on."),
    to: str | None = typer.Option(None, help="Sessions that began before."),
    port: str | None = typer.Option(None, help="Only ports with this in their name."),
    again: bool = typer.Option(False, "--again", help="Also what these rules and limits have checked already."),
) -> None:
    """Check recorded sessions with today's rules and limits; may be interrupted and run again at any time."""
    from evtech.insights.session_check import check_archive

    archive = open_archive(context)
    stop = threading.Event()
    former = _stop_by_signal(stop)
    output = context.obj.output
    try:
        done = check_archive(
            archive, *_span(from_, to), port=port, again=again, progress=_progress(output), stop=stop.is_set
        )
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
        archive.close()
    output.result(_checked_json(done), _checked_text(done))
    raise typer.Exit(130 if done.stopped else 0)


def adjusted(
    context: typer.Context,
    port: str = typer.Argument(..., help="A port, or a part of its name that fits only one."),
    at: str | None = typer.Option(None, help="When; now where it is left out."),
    reason: str = _WHY,
    technician: str = _WHO,
) -> None:
    """Say that a meter or a port was adjusted or repaired: its long-term charts begin anew."""
    from evtech.insights.port_check import adjusted as keep
    from evtech.insights.port_check import check_ports
    from evtech.insights.rule_limits import load_limits

    archive = open_archive(context)
    try:
        row = keep(archive, port, moment(at) or datetime.now(UTC), reason=reason, technician=technician)
        check_ports(archive, [row.body["port"]], load_limits())
    finally:
        archive.close()
    context.obj.output.result({"id": row.id, **row.body}, row.title)


def limits(context: typer.Context, lang: str = typer.Option("en", help="en or de.")) -> None:
    """List the limits of the rules, what they mean, and those that were changed."""
    from evtech.insights.finding_words import limit_words
    from evtech.insights.rule_limits import limits_file, load_limits, settings

    now = load_limits()
    rows = [
        {"name": s.name, "value": getattr(now, s.name), "default": s.default, "low": s.low, "high": s.high,
         "unit": s.unit or None, "meaning": limit_words(s.name, lang)}
        for s in settings()
    ]  # fmt: skip
    lines = [f"{limits_file()}", *(_limit_line(row) for row in rows)]
    context.obj.output.result({"file": str(limits_file()), "limits": rows}, "\n".join(lines))


def _found(
    context: typer.Context, from_: str | None, to: str | None, charger: str | None, site: str | None
) -> "tuple[list[Anomaly], dict[str, FindingStatus]]":
    from evtech.insights.archive_records import read_archive
    from evtech.insights.finding_list import period_anomalies

    low, high = _span(from_, to)
    archive = open_archive(context)
    try:
        records = read_archive(archive, charger, (low, high), site=site)
    finally:
        archive.close()
    starting: dict[str, list[Any]] = {}
    for attempt in records.attempts:
        if low <= attempt.start < high:
            starting.setdefault(attempt.port, []).append(attempt)
    ends = [a.end for a in records.attempts]
    begins = [a.start for a in records.attempts if a.start >= low]
    period = (min(begins, default=0.0), min(high, max(ends, default=1.0)))
    return period_anomalies(records, starting, period), dict(records.judged)


def _judge(context: typer.Context, finding: str, status: str, reason: str, technician: str) -> None:
    from evtech.insights.finding_list import anomaly_json
    from evtech.insights.kept_findings import by_id, judge

    found, _ = _found(context, None, None, None, None)
    one = by_id(found, finding)
    archive = open_archive(context)
    try:
        said = judge(archive, one, status, reason=reason, technician=technician)
    finally:
        archive.close()
    context.obj.output.result(anomaly_json(one, said), f"{one.id} {status}: {one.text}")


def _span(from_: str | None, to: str | None) -> tuple[float, float]:
    low, high = moment(from_), moment(to) or _FAR
    start = low.timestamp() if low else 0.0
    if start >= high.timestamp():
        raise InputError(
            "The period is empty: --from is not before --to.", "Such as --from 2026-01-01 --to 2026-02-01."
        )
    return start, high.timestamp()


def _stop_by_signal(stop: threading.Event) -> dict[signal.Signals, Any]:
    """Let the first interruption end the check between two sessions; return the handlers that were there."""

    def end(*_: object) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()

    return {number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)}


def _progress(output: Any) -> Any:
    """Return what says on standard error how far a check is, about once a second; ``output`` is the command's."""
    import time

    told = [0.0]

    def tell(done: int, total: int) -> None:
        now = time.monotonic()
        if done == total or now - told[0] >= 1.0:
            told[0] = now
            output.say(f"{done} of {total} sessions checked")

    return tell


def _checked_json(done: "Checked") -> dict[str, Any]:
    rules: dict[str, int] = {}
    for anomaly in [*(a for found in done.by_session.values() for a in found), *done.trends]:
        rules[anomaly.rule] = rules.get(anomaly.rule, 0) + 1
    return {
        "checked": done.sessions, "with_findings": len(done.by_session), "rules": dict(sorted(rules.items())),
        "interrupted": done.stopped,
    }  # fmt: skip


def _checked_text(done: "Checked") -> str:
    data = _checked_json(done)
    lines = [f"{done.sessions} sessions checked, findings in {len(done.by_session)} of them"]
    lines += [f"  {rule:<18} {count}" for rule, count in data["rules"].items()]
    return "\n".join(lines + (["interrupted: run it again, it goes on from here"] if done.stopped else []))


def _line(found: "Anomaly", said: "FindingStatus | None", lang: str) -> str:
    from evtech.insights.finding_words import rule_name, sentence

    at = iso(datetime.fromtimestamp(found.start, UTC))
    mark = f" [{said.status}: {said.reason}]" if said and said.reason else f" [{said.status}]" if said else ""
    words = f"{found.port}: {rule_name(found.rule, lang)}. {sentence(found, lang)}"
    return f"{found.id}  {at}  {found.severity:<8}  {words}{mark}"


def _limit_line(row: dict[str, Any]) -> str:
    changed = f"  (usually {row['default']:g})" if row["value"] != row["default"] else ""
    return f"{row['name']:<22} {row['value']:>9g} {row['unit'] or '':<6} {row['meaning']}{changed}"
