"""``evtech diagnose``: why does it not charge, from a recording or from a live charger."""

import time
from pathlib import Path
from typing import Any

import typer

from evtech.cli.keeping import Keeping
from evtech.cli.output import Output
from evtech.cli.routines import Wish, on_link, over_recording
from evtech.errors import InputError
from evtech.measure.sample import Reading

WATCH_S = 15.0
# answers that the evidence itself uses, beside what guided steps ask for
USED_ANSWERS = (
    "site_phases", "clock_drift_ppm", "reset_age_s", "burst_period_s", "watchdog_s", "failsafe_a",
    "foreign_write_seen", "hw_max_a", "phase_count", "last_write_age_s", "duplicate_suspect", "site_limit_a",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def diagnose(
        context: typer.Context,
        link: str | None = typer.Argument(None, metavar="LINK", help="A live charger."),
        trace: Path | None = typer.Option(None, help="A recording as CSV instead."),  # noqa: B008
        profile: str | None = typer.Option(None, help="Profile id: gives the maker's codes their meaning."),
        facts: Path | None = typer.Option(None, help="JSON of answers, settings and link statistics."),  # noqa: B008
        duration: float | None = typer.Option(None, help="Seconds to watch a live charger; 15 without routines."),
        routine: list[str] | None = typer.Option(None, help="Run this routine (R01 to R18); may be repeated."),  # noqa: B008
        arm: bool = typer.Option(False, "--arm", help="Let routines write: bounded, read back, undone at the end."),
        technician: str = typer.Option("", help="Who arms; goes into the audit."),
        save: bool = typer.Option(False, help="Keep the diagnosis in the archive; its id is said."),
        record: bool = typer.Option(False, help="Keep the samples of a live charger too; implies --save."),
    ) -> None:
        """Find out why a charger does not charge."""
        if (link is None) == (trace is None):
            raise InputError(
                "Name a link or a recording.", "evtech diagnose LINK, or evtech diagnose --trace FILE.csv."
            )
        if duration is not None and not 2 <= duration <= 86_400:
            raise InputError(f"--duration is {duration:g}.", "Allowed: 2 to 86400 s.")
        names = tuple(name for words in routine or [] for name in words.replace(",", " ").split())
        if arm and (link is None or not names):
            raise InputError("--arm needs a link and a routine.", "evtech diagnose LINK --routine R06 --arm …")
        if arm and not technician.strip():
            raise InputError("Nobody is named for the write.", "Say who writes: --technician NAME.")
        if record and (link is None or names):
            raise InputError("--record needs a link and no routine.", "evtech diagnose LINK --record.")
        output: Output = context.obj.output
        keeping = None
        if save or record:
            source = ("trace", trace.name) if trace else ("live", link or "")
            keeping = Keeping(context.obj.archive, *source, technician, record)
        known = _facts(facts, output)
        if link is not None and names:
            wish = Wish(link, profile, names, duration, technician if arm else None)
            data, code = _live(wish, known, context.obj, keeping)
        else:
            if trace is not None:
                recording = _read(trace, output)
            else:
                assert link is not None
                recording, profile, known = _watch(context.obj, link, profile, duration or WATCH_S, known, keeping)
            data, code = _answer(recording, known, profile, names, context.obj.profile_dir, keeping)
        if keeping is not None:
            output.say(f"Kept as {data['saved']}; evtech report diagnosis {data['saved'][:8]} --pdf FILE")
        output.result(data, _text(data))
        raise typer.Exit(code)


def _facts(path: Path | None, output: Output) -> Any:
    """Return the facts of a file, or none; what no step asks for is said. A ``Facts``, imported late."""
    from evtech.diagnostics.facts import Facts, read_facts
    from evtech.diagnostics.guided import check_answers

    if path is None:
        return Facts()
    facts = read_facts(path)
    unknown = [name for name in check_answers(facts.answers) if name not in USED_ANSWERS]
    if unknown:
        output.say(f"{path.name}: no step asks for {', '.join(unknown)}.")
    return facts


def _read(path: Path, output: Output) -> Any:
    """Return the trace of a file, telling progress and what was odd; a ``Trace``, imported late."""
    from evtech.diagnostics.trace import read_trace

    trace = read_trace(path, lambda rows: output.say(f"{rows} rows read …"))
    for warning in trace.warnings:
        output.say(f"{path.name}: {warning}")
    return trace


def _watch(
    common: Any, link: str, profile: str | None, duration: float, facts: Any, keeping: Keeping | None
) -> tuple[Any, str, Any]:
    """Watch a charger; return the trace, the profile, and the facts with what the link did. Parts come late."""
    import tempfile
    from dataclasses import replace

    from evtech.diagnostics.live import trace_of
    from evtech.workbench import Workbench

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        records = keeping is not None and keeping.records
        bench = Workbench(common.archive if records else str(Path(folder) / "unused.evtech"), common.profile_dir)
        try:
            who = keeping.technician if keeping else ""
            connection = bench.connect(link, profile, record=records, technician=who).result()
            readings: list[Reading] = []
            end = time.monotonic() + duration
            while time.monotonic() < end:
                reading = connection.latest
                if reading is not None and (not readings or reading is not readings[-1]):
                    readings.append(reading)
                time.sleep(0.02)
            if not facts.link:
                facts = replace(facts, link=_link_facts(connection))
            if keeping is not None:
                keeping.see(connection)
        finally:
            bench.close()
    if not readings:
        raise InputError("The charger gave no reading.", "Give it a longer --duration.")
    return trace_of(readings), connection.profile.id, facts


def _link_facts(connection: Any) -> dict[str, Any]:
    """Return what the counters of a ``Connection``'s link say; one or two errors in so short a time prove nothing."""
    from evtech.diagnostics.link_facts import outcome_of

    if 0 < connection.link_statistics.errors < 3:
        return {}
    serial = connection.device.link.byte_time > 0
    return {"kind": "rtu" if serial else "tcp", "outcomes": [outcome_of(connection.link_statistics)]}


def _answer(
    trace: Any,
    facts: Any,
    profile: str | None,
    names: tuple[str, ...],
    profile_dir: str | None,
    keeping: Keeping | None,
) -> tuple[dict[str, Any], int]:
    """Return the answer to a recording as JSON values and the exit code; the parts are imported late."""
    from evtech.diagnostics.evidence import Evidence

    results, trace = over_recording(trace, facts, profile, names, profile_dir)
    return _findings(Evidence(trace, facts), profile, results, keeping, asked=bool(names))


def _live(wish: Wish, facts: Any, common: Any, keeping: Keeping | None) -> tuple[dict[str, Any], int]:
    """Run routines on a link and return the answer; what they counted of the link is evidence too."""
    from evtech.diagnostics.evidence import Evidence
    from evtech.diagnostics.link_facts import only_link

    results, evidence, profile, stopped = on_link(wish, facts, common)
    if evidence is None:
        evidence = Evidence(only_link(), facts)
    data, code = _findings(evidence, profile, results, keeping, asked=True)
    return data, 130 if stopped else code


def _findings(
    evidence: Any, profile: str | None, results: Any, keeping: Keeping | None, *, asked: bool
) -> tuple[dict[str, Any], int]:
    """Return findings and routines as JSON values and the exit code: of routines asked for, a FAIL is negative."""
    from functools import partial

    from evtech.diagnostics.answer import diagnosis_json
    from evtech.diagnostics.engine import diagnose
    from evtech.diagnostics.named import with_routines

    found = diagnose(evidence, profile, partial(with_routines, evidence=evidence, results=results, asked=asked))
    data = diagnosis_json(found, results)
    verdicts = {str(result.verdict) for result in results}
    if asked and data["result"] == "inconclusive" and verdicts & {"PASS", "WARN"} and "FAIL" not in verdicts:
        data["result"] = "healthy"  # what was asked for could be judged, if not the whole charger
    if keeping is not None:
        data["saved"] = keeping.keep(found, evidence.trace, results, evidence.facts)
    code = {"findings": 1, "healthy": 0, "inconclusive": 3}[data["result"]]
    return data, 1 if asked and "FAIL" in verdicts else code


def _text(data: dict[str, Any]) -> str:
    words = {
        "healthy": "No fault was found.",
        "findings": f"{len(data['findings'])} finding(s), the best explanation first:",
        "inconclusive": f"It cannot be decided: {', '.join(data['missing_signals']) or 'too few samples'} missing.",
    }
    lines = [words[data["result"]]]
    for finding in data["findings"]:
        where = f" on {finding['phase']}" if finding["phase"] else ""
        lines.append(f"\n{finding['title']}{where} ({finding['id']}, {finding['severity']}) since {finding['from']}")
        if finding["safety"]:
            lines.append(
                f"  DANGER: {finding['safety']}"
                if finding["severity"] == "critical"
                else f"  Safety: {finding['safety']}"
            )
        lines += [f"  seen: {proof['text']}" for proof in finding["evidence"][:4]]
        lines += [f"  likely: {cause['cause']}" for cause in finding["causes"][:3]]
        lines += [f"  do: {step['text']} → {step['expect']}" for step in finding["steps"][:3]]
        lines += [f"  explains: {', '.join(finding['explains'])}"] if finding["explains"] else []
    return "\n".join([*lines, *_routine_lines(data["routines"])])


def _routine_lines(routines: list[dict[str, Any]]) -> list[str]:
    """Return one line for each routine that says something; what was not asked for or cannot be is counted."""
    said = [r for r in routines if r["verdict"] in ("PASS", "WARN", "FAIL", "INCONCLUSIVE")]
    rest = [r for r in routines if r not in said]
    lines = [f"  {r['id']} {r['verdict']:12} {r['reason']}" for r in said]
    lines += [f"  {', '.join(r['id'] for r in rest)}: skipped or not applicable"] if rest else []
    return ["", "Routines:", *lines] if lines else []
