"""``evtech billing check``: recompute charge records from their tariff and compare."""

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import typer

from evtech.cli.output import Output
from evtech.errors import InputError

VERSIONS = ("auto", "2.1.1", "2.2.1")


def register(group: typer.Typer) -> None:
    """Add the command."""

    @group.command()
    def check(
        context: typer.Context,
        cdr: Path = typer.Option(..., metavar="FILE|DIR", help="Charge record, or a folder of them."),  # noqa: B008
        tariff: list[Path] = typer.Option([], help="Tariff file; else the record's own. Repeatable."),  # noqa: B008
        timezone: str | None = typer.Option(None, help="Zone of the charger, such as Europe/Berlin."),
        ocpi_version: str = typer.Option("auto", help="auto, 2.1.1 or 2.2.1"),
        session: str | None = typer.Option(None, metavar="ID", help="Your own recording of the session."),
        public_key: str | None = typer.Option(None, help="Key of the meter, from the charger's label."),
        signed: list[Path] = typer.Option([], help="Signed values in a file of their own. Repeatable."),  # noqa: B008
        public_key_file: Path | None = typer.Option(None, help="A file with that key."),  # noqa: B008
        displayed: str | None = typer.Option(None, metavar="AMOUNT", help="Price that the charger's display showed."),
        pdf: Path | None = typer.Option(None, help="Report of one record, with the files attached."),  # noqa: B008
        html: Path | None = typer.Option(None, help="The same as one page."),  # noqa: B008
        xlsx: Path | None = typer.Option(None, help="Table of all records, for a spreadsheet."),  # noqa: B008
        lang: str = typer.Option("en", help="Language of the report: en or de."),
        seal: bool = typer.Option(True, "--seal/--no-seal", help="Sign the PDF with your key."),
    ) -> None:
        """Check charge records: price, quantities, times, signature."""
        if ocpi_version not in VERSIONS:
            raise InputError(f"--ocpi-version is {ocpi_version!r}.", f"Allowed: {', '.join(VERSIONS)}.")
        from evtech.billing.check import CheckOptions
        from evtech.billing.folder import check_file, files_in
        from evtech.billing.tariff_files import from_files
        from evtech.cli.billing_verify import given_key

        public_key = given_key(public_key, public_key_file)
        recording = _recording(context, session) if session else None
        verified = _verified(signed, public_key)
        options = CheckOptions(timezone, ocpi_version, public_key, recording, _amount(displayed), verified)
        tariffs, files = from_files(tariff), files_in(cdr)
        output: Output = context.obj.output
        if pdf or html or signed:
            _refuse_folder(cdr)
        answers: Iterable[Any] = (
            one for file in _progress(files, output) for one in check_file(file, tariffs, options)
        )
        if pdf or html:
            answers = list(answers)
            _report(answers, [cdr, *tariff, *signed], output, pdf=pdf, html=html, lang=lang, seal=seal)
        rows: list[list[Any]] = []
        if xlsx:
            answers = _collected(answers, rows)
        code = _write(answers, output, many=cdr.is_dir())
        if xlsx:
            from evtech.reports.billing_table import write_table

            write_table(xlsx, rows)
            output.say(f"{xlsx} is written.")
        raise typer.Exit(code)


def _collected(answers: Iterable[Any], rows: list[list[Any]]) -> Iterator[Any]:
    """Pass the answers (``folder.Checked``) on and keep a row of each."""
    from evtech.reports.billing_table import row

    for answer in answers:
        rows.append(row(answer))
        yield answer


def _refuse_folder(cdr: Path) -> None:
    if cdr.is_dir():
        raise InputError(
            "Reports and signed values are about one record.",
            "Name one file with --cdr, or leave --pdf, --html and --signed away.",
        )


def _verified(files: list[Path], public_key: str | None) -> Any:
    """Return the verdict (a ``VerifyResult``) on signed values in files of their own; ``None`` without files."""
    if not files:
        return None
    from evtech.billing.dossier import SIGNED, read_evidence, verify_given

    return verify_given([replace(read_evidence(file), role=SIGNED) for file in files], public_key)


def _report(answers: list[Any], sources: list[Path], output: Output, **options: Any) -> None:
    """Write the report about the only answer (a ``folder.Checked``); ``options`` are those of the report."""
    if len(answers) != 1:
        raise InputError(f"The file holds {len(answers)} records; a report is about one.", "Split the file.")
    if answers[0].result.error:  # said by the answer itself
        return
    from evtech.cli.report import say_remarks
    from evtech.reports.billing import write_billing_report

    written = write_billing_report(answers[0].result, sources, **options)
    say_remarks(output, written)
    for path, _ in written:
        output.say(f"{path} is written.")


def _amount(text: str | None) -> Decimal | None:
    if text is None:
        return None
    from evtech.billing.json_files import number

    try:
        return number(text.replace(",", "."))
    except ValueError as error:
        raise InputError(f"--displayed is {text[:40]!r}.", "An amount such as 12.34.") from error


def _write(answers: Iterable[Any], output: Output, many: bool) -> int:
    """Write each answer (a ``folder.Checked``, imported late), then a summary for many; return the exit code."""
    from evtech.billing.answer import check_json
    from evtech.billing.folder import exit_code

    first: Any = None
    counts: Counter[str] = Counter()
    for answer in answers:
        if first is None and not many:
            first = answer  # one record is written whole; whether there are more shows with the next
        else:
            many = many or _line(first, output)
            _line(answer, output)
        counts[answer.result.error or answer.result.result] += 1
    if not many:
        _whole(check_json(first.result), first.result, output)
    else:
        rest = sum(counts.values()) - counts["match"] - counts["mismatch"]
        summary = {"cdrs": sum(counts.values()), "match": counts["match"], "mismatch": counts["mismatch"]}
        errors = {name: n for name, n in counts.items() if name not in ("match", "mismatch")}
        text = f"{summary['cdrs']} records: {counts['match']} right, {counts['mismatch']} wrong, {rest} not checked"
        output.line({"type": "summary", **summary, "error": rest, "errors": errors}, text)
    return exit_code(list(counts))


def _line(answer: Any, output: Output) -> bool:
    from evtech.billing.account import one_line
    from evtech.billing.answer import check_json

    if output.as_json:
        output.line({"file": str(answer.file), **check_json(answer.result)}, "")
    elif answer.result.result != "match" or output.verbose:  # of many only those that differ
        output.line({}, one_line(answer.file.name, answer.result))
    return True


def _whole(data: dict[str, Any], result: Any, output: Output) -> None:
    from evtech.billing.account import account

    if result.error and not output.as_json:
        output.say(f"evtech: {result.message}")
        if result.hint:
            output.say(f"  {result.hint}")
        return
    output.result(data, "" if output.as_json else account(result))


def _progress(files: list[Path], output: Output) -> Iterator[Path]:
    """Yield the files, with a progress bar on a terminal where there are many."""
    if len(files) < 20 or not sys.stderr.isatty():
        yield from files
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(files, "Checking", console=Console(stderr=True), transient=True)


def _recording(context: typer.Context, session_id: str) -> Any:
    """Return the recorded session (a ``ChargingSession``); the archive is imported late."""
    from evtech.cli.sessions import open_archive

    archive = open_archive(context)
    try:
        return archive.session(session_id)
    finally:
        archive.close()
