"""``evtech diagnose``: why does it not charge, from a recording or from a live charger."""

import time
from pathlib import Path
from typing import Any

import typer

from evtech.cli.output import Output
from evtech.errors import InputError
from evtech.measure.sample import Reading


def register(app: typer.Typer) -> None:
    """Add the command."""

    @app.command()
    def diagnose(
        context: typer.Context,
        link: str | None = typer.Argument(None, metavar="LINK", help="A live charger."),
        trace: Path | None = typer.Option(None, help="A recording as CSV instead."),  # noqa: B008
        profile: str | None = typer.Option(None, help="Profile id: gives the maker's codes their meaning."),
        facts: Path | None = typer.Option(None, help="JSON of answers, settings and link statistics."),  # noqa: B008
        duration: float = typer.Option(15.0, help="Seconds to watch a live charger."),
    ) -> None:
        """Find out why a charger does not charge."""
        if (link is None) == (trace is None):
            raise InputError(
                "Name a link or a recording.", "evtech diagnose LINK, or evtech diagnose --trace FILE.csv."
            )
        if not 2 <= duration <= 86_400:
            raise InputError(f"--duration is {duration:g}.", "Allowed: 2 to 86400 s.")
        output: Output = context.obj.output
        from evtech.diagnostics.facts import Facts, read_facts

        known = read_facts(facts) if facts else Facts()
        if trace is not None:
            recording = _read(trace, output)
        else:
            assert link is not None
            recording, profile = _watch(context.obj, link, profile, duration)
        data, code = _answer(recording, known, profile)
        output.result(data, _text(data))
        raise typer.Exit(code)


def _read(path: Path, output: Output) -> Any:
    """Return the trace of a file, telling progress and what was odd; a ``Trace``, imported late."""
    from evtech.diagnostics.trace import read_trace

    trace = read_trace(path, lambda rows: output.say(f"{rows} rows read …"))
    for warning in trace.warnings:
        output.say(f"{path.name}: {warning}")
    return trace


def _watch(common: Any, link: str, profile: str | None, duration: float) -> tuple[Any, str]:
    """Watch a charger for some seconds without recording; return the trace and the profile that was used."""
    import tempfile

    from evtech.diagnostics.live import trace_of
    from evtech.workbench import Workbench

    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        bench = Workbench(str(Path(folder) / "unused.evtech"), common.profile_dir)
        try:
            connection = bench.connect(link, profile, record=False).result()
            readings: list[Reading] = []
            end = time.monotonic() + duration
            while time.monotonic() < end:
                reading = connection.latest
                if reading is not None and (not readings or reading is not readings[-1]):
                    readings.append(reading)
                time.sleep(0.02)
        finally:
            bench.close()
    if not readings:
        raise InputError("The charger gave no reading.", "Give it a longer --duration.")
    return trace_of(readings), connection.profile.id


def _answer(trace: Any, facts: Any, profile: str | None) -> tuple[dict[str, Any], int]:
    """Return the answer as JSON values and the exit code; the types of the parts are imported late."""
    from evtech.diagnostics.answer import diagnosis_json
    from evtech.diagnostics.engine import diagnose
    from evtech.diagnostics.evidence import Evidence

    found = diagnose(Evidence(trace, facts), profile)
    data = diagnosis_json(found)
    return data, {"findings": 1, "healthy": 0, "inconclusive": 3}[found.result]


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
    return "\n".join(lines)
