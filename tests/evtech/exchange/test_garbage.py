"""Files that are broken or mean harm: a sentence with file, place and reason; never a trace, never without bound."""

import json
import random
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from evtech.errors import EvtechError, InputError
from evtech.exchange import csv_table, json_stream, source_file
from evtech.exchange.exporting import as_text
from evtech.exchange.keeping import prepare
from evtech.exchange.reading import read_file
from evtech.store.archive import Archive
from tests.evtech.exchange.taking import keep, lines, read, written
from tests.evtech.exchange.test_cdr import CDR_211, cdr_221
from tests.evtech.exchange.test_csv_sessions import CONTRACT, GERMAN
from tests.evtech.exchange.test_ocpp_16 import WHOLE
from tests.evtech.exchange.test_ocpp_201 import WHOLE as WHOLE_201

SAMPLES = "time,power_total,cp_state,energy_import_total\n" + "".join(
    f"2026-03-01T12:{i // 60:02d}:{i % 60:02d}Z,{i * 10},C2,{1000 + i}\n" for i in range(300)
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   \n\n",
        "hello",
        '{"a": 1}',
        "[[[[",
        "\x00\x01",
        "[]",
        '{"data": []}',
        "[1, 2, 3]",
        "null",
        '"text"',
        "{",
        "[",
        '{"messages": []}',
        "[" * 100_000,
        '{"a":' * 100_000,
        "time\n1\n",
        "time,power_total\n",
        "\ufeff",
        '"',
        ",,,,\n,,,,\n",
    ],
)
def test_what_is_none_of_the_known_files_is_refused_in_words(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as caught:
        read(written(tmp_path, "x.dat", text))
    assert "x.dat" in str(caught.value)


@pytest.mark.parametrize(
    "head", [b"PK\x03\x04", b"%PDF-1.7", b"SQLite format 3\0", b"\x7fELF", b"\x89PNG\r\n", b"PAR1", bytes(5000)]
)
def test_other_kinds_of_files_are_named(tmp_path: Path, head: bytes) -> None:
    with pytest.raises(InputError):
        read(written(tmp_path, "x.csv", head + bytes(range(256)) * 20))


def test_a_folder_and_a_missing_file(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.csv"):
        with pytest.raises(InputError):
            read_file(path)


def sources(folder: Path) -> list[bytes]:
    """Return one sound file of each kind."""
    archive = Archive.open(folder / "source.evtech")
    keep(archive, written(folder, "s.csv", SAMPLES))
    export = as_text(archive, [archive.sessions()[0].id], "json")
    archive.close()
    texts = [
        SAMPLES,
        CONTRACT,
        json.dumps([cdr_221("1"), CDR_211]),
        json.dumps({"data": [cdr_221()]}, indent=1),
        lines(cdr_221("1"), cdr_221("2")),
        lines(*WHOLE),
        lines(*WHOLE_201),
        json.dumps(WHOLE),
        export,
    ]
    return [text.encode() for text in texts] + [GERMAN.encode("cp1252"), SAMPLES.encode("utf-16")]


def cut(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data))]


def flip(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.randrange(1, 9)):
        changed[dice.randrange(len(changed))] = dice.randrange(256)
    return bytes(changed)


def swap(data: bytes, dice: random.Random) -> bytes:
    """Put words where numbers and times stand, and numbers where words do."""
    words = [
        b"null",
        b"true",
        b"1e999",
        b"-5",
        b'"x"',
        b"[]",
        b"{}",
        b"9" * 5000,
        b"NaN",
        b'"0001-01-01T00:00:00Z"',
        b'"9999-12-31T23:59:59Z"',
        b'"\\ud800"',
        b"1.7e308",
        b'"2026-03-01T12:00:00"',
        b"",
        b"\0\0\0",
    ]
    parts = data.split(b":")
    if len(parts) > 2:
        place = dice.randrange(1, len(parts))
        _, sign, rest = parts[place].partition(b",")
        parts[place] = dice.choice(words) + sign + rest
    return b":".join(parts)


def repeat(data: bytes, dice: random.Random) -> bytes:
    at, length = dice.randrange(len(data)), dice.randrange(1, 400)
    return data[:at] + data[at : at + length] * dice.randrange(1, 4) + data[at:]


@pytest.mark.parametrize("spoil", [cut, flip, swap, repeat])
def test_spoiled_files_are_taken_or_refused_but_never_break(
    tmp_path: Path, spoil: Callable[[bytes, random.Random], bytes]
) -> None:
    dice = random.Random(spoil.__name__)
    archive = Archive.open(tmp_path / "a.evtech")
    for number, data in enumerate(sources(tmp_path)):
        for turn in range(12):
            file = written(tmp_path, f"{spoil.__name__}{number}-{turn}.dat", spoil(data, dice))
            try:
                with prepare(archive, file):
                    pass
            except EvtechError as error:
                assert str(error)
    archive.close()


def test_a_line_without_end_costs_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_file, "LONGEST", 1 << 16)
    monkeypatch.setattr(source_file, "_PIECE", 1 << 16)
    monkeypatch.setattr(source_file.SourceFile.lines, "__defaults__", ("utf-8", 1 << 16))
    file = written(
        tmp_path, "x.jsonl", lines(*WHOLE).encode() + b'[2, "' + b"x" * (20 << 20) + b'"]\n' + lines(*WHOLE).encode()
    )
    tracemalloc.start()
    found, _, parcel = read(file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert [p.split(":")[0] for p in parcel.problems.named] == [f"line {len(WHOLE) + 1}"]
    assert len({item.session.id for item in found}) == 1
    assert peak < 4 << 20


def test_a_long_line_of_a_table_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_table, "_LONGEST", 1 << 16)
    with pytest.raises(InputError, match=r"x\.csv, line 302 is longer than"):
        read(written(tmp_path, "x.csv", SAMPLES + "1," * (1 << 18) + "\n"))


def test_a_value_larger_than_any_record_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "LARGEST", 1 << 20)
    with pytest.raises(InputError, match=r"c\.json, line 1: "):
        read(written(tmp_path, "c.json", "[" + json.dumps(cdr_221(remark=["x" * 100] * 50_000)) + "]"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[{"id": 1, "id": 2, "start_date_time": "x", "total_energy": 1}]', "stands twice"),
        ('[{"start_date_time": "x", "total_energy": NaN}]', "NaN is no number"),
        ('[{"start_date_time": "x", "total_energy": %s}]' % ("9" * 6000), "has 6000 digits"),
        ('[\n{"start_date_time": "x",\n "total_energy": 1},\n{"broken', "line 4"),
        ('[{"start_date_time": "x", "total_energy": 1}] and more', "something follows"),
        ('[{"start_date_time": "x", "total_energy": 1} {"a": 1}]', "where ',' must stand"),
        ('[{"start_date_time": "x", "total_energy": %s' % ("[" * 100_000), "nested too deeply"),
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read(written(tmp_path, "c.json", text))


def test_zeros_that_a_power_cut_left_in_a_log_are_passed_over(tmp_path: Path) -> None:
    data = lines(*WHOLE[:4]).encode() + bytes(300) + b"\n" + lines(*WHOLE[4:]).encode()
    (item,), _, parcel = read(written(tmp_path, "CP1.jsonl", data))

    assert item.session.energy_wh == 2000
    assert parcel.problems.count == 1


def test_a_long_log_needs_little_memory(tmp_path: Path) -> None:
    rows = []
    for number in range(400):
        for row in WHOLE:
            text = json.dumps(row).replace(
                "2026-03-01T12:", f"2026-{1 + number // 28 % 12:02d}-{1 + number % 28:02d}T{number // 336:02d}:"
            )
            rows.append(text.replace('"transactionId": 7', f'"transactionId": {number}'))
    file = written(tmp_path, "CP1.jsonl", "\n".join(rows * 2))
    tracemalloc.start()
    count = sum(1 for _ in read_file(file))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert count > 400
    assert peak < 6 << 20


def test_names_without_end_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from evtech.exchange import ocpp_log, placing

    monkeypatch.setattr(ocpp_log, "MOST_STATIONS", 50)
    monkeypatch.setattr(placing, "MOST_PORTS", 50)
    rows = [{"chargePoint": f"CP{n}", "message": row} for n in range(60) for row in WHOLE]
    with pytest.raises(InputError, match="more than 50 charge points"):
        read(written(tmp_path, "x.jsonl", lines(*rows)))
    archive = Archive.open(tmp_path / "a.evtech")
    table = "port,start,end,energy_kwh\n" + "".join(f"P{n},2026-03-01T10:00Z,2026-03-01T11:00Z,5\n" for n in range(60))
    with pytest.raises(InputError, match="more than 50 ports"):
        keep(archive, written(tmp_path, "x.csv", table))
    archive.close()
    body = {"status": "Available", "timestamp": "2026-03-01T12:00Z"}
    many = [[2, str(n), "StatusNotification", body | {"connectorId": n}] for n in range(1, 300)]
    _, states, parcel = read(written(tmp_path, "y.jsonl", lines(*many)))
    assert (len(states), parcel.problems.count) == (200, 99)
