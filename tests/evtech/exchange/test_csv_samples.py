"""CSV of samples from loggers: titles, units, zones, order, bad cells; long files in little memory."""

from itertools import pairwise
from pathlib import Path

import pytest

from evtech.errors import InputError
from evtech.exchange import csv_samples
from evtech.exchange.incoming import Stretch
from evtech.exchange.plans import Plan
from evtech.exchange.reading import look, read_file
from evtech.exchange.source_file import SourceFile
from evtech.store.archive import Archive
from tests.evtech.exchange.taking import keep, read, written


def rows_of(file: Path, plan: Plan | None = None) -> tuple[list[float], dict[str, list[object]]]:
    """Return the times and the columns of a file."""
    times: list[float] = []
    columns: dict[str, list[object]] = {}
    for item in read_file(file, plan):
        if isinstance(item, Stretch):
            times += [float(t) for t in item.block.times]
            for (name, _), column in zip(item.points, item.block.columns, strict=True):
                columns.setdefault(name, []).extend(None if v is None or v != v else v for v in column)
    return times, columns


def test_a_loggers_titles_are_understood_and_bad_cells_named(tmp_path: Path) -> None:
    text = "Zeit;Power (kW);Energy [kWh];Odd Thing\n01.03.2026 12:00:00;11,0;1,5;x\n01.03.2026 12:30:00;nix;7,0;x\n"
    file = written(tmp_path, "logger.csv", text)
    (item,), _, parcel = read(file)

    assert [c.target for c in look(SourceFile(file))[0].plan.columns] == [
        "time",
        "power_total",
        "energy_import_total",
        None,
    ]
    assert (item.session.energy_wh, item.session.peak_power_w, item.session.charger.model) == (5500, 11_000, "logger")
    assert "line 3, Power (kW): 'nix' is no number; taken as missing" in parcel.problems.named
    assert "column 'Odd Thing' is not known and is left out" in parcel.problems.named


@pytest.mark.parametrize("word", ["1_000", "1e30", "-inf", "1e999"])
def test_what_only_a_programmer_writes_is_no_number(tmp_path: Path, word: str) -> None:
    file = written(tmp_path, "x.csv", f"time,power_total\n2026-03-01T12:00:00Z,{word}\n2026-03-01T12:00:01Z,12\n")

    assert rows_of(file)[1] == {"power_total": [None, 12.0]}
    assert f"line 2, power_total: {word!r} is no number; taken as missing" in read(file)[2].problems.named


def test_columns_can_be_said_in_another_way(tmp_path: Path) -> None:
    file = written(tmp_path, "x.csv", "time,A,B\n2026-03-01T12:00:00Z,11,230\n2026-03-01T12:00:01Z,12,231\n")
    plan = look(SourceFile(file), Plan(kind="samples"))[0].plan.with_columns(["A=power_total:kW", "B=voltage_l1"])

    assert rows_of(file, plan)[1] == {"power_total": [11_000.0, 12_000.0], "voltage_l1": [230.0, 231.0]}


@pytest.mark.parametrize(
    ("words", "said"),
    [(["A"], "TITLE=WHAT"), (["Z=power_total"], "no column 'Z'"), (["A=power_total:furlong"], "unit 'furlong'")],
)
def test_a_column_that_cannot_be_said_is_refused(tmp_path: Path, words: list[str], said: str) -> None:
    file = written(tmp_path, "x.csv", "time,A\n1,2\n")
    with pytest.raises(InputError, match=said):
        look(SourceFile(file), Plan(kind="samples"))[0].plan.with_columns(words)


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        ("\ufefftime;Spannung (V);Größe\n1772366400;230,1;ä\n1772366401;230,2;ö\n".encode(), "utf-8"),
        ("time;Spannung (V);Größe\n1772366400;230,1;ä\n1772366401;230,2;ö\n".encode("cp1252"), "cp1252"),
        ("time\tSpannung (V)\tGröße\n1772366400\t230,1\tä\n1772366401\t230,2\tö\n".encode("utf-16"), "utf-16"),
    ],
)
def test_the_encodings_that_spreadsheets_write(tmp_path: Path, data: bytes, encoding: str) -> None:
    file = written(tmp_path, "x.csv", data)

    assert look(SourceFile(file))[0].plan.encoding == encoding
    assert look(SourceFile(file))[0].head[2] == "Größe"
    assert rows_of(file)[1]["voltage_ln_average"] == [230.1, 230.2]


def test_a_line_in_another_encoding_in_the_middle_is_read_and_said(tmp_path: Path) -> None:
    body = "time,power_total,state\n" + "".join(f"{1772366400 + i},1,C2\n" for i in range(200_000))
    file = written(tmp_path, "x.csv", body.encode() + "1773000000,1,Größe\n".encode("cp1252"))
    found, _, parcel = read(file)

    assert found[0].session.samples == 200_001
    assert "1 lines are no UTF-8 and were read as Windows-1252" in parcel.remarks


@pytest.mark.parametrize(
    ("zone", "text", "hours"),
    [
        ("UTC", "2026-03-01 12:00:00", 12),
        ("Europe/Berlin", "2026-03-01 12:00:00", 11),
        ("Asia/Kolkata", "01.03.2026 12:00", 6.5),
        ("Europe/Berlin", "2026-03-01T12:00:00+05:00", 7),
    ],
)
def test_times_without_an_offset_are_of_the_zone_that_is_said(
    tmp_path: Path, zone: str, text: str, hours: float
) -> None:
    file = written(tmp_path, "x.csv", f"time,power_total\n{text},1\n")

    assert (rows_of(file, Plan(zone=zone))[0][0] - 1772323200) / 3600 == hours


def test_the_hour_that_comes_twice_is_told_apart_by_its_order(tmp_path: Path) -> None:
    walls = ["01:30", "02:00", "02:30", "02:00", "02:30", "03:00"]
    file = written(tmp_path, "x.csv", "time,power_total\n" + "".join(f"2025-10-26 {w}:00,1\n" for w in walls))
    times, _ = rows_of(file, Plan(zone="Europe/Berlin"))
    _, _, parcel = read(file, Plan(zone="Europe/Berlin"))

    assert [b - a for a, b in pairwise(times)] == [1800] * 5
    assert "4 times lie in the hour that Europe/Berlin has twice" in parcel.remarks[0]
    assert "lines 3, 4, 5, 6" in parcel.remarks[0]


def test_the_hour_that_is_left_out_is_named(tmp_path: Path) -> None:
    file = written(tmp_path, "x.csv", "time,power_total\n2025-03-30 01:30:00,1\n2025-03-30 02:30:00,1\n")
    _, _, parcel = read(file, Plan(zone="Europe/Berlin"))

    assert "leaves out when summer time begins (line 3)" in parcel.remarks[0]


def test_month_first_dates(tmp_path: Path) -> None:
    file = written(tmp_path, "x.csv", "time,power_total\n03/02/2026 1:30 PM,5\n03/02/2026 1:31 PM,5\n")
    (item,), _, _ = read(file, Plan(order="month"))

    assert item.session.started.isoformat() == "2026-03-02T13:30:00+00:00"


def test_date_and_time_in_two_columns(tmp_path: Path) -> None:
    file = written(tmp_path, "x.csv", "Datum;Uhrzeit;Leistung (kW)\n01.03.2026;12:00:05;3,5\n01.03.2026;12:00:06;3,6\n")

    assert rows_of(file) == ([1772366405.0, 1772366406.0], {"power_total": [3500.0, 3600.0]})


def test_a_table_that_begins_below_other_lines(tmp_path: Path) -> None:
    file = written(tmp_path, "x.csv", "sep=;\nReport of today\n\ntime;power_total\n2026-03-01T12:00:00Z;5\nbad;6\n")
    (item,), _, parcel = read(file)

    assert item.session.samples == 1
    assert parcel.problems.named == ["line 6: 'bad' is no time; the row is left out"]


def test_signs_between_thousands(tmp_path: Path) -> None:
    german = written(tmp_path, "a.csv", "time;energy_total\n1;1.234.567,5\n2;1.234.568,5\n")
    english = written(tmp_path, "b.csv", 'time,energy_total\n1,"1,234,567.5"\n2,"1,234,568.5"\n')

    assert rows_of(german)[1] == rows_of(english)[1] == {"energy_total": [1_234_567.5, 1_234_568.5]}


def test_rows_out_of_order_are_sorted_and_of_equal_times_the_last_counts(tmp_path: Path) -> None:
    file = written(tmp_path, "x.csv", "time,power_total\n5,1\n3,2\n5,3\n4,4\n")
    _, _, parcel = read(file)

    assert rows_of(file) == ([3.0, 4.0, 5.0], {"power_total": [2.0, 4.0, 3.0]})
    assert "1 rows had the time of another row; the last one counts" in parcel.problems.named
    assert "2 rows were out of order and have been sorted" in parcel.remarks


def test_a_file_longer_than_what_is_held_is_read_in_stretches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(csv_samples, "HELD", 20_000)
    order = [i ^ 1 for i in range(100_000)]  # neighbours change places
    file = written(tmp_path, "x.csv", "time,power_total,state\n" + "".join(f"{t},{t % 7},C2\n" for t in order))
    stretches = [item for item in read_file(file) if isinstance(item, Stretch)]

    assert len(stretches) > 5
    assert rows_of(file)[0] == [float(t) for t in range(100_000)]


def test_a_row_that_comes_far_too_late_is_refused_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_samples, "HELD", 20_000)
    body = "".join(f"{t},1\n" for t in range(1, 50_000))
    with pytest.raises(InputError, match=r"line 50001: the time lies before"):
        read(written(tmp_path, "x.csv", f"time,power_total\n{body}0,1\n"))


def test_energy_is_the_registers_else_the_integral(tmp_path: Path) -> None:
    power = "time,power_total\n0,0\n10,1000\n20,1000\n30,0\n"
    (item,), _, _ = read(written(tmp_path, "x.csv", power))
    (fallen,), _, _ = read(written(tmp_path, "y.csv", "time,energy_total\n0,500\n10,100\n"))

    assert (item.session.energy_wh, item.session.energy_source) == (pytest.approx(20_000 / 3600), "integrated_power")
    assert [(p.start.second, p.end.second if p.end else None) for p in item.session.phases] == [(10, 30)]
    assert (fallen.session.energy_wh, len(fallen.session.notes)) == (None, 1)


def test_the_same_file_read_in_another_way_is_another_session(tmp_path: Path) -> None:
    file = written(tmp_path, "x.csv", "time,power_total\n2026-03-01 12:00:00,5\n2026-03-01 12:00:01,6\n")
    (one,), _, _ = read(file)
    (other,), _, _ = read(file, Plan(zone="Europe/Berlin"))

    assert one.session.id != other.session.id


def test_rules_over_samples_run_with_the_import(tmp_path: Path) -> None:
    text = "time,power_total,energy_total\n" + "".join(f"{1772366400 + i},11000,{50000 - 500 * i}\n" for i in range(50))
    archive = Archive.open(tmp_path / "a.evtech")
    keep(archive, written(tmp_path, "x.csv", text.replace("energy_total", "energy_import_total")))
    rules = {f["rule"] for r in archive.results("anomaly") for f in r.body["findings"]}
    archive.close()

    assert "rollback" in rules


@pytest.mark.parametrize("text", ["time,power_total\n", "time,power_total\nbad,1\n", "time,odd thing\n1,2\n"])
def test_a_file_without_a_sample_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError, match=r"no sample that can be used|no table"):
        read(written(tmp_path, "x.csv", text))


def test_two_columns_cannot_be_the_same_point(tmp_path: Path) -> None:
    file = written(tmp_path, "x.csv", "time,power_total,B\n2026-03-01T12:00:00Z,11,12\n2026-03-01T12:00:01Z,12,13\n")
    plan = look(SourceFile(file), Plan())[0].plan

    with pytest.raises(InputError, match="'power_total' and 'B' would both be power_total"):
        read_file(file, plan.with_columns(["B=power_total:kW"]))
    said = plan.with_columns(["B=power_total:kW", "power_total="])
    assert rows_of(file, said)[1] == {"power_total": [12_000.0, 13_000.0]}


def test_of_two_columns_of_one_title_the_first_is_meant(tmp_path: Path) -> None:
    file = written(tmp_path, "x.csv", "time,P,P\n2026-03-01T12:00:00Z,11,12\n2026-03-01T12:00:01Z,12,13\n")
    plan = look(SourceFile(file), Plan(kind="samples"))[0].plan.with_columns(["P=power_total:kW"])

    assert rows_of(file, plan)[1] == {"power_total": [11_000.0, 12_000.0]}


def test_a_column_outside_the_vocabulary_is_taken_and_said(tmp_path: Path) -> None:
    file = written(tmp_path, "x.csv", "time,power_total,foo\n2026-03-01T12:00:00Z,11,12\n2026-03-01T12:00:01Z,12,13\n")
    _, _, parcel = read(file)

    assert parcel.remarks == ["not in the vocabulary, taken under their own names: foo"]
    assert parcel.problems.count == 0


def test_a_time_before_1970_is_no_time(tmp_path: Path) -> None:
    _, _, parcel = read(written(tmp_path, "x.csv", "time,power_total\n-0.5,10\n0,11\n0.5,12\n"))

    assert parcel.problems.named == ["line 2: '-0.5' is no time; the row is left out"]


@pytest.mark.parametrize("other", ["12", "x"])
def test_a_value_beyond_any_measurement_is_missing(tmp_path: Path, other: str) -> None:
    text = f"time,Power (kW)\n2026-03-01T12:00:00Z,1772366400000\n2026-03-01T12:00:01Z,{other}\n"
    (item,), _, parcel = read(written(tmp_path, "x.csv", text))

    assert item.session.peak_power_w == (12_000 if other == "12" else None)
    assert parcel.problems.named[0] == "line 2, Power (kW): '1772366400000' is no number; taken as missing"
