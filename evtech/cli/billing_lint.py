"""``evtech billing lint``: what is wrong with a tariff, and what it says in words."""

from pathlib import Path

import typer

from evtech.errors import InputError


def register(group: typer.Typer) -> None:
    """Add the command."""

    @group.command()
    def lint(
        context: typer.Context,
        tariff: Path = typer.Argument(..., metavar="TARIFF.json"),  # noqa: B008
        lang: str = typer.Option("en", help="Language of the words: en or de."),
    ) -> None:
        """Check a tariff and explain it in words."""
        from evtech.billing.lint import Problem
        from evtech.billing.lint import lint as problems_of
        from evtech.billing.tariff_files import from_files
        from evtech.billing.words import in_words

        notes: list[str] = []
        source = from_files([tariff])
        assert source is not None  # a file is named
        tariffs = source(notes)
        if not tariffs:
            raise InputError(f"{tariff} holds no tariff.")
        found = [(one.id, problem) for one in tariffs for problem in problems_of(one)]
        found += [(tariffs[0].id, Problem("format", "info", None, note)) for note in notes]
        words = "\n".join(in_words(one, lang) for one in tariffs)
        rows = [
            {"code": p.code, "severity": p.severity, "element": p.element, "message": p.message, "tariff_id": name}
            for name, p in found
        ]
        lines = [words, "", *(f"{p.severity:<8} {p.code}: {p.message}" for _, p in found)]
        text = "\n".join(lines if found else [words, "", "Nothing is wrong."])
        context.obj.output.result({"schema": "evtech.billing.lint/1", "problems": rows, "words": words}, text)
        raise typer.Exit(1 if any(p.severity in ("error", "warning") for _, p in found) else 0)
