"""Limits of rules: a file that is wrong is refused whole, and a check says which limits it used."""

from dataclasses import replace
from pathlib import Path

import pytest

from evtech.errors import InputError
from evtech.insights.finding_words import LANGUAGES, limit_words, words
from evtech.insights.rule_limits import DEFAULTS, changes, load_limits, save_limits, settings


def test_what_is_changed_is_kept_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "findings.toml"
    save_limits(replace(DEFAULTS, clock_s=10.0, rated_w=11_000.0), file)

    assert file.read_text("utf-8").splitlines()[1:] == ["clock_s = 10.0"]
    assert load_limits(file) == replace(DEFAULTS, clock_s=10.0)
    save_limits(DEFAULTS, file)
    assert not file.exists()
    assert load_limits(file) == DEFAULTS


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("clok_s = 5", "no limit 'clok_s'"), ("clock_s = 0", "clock_s is 0"), ("clock_s = '5'", "clock_s is '5'"),
        ("clock_s = true", "clock_s is True"), ("clock_s = nan", "clock_s is nan"),
        ("rated_w = 5", "no limit 'rated_w'"),
        ("clock_s =", "cannot be read"),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_with_its_reason(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "findings.toml"
    file.write_text(text, "utf-8")

    with pytest.raises(InputError, match=said):
        load_limits(file)


def test_a_stamp_tells_limits_apart() -> None:
    stamps = {DEFAULTS.stamp, replace(DEFAULTS, clock_s=6.0).stamp, replace(DEFAULTS, clock_s=7.0).stamp}
    assert len(stamps) == 3
    assert replace(DEFAULTS, rated_w=1.0, poll_s=2.0).stamp == DEFAULTS.stamp
    assert changes(replace(DEFAULTS, clock_s=6)) == {"clock_s": 6.0}


@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_limit_is_explained_and_its_default_allowed(lang: str) -> None:
    assert {s.name for s in settings()} == set(words(lang)["limits"])
    for s in settings():
        assert s.low <= s.default <= s.high
        assert limit_words(s.name, lang)
