"""Sentences of findings in the languages that there are: ``resources/i18n/findings_*.toml``.

A finding keeps its English sentence, so that an archive can be read without this table, and the figures in it, so that
another language can say the same.
"""

import functools
import tomllib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from evtech import paths
from evtech.errors import InputError

if TYPE_CHECKING:
    from evtech.insights.anomalies import Anomaly

LANGUAGES = ("en", "de")


class _Number(float):
    """A float that is written with the decimal comma."""

    def __format__(self, spec: str) -> str:
        return format(float(self), spec).replace(".", ",")


@functools.lru_cache(maxsize=len(LANGUAGES))
def words(lang: str) -> dict[str, Any]:
    """Return the words of a language; raise ``InputError`` for an unknown one."""
    if lang not in LANGUAGES:
        raise InputError(f"There are no words in {lang!r}.", f"Languages: {', '.join(LANGUAGES)}.")
    return tomllib.loads((paths.resources() / "i18n" / f"findings_{lang}.toml").read_text("utf-8"))


def finding_text(said: str, figures: Mapping[str, float | str], lang: str = "en") -> str:
    """Return the sentence of a kind of finding with its figures."""
    table = words(lang)
    values: dict[str, Any] = {
        name: (
            table["about"].get(value, value) if isinstance(value, str) else _Number(value) if lang == "de" else value
        )
        for name, value in figures.items()
    }
    return str(table["text"][said]).format(**values)


def finding_todo(said: str, lang: str = "en") -> str:
    """Return what to do about a kind of finding."""
    return str(words(lang)["todo"][said])


def sentence(found: "Anomaly", lang: str = "en") -> str:
    """Return a finding's sentence in a language; what has none there stays in English."""
    if found.said not in words(lang)["text"]:
        return found.text
    try:
        return finding_text(found.said, found.figures, lang)
    except (KeyError, ValueError, TypeError):  # a row of another version of evtech
        return found.text


def todo(found: "Anomaly", lang: str = "en") -> str:
    """Return what to do about a finding, in a language."""
    return str(words(lang)["todo"].get(found.said or f"row_{found.rule}", found.suggestion))


def rule_name(rule: str, lang: str = "en") -> str:
    """Return a rule's name as people read it."""
    return str(words(lang)["rules"].get(rule, rule))


def status_word(status: str, lang: str = "en") -> str:
    """Return the word for open, accepted or dismissed."""
    return str(words(lang)["status"].get(status, status))


def severity_word(severity: str, lang: str = "en") -> str:
    """Return the word for critical, warning or info."""
    return str(words(lang)["severity"].get(severity, severity))


def limit_words(name: str, lang: str = "en") -> str:
    """Return what a limit means."""
    return str(words(lang)["limits"][name])
