"""Settings survive the round trip; a damaged or newer file is told, kept, and never a crash."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtech.settings import Settings, check, load, save

CHOSEN = Settings("dark", "de", "/data/a.evtech", 0.5, "Ada Öhm")


def test_settings_survive_the_round_trip(tmp_path: Path) -> None:
    save(CHOSEN, tmp_path / "new" / "settings.json")

    assert load(tmp_path / "new" / "settings.json") == (CHOSEN, [])
    assert [f.name for f in (tmp_path / "new").iterdir()] == ["settings.json"]


def test_no_file_means_the_defaults(tmp_path: Path) -> None:
    assert load(tmp_path / "settings.json") == (Settings(), [])


@pytest.mark.parametrize("content", ["", "{", "[]", "[" * 100_000, '"dark"', '{"version": 9, "theme": "dark"}'])
def test_what_cannot_be_read_is_told_and_kept(tmp_path: Path, content: str) -> None:
    file = tmp_path / "settings.json"
    file.write_text(content)

    assert load(file)[1]
    save(CHOSEN, file)

    assert (tmp_path / "settings.json.old").read_text() == content
    assert load(file) == (CHOSEN, [])


def test_one_wrong_value_costs_only_itself(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({"version": 1, "theme": "pink", "technician": "Ada", "poll_interval_s": True}))

    settings, problems = load(file)

    assert settings == Settings(technician="Ada")
    assert problems == ["theme is 'pink'", "poll_interval_s is True"]
    assert check({"theme": "pink", "technician": "Ada"}) == ["theme"]


@given(st.dictionaries(st.sampled_from(["theme", "archive", "poll_interval_s", "version"]), st.none() | st.integers()))
def test_no_content_is_a_crash(tmp_path_factory: pytest.TempPathFactory, data: dict[str, object]) -> None:
    file = tmp_path_factory.mktemp("settings") / "settings.json"
    file.write_text(json.dumps(data))

    assert isinstance(load(file)[0], Settings)
