"""Sentences of insights in the languages that there are: ``resources/i18n/insights_*.toml``."""

import functools
import tomllib
from collections.abc import Mapping
from typing import Any

from evtech import paths
from evtech.errors import InputError
from evtech.insights.suggestions import Suggestion

LANGUAGES = ("en", "de")


@functools.lru_cache(maxsize=len(LANGUAGES))
def words(lang: str) -> dict[str, Any]:
    """Return the words of a language; raise ``InputError`` for an unknown one."""
    if lang not in LANGUAGES:
        raise InputError(f"There are no words in {lang!r}.", f"Languages: {', '.join(LANGUAGES)}.")
    return tomllib.loads((paths.resources() / "i18n" / f"insights_{lang}.toml").read_text("utf-8"))


def sentence(said: Suggestion, lang: str = "en", codes: Mapping[str, str] | None = None) -> str:
    """Return a suggestion as one sentence with its figures; ``codes`` says what codes of faults mean."""
    table = words(lang)
    values: dict[str, object] = {
        name: value if isinstance(value, str | int) else number(value, lang) for name, value in said.figures.items()
    }
    if "weekday" in said.figures:
        values["weekday"] = table["weekdays"][int(said.figures["weekday"])]
    if "cause" in values:
        name = str(values["cause"])
        values["cause"] = (codes or {}).get(name) or cause(name, lang)
    return str(table["suggestions"][said.kind]).format(**values)


def cause(name: str, lang: str = "en") -> str:
    """Return the word for an end or a cause of an outage; a code stays as it is."""
    return str(words(lang)["causes"].get(name, name))


def costs(fact: str, lang: str = "en") -> str:
    """Return what it costs that a fact of a port is not known."""
    return str(words(lang)["costs"][fact])


def number(value: float, lang: str) -> str:
    """Return a number as sentences show it: one decimal below 100, else none."""
    digits = f"{value:,.1f}" if abs(value) < 99.95 else f"{value:,.0f}"
    return digits if lang != "de" else digits.replace(",", " ").replace(".", ",")
