"""JSON piece by piece says the same as JSON at once, wherever the pieces end."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtech.errors import InputError
from evtech.exchange import json_stream, source_file
from evtech.exchange.json_stream import JsonStream, loads
from evtech.exchange.source_file import SourceFile

_values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(10**9), 10**9), st.floats(allow_nan=False, allow_infinity=False),
              st.text(st.characters(exclude_categories=("Cs",)), max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=12,
)  # fmt: skip


def stream(folder: Path, text: str) -> JsonStream:
    (folder / "x.json").write_text(text, "utf-8", errors="surrogatepass")
    return JsonStream(SourceFile(folder / "x.json"))


@settings(max_examples=60, deadline=None)
@given(st.lists(_values, max_size=6), st.sampled_from([None, 1]), st.integers(1, 40))
def test_elements_are_those_of_the_whole(values: list[Any], indent: int | None, piece: int) -> None:
    import tempfile

    text = json.dumps(values, indent=indent, ensure_ascii=False)
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as place:
        patch.setattr(source_file, "_PIECE", piece)
        patch.setattr(source_file.SourceFile, "encoding", lambda self: "utf-8")
        found = stream(Path(place), text)
        assert [found.value() for _ in found.elements()] == values
        found.end()


@pytest.mark.parametrize("piece", range(1, 12))
def test_numbers_may_be_cut_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, piece: int) -> None:
    monkeypatch.setattr(source_file, "_PIECE", piece)
    monkeypatch.setattr(source_file.SourceFile, "encoding", lambda self: "utf-8")
    found = stream(tmp_path, "[1.5, -2.25e-3, 1E+9, 0, true, null, -1]")

    assert [found.value() for _ in found.elements()] == [1.5, -0.00225, 1e9, 0, True, None, -1]


def test_objects_give_their_keys_one_by_one(tmp_path: Path) -> None:
    found = stream(tmp_path, '{"a": 1, "rows": [1, 2], "b": {"c": []}}')
    told = []
    for key in found.keys():  # noqa: SIM118
        told.append((key, [found.value() for _ in found.elements()] if key == "rows" else found.value()))

    assert told == [("a", 1), ("rows", [1, 2]), ("b", {"c": []})]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[1, 2", "line 1: the file ends in the middle"),
        ("[1 2]", "where ',' must stand"),
        ("[1,]", "Expecting value"),
        ("[\n\n1,\nx]", "line 4"),
        ('["a]', "Unterminated string"),
        ("[tru]", "Expecting value"),
        ("[1]x", "something follows"),
        ("[\x00]", "Expecting value"),
        ("{1: 2}", "where '\\[' must stand"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        found = stream(tmp_path, text)
        for _ in found.elements():
            found.value()
        found.end()


@pytest.mark.parametrize(
    ("text", "said"), [("{1: 2}", "no text"), ('{{"a": 1}: 2}', "no text"), ('{"a": 1, "a": 2}', "'a' stands twice")]
)
def test_a_key_is_a_text_and_stands_once(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        found = stream(tmp_path, text)
        for _ in found.keys():  # noqa: SIM118  # no dict
            found.value()


def test_a_long_text_is_not_looked_through_for_each_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_file, "_PIECE", 1024)
    tries = []
    decode = json_stream.DECODER.raw_decode

    class Counting:
        def raw_decode(self, text: str, at: int) -> Any:
            tries.append(len(text))
            return decode(text, at)

    monkeypatch.setattr(json_stream, "DECODER", Counting())
    found = stream(tmp_path, json.dumps(["x" * 1_000_000]))

    assert [len(found.value()) for _ in found.elements()] == [1_000_000]
    assert len(tries) < 15


@pytest.mark.parametrize("text", ['{"a": 1, "a": 1}', "NaN", "[Infinity]", "9" * 61, "[" * 9999, "", "{", '"\x01"'])
def test_single_values_keep_the_same_rules(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        loads(text)


def test_half_of_a_surrogate_pair_becomes_the_replacement_character(tmp_path: Path) -> None:
    found = stream(tmp_path, r'[{"a\ud83d": ["cut \uD83D", "whole \ud83d\ude00", "\\ud83d"]}]')

    values = [found.value() for _ in found.elements()]
    assert values == [{"a\ufffd": ["cut \ufffd", "whole \U0001f600", "\\ud83d"]}]
    assert json.dumps(loads(r'"\udc00"'), ensure_ascii=False).encode() == '"\ufffd"'.encode()
