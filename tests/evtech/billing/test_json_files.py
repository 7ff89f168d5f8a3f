"""Hostile JSON is refused with a sentence, quickly."""

from decimal import Decimal
from pathlib import Path

import pytest

from evtech.billing import json_files
from evtech.billing.json_files import parse_json, read_json
from evtech.errors import InputError


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "not valid JSON"),
        (b"tariff: none", "not valid JSON"),
        (b'{"a": 1', "not valid JSON"),
        (b'{"a": 1e999999}', "out of range"),
        (b'{"a": 1e-999999}', "out of range"),
        (b'{"a": 1E9999999999999999999}', "not"),
        (b'{"a": ' + b"1" * 100_000 + b"}", "characters"),
        (b'{"a": NaN}', "NaN"),
        (b'{"a": [Infinity, -Infinity]}', "Infinity"),
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "'c' stands twice"),
        (b"\xff\xfe{\x00}\x00", "not UTF-8"),
        (b'{"a": "\xc3\x28"}', "not UTF-8"),
        (b"[" * 200_000, "nested too deeply"),
        (b'{"a":' * 200_000, "nested too deeply"),
        (b"PK\x03\x04" + bytes(100), "not"),
        (b"{}{}", "Extra data"),
    ],
)
def test_hostile_text_is_refused_with_the_reason(data: bytes, why: str) -> None:
    with pytest.raises(InputError, match=why) as caught:
        parse_json(data, "x.json")
    assert str(caught.value).startswith("x.json ")
    assert len(str(caught.value)) < 300


def test_a_file_beyond_the_limit_is_not_parsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_files, "MAX_BYTES", 100)
    (tmp_path / "big.json").write_bytes(b"[" + b"0," * 60 + b"0]")
    with pytest.raises(InputError, match="larger than"):
        read_json(tmp_path / "big.json")


def test_a_missing_file_and_a_folder_are_said(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_json(path)


def test_a_byte_order_mark_is_taken_off_and_numbers_are_exact() -> None:
    assert parse_json(b'\xef\xbb\xbf{"a": 0.1, "b": 5}', "x") == {"a": Decimal("0.1"), "b": Decimal(5)}
    assert str(parse_json(b"[0.10]", "x")[0]) == "0.10"
