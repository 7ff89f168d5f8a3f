"""What leaves an archive comes back the same: export, import into an empty archive, export again."""

import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtech.exchange.exporting import as_text, write_list, write_sessions
from evtech.exchange.incoming import Incoming, Parcel, Series, keep
from evtech.exchange.reading import read_file
from evtech.measure.sample import ChargerIdentity
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession, Gap, PhaseSpan

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
POINTS = (("power_total", "W"), ("voltage_l1", "V"), ("cp_state", ""), ("energy_import_total", "Wh"))
_number = st.one_of(st.none(), st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9).map(lambda v: round(v, 3)))
_state = st.one_of(st.none(), st.sampled_from(["A1", "B2", "C2", "F"]))
_row = st.tuples(_number, _number, _state, _number)
_quality = st.sampled_from(["good", "derived", "stale", "clipped"])


@st.composite
def incoming(draw: Any) -> Incoming:
    steps = draw(st.lists(st.integers(1, 60_000), min_size=1, max_size=30))
    times = [START.timestamp()]
    for step in steps:
        times.append((START + timedelta(milliseconds=round((times[-1] - START.timestamp()) * 1000) + step)).timestamp())
    rows = [draw(_row) for _ in times]
    marks = [["missing" if v is None else draw(_quality) for v in row] for row in rows]
    end = datetime.fromtimestamp(times[-1], UTC)
    gaps = (Gap(START, end, "no answer"),) if draw(st.booleans()) else ()
    session = ChargingSession(
        "s", "v", "r", ChargerIdentity("p", "Acme", "AC", draw(st.sampled_from(["1", "007"]))), START, end,
        energy_wh=draw(st.one_of(st.none(), st.floats(0, 1e5))), stop_reason="driver", gaps=gaps,
        phases=(PhaseSpan("CHARGING", START, end),), notes=tuple(draw(st.lists(st.text(max_size=8), max_size=2))),
        samples=len(times), last_seen=end,
    )  # fmt: skip
    return Incoming(session, "Yard", Series(POINTS, times, rows, marks))


def archive_of(folder: Path, name: str, parcel: Parcel) -> tuple[Archive, str]:
    archive = Archive.open(folder / f"{name}.evtech")
    return archive, keep(archive, parcel).ids[0]


@settings(max_examples=25, deadline=None)
@given(incoming(), st.sampled_from(["csv", "json"]))
def test_export_import_export_is_the_same(given: Incoming, kind: str) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        first, key = archive_of(folder, "first", Parcel("evtech", [given]))
        text = as_text(first, [key], kind)
        first.close()
        file = folder / f"export.{kind}"
        file.write_text(text, "utf-8")
        second, key = archive_of(folder, "second", read_file(file))
        again = as_text(second, [key], kind)
        second.close()

    assert again == text


@pytest.fixture
def kept(tmp_path: Path) -> Any:
    times = [START.timestamp() + i for i in range(2500)]
    rows = [[1000.0 + i % 7, 230.1, "C2", 5_000_000.0 + i / 3.6] for i in range(2500)]
    end = datetime.fromtimestamp(times[-1], UTC)
    session = ChargingSession("abc", "v", "r", ChargerIdentity("p", "Acme", "AC", "7"), START, end, energy_wh=694.2,
                              stop_reason="driver", samples=2500)  # fmt: skip
    series = Series(POINTS, times, rows, [["good"] * 4] * 2500)
    archive, key = archive_of(tmp_path, "kept", Parcel("evtech", [Incoming(session, "Yard/1", series)]))
    yield archive, key
    archive.close()


def test_a_long_session_survives_chunking(kept: tuple[Archive, str], tmp_path: Path) -> None:
    archive, key = kept
    text = as_text(archive, [key], "json")
    (tmp_path / "x.json").write_text(text, "utf-8")
    other, again = archive_of(tmp_path, "other", read_file(tmp_path / "x.json"))

    assert as_text(other, [again], "json") == text
    assert other.check().ok
    assert keep(other, read_file(tmp_path / "x.json")).known == 1
    assert other.session_list().lines[0].source == "evtech"
    other.close()


def test_parquet_in_a_folder_is_split_and_read_back_by_duckdb(kept: tuple[Archive, str], tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    archive, key = kept
    files = write_sessions(archive, [key], "parquet", tmp_path / "lake")

    assert files[0].parent.name == "month=2026-03"
    found = duckdb.sql(
        f"SELECT count(*), max(value), min(site) FROM read_parquet('{tmp_path}/lake/**/*.parquet', hive_partitioning=1)"
        " WHERE point = 'energy_import_total'"
    ).fetchall()
    assert found[0][:2] == (2500, pytest.approx(5_000_000 + 2499 / 3.6))


def test_a_workbook_holds_sessions_and_samples(kept: tuple[Archive, str], tmp_path: Path) -> None:
    archive, key = kept
    for target in (write_sessions(archive, [key], "xlsx", tmp_path / "a.xlsx")[0],
                   write_list(archive.session_list().lines, tmp_path / "b.xlsx")):  # fmt: skip
        assert target.read_bytes().startswith(b"PK")


def test_a_damaged_export_is_refused_whole(tmp_path: Path) -> None:
    from evtech.errors import InputError

    (tmp_path / "x.json").write_text(json.dumps([{"schema": "evtech.session/1", "rows": [{}]}]))
    with pytest.raises(InputError, match="session 1 is damaged"):
        read_file(tmp_path / "x.json")
