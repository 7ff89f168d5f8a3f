"""What reports call a session's end, its phases and its source: ``resources/i18n/sessions_*.toml``.

A word that the table does not know, such as one of a foreign source, stays as it is.
"""

import functools
import tomllib

from evtech import paths


def end_word(reason: str | None, lang: str) -> str:
    """Return how a session ended; empty where that is not known yet."""
    return _words(lang)["ends"].get(reason, reason) if reason else ""


def source_word(source: str, lang: str) -> str:
    """Return who tells of a session."""
    return _words(lang)["sources"].get(source, source)


def phase_word(phase: str, lang: str) -> str:
    """Return what a session was doing."""
    return _words(lang)["phases"].get(phase, phase)


@functools.cache
def _words(lang: str) -> dict[str, dict[str, str]]:
    return tomllib.loads((paths.resources() / "i18n" / f"sessions_{lang}.toml").read_text("utf-8"))
