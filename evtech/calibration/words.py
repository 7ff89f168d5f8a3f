"""The words of results and reports in the languages that there are: `resources/i18n/calibration_*.toml`."""

import functools
import tomllib
from collections.abc import Mapping
from typing import Any

from evtech import paths
from evtech.errors import InputError

LANGUAGES = ("en", "de")


@functools.lru_cache(maxsize=len(LANGUAGES))
def words(lang: str) -> dict[str, Any]:
    """Return the words of a language, texts and tables of texts; raise ``InputError`` for an unknown one."""
    if lang not in LANGUAGES:
        raise InputError(f"There is no report in {lang!r}.", f"Languages: {', '.join(LANGUAGES)}.")
    return tomllib.loads((paths.resources() / "i18n" / f"calibration_{lang}.toml").read_text("utf-8"))


def sentence(code: str, lang: str, values: Mapping[str, str]) -> str:
    """Return the sentence of a remark's code with its values; in German numbers have a comma."""
    texts: dict[str, str] = words(lang)["remarks"]
    said = {k: v.replace(".", ",") if lang == "de" and _is_number(v) else v for k, v in values.items()}
    said = {k: texts.get(v, v) for k, v in said.items()}
    return texts[code].format(**said)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
