"""What leaves an archive comes back the same: export, import into an empty archive, export again."""

import hashlib
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evtech.errors import InputError
from evtech.exchange.exporting import as_text, write_list, write_sessions
from evtech.exchange.incoming import Incoming
from evtech.exchange.judging import Judge
from evtech.exchange.placing import Placing
from evtech.insights.rule_limits import DEFAULTS
from evtech.measure.sample import ChargerIdentity
from evtech.store import incoming
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession, Gap, PhaseSpan
from evtech.store.session_extras import Attachment, Correction
from evtech.store.spool import Block, Spool
from tests.evtech.exchange.taking import keep, lines, written
from tests.evtech.exchange.test_ocpp_16 import start, status, stop

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
POINTS = (("power_total", "W"), ("voltage_l1", "V"), ("cp_state", ""), ("energy_import_total", "Wh"))
_number = st.one_of(st.none(), st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9).map(lambda v: round(v, 3)))
_state = st.one_of(st.none(), st.sampled_from(["A1", "B2", "C2", "F", "007", "1e5", "nan", ""]))
_row = st.tuples(_number, _number, _state, _number)
_quality = st.sampled_from(["good", "derived", "stale", "clipped"])
_text = st.text(st.characters(exclude_categories=("Cs",)), max_size=12)
_maybe = st.one_of(st.none(), _text.filter(bool))


def moment(seconds: float) -> datetime:
    return START + timedelta(milliseconds=round(seconds * 1000))


@st.composite
def sessions(draw: Any) -> Incoming:
    steps = draw(st.lists(st.integers(1, 60_000), min_size=1, max_size=30))
    times = [START.timestamp()]
    for step in steps:
        times.append((START + timedelta(milliseconds=round((times[-1] - START.timestamp()) * 1000) + step)).timestamp())
    rows = [draw(_row) for _ in times]
    rows = [tuple(None if v == "" else v for v in row) for row in rows]
    marks = [["missing" if v is None else draw(_quality) for v in row] for row in rows]
    end = datetime.fromtimestamp(times[-1], UTC)
    gaps = (Gap(START, end, draw(_text)),) if draw(st.booleans()) else ()
    source = draw(st.sampled_from([None, "cdr", "ocpp", "list"]))
    session = ChargingSession(
        "s", "v", "r", ChargerIdentity("p", "Acme", "AC", draw(st.sampled_from(["1", "007"]))), START,
        end if draw(st.booleans()) else None, energy_wh=draw(st.one_of(st.none(), st.floats(0, 1e5))),
        stop_reason=draw(st.sampled_from([None, "driver", "fault"])), gaps=gaps,
        phases=(PhaseSpan("PLUGGED", START, end), PhaseSpan("CHARGING", end, draw(st.sampled_from([None, end])))),
        errors=({"code": draw(_text), "meaning": draw(_maybe)},) if draw(st.booleans()) else (),
        notes=tuple(draw(st.lists(_text, max_size=2))), samples=len(times), last_seen=end,
        simulated=draw(st.booleans()), partial_start=draw(st.booleans()), source=source, token=draw(_maybe),
        authorised=draw(st.sampled_from([None, START])), auth_ok=draw(st.sampled_from([None, True, False])),
        payment_method=draw(st.sampled_from([None, "rfid", "app"])), transaction=draw(_maybe),
    )  # fmt: skip
    corrections = [
        Correction(moment(draw(st.integers(0, 9999))), draw(_text), field, value, draw(_text), f"c{i}")
        for i, (field, value) in enumerate(draw(st.lists(st.sampled_from(
            [("note", "seen"), ("site", "Depot"), ("clock_s", "3600.0")]), max_size=3)))
    ]  # fmt: skip
    files = [
        Attachment("s", draw(_text), "image/png", data, at=moment(7).timestamp(), id=f"a{i}")
        for i, data in enumerate(draw(st.lists(st.binary(max_size=40), max_size=2)))
    ]
    events = [
        (moment(0).timestamp(), "state_changed", {"from": "A1", "to": "C2", "phase": "CHARGING"}),
        (end.timestamp(), "note", {"text": draw(_text)}),
    ][: draw(st.integers(0, 2))]
    columns = [list(column) for column in zip(*rows, strict=True)]
    block = Block(times, columns, [list(column) for column in zip(*marks, strict=True)])
    return Incoming(session, draw(_text), POINTS, [block], corrections, files, events)


def archive_with(folder: Path, name: str, *items: Incoming) -> Archive:
    """Return an archive that holds sessions as if they had been recorded there."""
    archive = Archive.open(folder / f"{name}.evtech")
    with Spool() as spool:
        placing = Placing(spool, "x", "x", "evtech", lambda id_: False, Judge(DEFAULTS, lambda port: None))
        for item in items:
            placing.add(item)
        spool.finish()
        archive.import_rows(lambda connection: incoming.take(connection, spool))
    return archive


@settings(max_examples=30, deadline=None)
@given(sessions(), st.sampled_from(["csv", "json"]))
def test_export_import_export_is_the_same(given: Incoming, kind: str) -> None:
    if kind == "csv":  # a table has samples only, and a word of a file without quotes is what it looks like
        given = replace(given, session=replace(given.session, ended=given.session.last_seen))
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        first = archive_with(folder, "first", given)
        text = as_text(first, ["s"], kind)
        first.close()
        file = folder / f"export.{kind}"
        file.write_text(text, "utf-8")
        second = Archive.open(folder / "second.evtech")
        keep(second, file)
        again = as_text(second, [second.sessions()[0].id], kind)
        second.close()

    assert again == text


@settings(max_examples=10, deadline=None)
@given(sessions())
def test_parquet_and_back_is_the_same(given: Incoming) -> None:
    pytest.importorskip("pyarrow")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        first = archive_with(folder, "first", given)
        (file,) = write_sessions(first, ["s"], "parquet", folder / "x.parquet")
        text = _as_floats(as_text(first, ["s"], "json"))
        first.close()
        second = Archive.open(folder / "second.evtech")
        keep(second, file)
        (again,) = write_sessions(second, ["s"], "parquet", folder / "y.parquet")
        assert _as_floats(as_text(second, ["s"], "json")) == text
        second.close()
        assert again.read_bytes() == file.read_bytes()


def _as_floats(text: str) -> Any:
    return json.loads(text, parse_int=float)


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Archive]:
    times = [START.timestamp() + i for i in range(2500)]
    columns = [[1000.0 + i % 7 for i in range(2500)], [230.1] * 2500, ["C2"] * 2500,
               [5_000_000.0 + i / 3.6 for i in range(2500)]]  # fmt: skip
    end = datetime.fromtimestamp(times[-1], UTC)
    session = ChargingSession("abc", "v", "r", ChargerIdentity("p", "Acme", "AC", "7"), START, end, energy_wh=694.2,
                              stop_reason="driver", samples=2500)  # fmt: skip
    archive = archive_with(
        tmp_path, "kept", Incoming(session, "Yard/1", POINTS, [Block(times, columns, [None] * 4)]),
        Incoming(replace(session, id="def", started=end + timedelta(minutes=1), ended=end + timedelta(minutes=2)),
                 "Yard/1", POINTS, [Block([t + 2560 for t in times[:60]], [c[:60] for c in columns], [None] * 4)]),
    )  # fmt: skip
    yield archive
    archive.close()


def test_a_long_session_survives_chunking(kept: Archive, tmp_path: Path) -> None:
    text = as_text(kept, ["abc"], "json")
    (tmp_path / "x.json").write_text(text, "utf-8")
    other = Archive.open(tmp_path / "other.evtech")
    keep(other, tmp_path / "x.json")

    assert as_text(other, ["abc"], "json") == text
    assert other.check().ok
    assert keep(other, tmp_path / "x.json").known == 1
    assert other.session_list().lines[0].source == "evtech"
    other.close()


@pytest.mark.parametrize("kind", ["json", "parquet"])
def test_sessions_of_one_recording_come_back_one_by_one(kept: Archive, tmp_path: Path, kind: str) -> None:
    text = as_text(kept, ["abc", "def"], "json")
    other = Archive.open(tmp_path / "other.evtech")
    for key in ("def", "abc"):
        (file,) = write_sessions(kept, [key], kind, tmp_path / f"{key}.{kind}")
        keep(other, file)

    assert as_text(other, ["abc", "def"], "json") == text
    assert other.info()["recordings"] == 1
    other.close()


def test_an_imported_session_keeps_its_mark_on_its_way(tmp_path: Path) -> None:
    cdr = {"id": "C1", "start_date_time": "2026-03-01T12:00:00Z", "end_date_time": "2026-03-01T13:00:00Z",
           "total_energy": 11.2, "cdr_location": {"evse_id": "E1"}, "cdr_token": {"uid": "T"}}  # fmt: skip
    (tmp_path / "c.json").write_text(json.dumps(cdr))
    one, two = Archive.open(tmp_path / "1.evtech"), Archive.open(tmp_path / "2.evtech")
    keep(one, tmp_path / "c.json")
    ids = [line.id for line in one.session_list().lines]
    (tmp_path / "x.json").write_text(as_text(one, ids, "json"))
    keep(two, tmp_path / "x.json")

    assert two.session_list().lines[0].source == "cdr"
    assert two.session_list().lines[0].token == "T"
    assert as_text(two, ids, "json") == as_text(one, ids, "json")
    one.close()
    two.close()


def test_parquet_in_a_folder_is_split_and_read_back_by_duckdb(kept: Archive, tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    files = write_sessions(kept, ["abc"], "parquet", tmp_path / "lake")

    assert files[0].parent.name == "month=2026-03"
    found = duckdb.sql(
        f"SELECT count(*), max(value), min(site) FROM read_parquet('{tmp_path}/lake/**/*.parquet', hive_partitioning=1)"
        " WHERE point = 'energy_import_total'"
    ).fetchall()
    assert found[0][:2] == (2500, pytest.approx(5_000_000 + 2499 / 3.6))


def test_a_workbook_holds_sessions_and_samples(kept: Archive, tmp_path: Path) -> None:
    for target in (write_sessions(kept, ["abc"], "xlsx", tmp_path / "a.xlsx")[0],
                   write_list(kept.session_list().lines, tmp_path / "b.xlsx")):  # fmt: skip
        assert target.read_bytes().startswith(b"PK")


def test_a_workbook_is_no_import(kept: Archive, tmp_path: Path) -> None:
    (file,) = write_sessions(kept, ["abc"], "xlsx", tmp_path / "a.xlsx")
    with pytest.raises(InputError, match="save the table as CSV"):
        keep(kept, file)


def test_the_list_of_sessions_is_itself_a_list_to_import(kept: Archive, tmp_path: Path) -> None:
    file = write_list(kept.session_list().lines, tmp_path / "rows.csv")
    other = Archive.open(tmp_path / "other.evtech")
    keep(other, file)
    told = sorted((line.port, line.started, line.ended, line.energy_wh) for line in other.session_list().lines)
    other.close()

    assert told == sorted((x.port, x.started, x.ended, x.energy_wh) for x in kept.session_list().lines)


@pytest.mark.parametrize(
    "change",
    [
        {"rows": [{}]}, {"energy_wh": "much"}, {"energy_wh": 1e400}, {"started": "yesterday"}, {"charger": 5},
        {"phases": 5}, {"notes": [5]}, {"started": "2026-03-01T12:00:00"}, {"ended": "1970-01-01T00:00:00Z"},
        {"units": {"power_total": 5}}, {"corrections": [{"id": "x"}]}, {"id": None}, {"schema": "other/1"},
        {"rows": [{"time": "2026-03-01T12:00:00Z", "values": {"power_total": True}, "quality": {}}]},
        {"rows": [{"time": "2026-03-01T12:00:00Z", "values": {"power_total": 1}, "quality": {"power_total": "nice"}}]},
        {"attachments": [{"id": "a", "name": "x", "media_type": "y", "at": "2026-03-01T12:00:00Z", "data": "%%"}]},
        {"events": [{"time": "2026-03-01T12:00:00Z", "event": "party", "details": {}}]},
        {"attachments": [{"id": "a", "name": "x", "media_type": "y", "at": "2026-03-01T12:00:00Z", "data": "",
                          "sha256": hashlib.sha256(b"x").hexdigest()}]},
    ],
)  # fmt: skip
def test_a_damaged_export_is_refused_whole(kept: Archive, tmp_path: Path, change: dict[str, Any]) -> None:
    data = json.loads(as_text(kept, ["abc"], "json"))
    good = json.loads(as_text(kept, ["def"], "json"))
    data[0] |= change
    (tmp_path / "x.json").write_text(json.dumps(good + data).replace("Infinity", "1e400"))
    other = Archive.open(tmp_path / "other.evtech")

    with pytest.raises(InputError, match="session 2 is damaged"):
        keep(other, tmp_path / "x.json")
    assert other.info()["visits"] == 0
    other.close()


def test_sessions_that_meet_in_one_recording_come_back_with_each_sample_once(tmp_path: Path) -> None:
    rows = [status("Available", "00"), status("Preparing", "01"), *start("02"), status("Charging", "03"), stop("30"),
            status("Available", "30"), *start("30", 8), stop("40", 8), status("Available", "41")]  # fmt: skip
    one, two = Archive.open(tmp_path / "1.evtech"), Archive.open(tmp_path / "2.evtech")
    keep(one, written(tmp_path, "CP1.jsonl", lines(*rows)))
    ids = [line.id for line in one.session_list().lines]
    keep(two, written(tmp_path, "x.json", as_text(one, ids, "json")))

    assert len(ids) == 2
    assert as_text(two, ids, "json") == as_text(one, ids, "json")
    one.close()
    two.close()


def test_a_parquet_file_damaged_in_the_middle_is_refused_in_words(kept: Archive, tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    (file,) = write_sessions(kept, ["abc"], "parquet", tmp_path / "x.parquet")
    data = bytearray(file.read_bytes())
    for at in range(4, len(data) // 2, 7):
        data[at] ^= 0xFF
    other = Archive.open(tmp_path / "other.evtech")
    with pytest.raises(InputError, match=r"x\.parquet is damaged"):
        keep(other, written(tmp_path, "x.parquet", bytes(data)))
    assert other.info()["sessions"] == 0
    other.close()


def test_a_value_that_cannot_be_is_refused_in_parquet_too(kept: Archive, tmp_path: Path) -> None:
    pyarrow, parquet = pytest.importorskip("pyarrow"), pytest.importorskip("pyarrow.parquet")
    (file,) = write_sessions(kept, ["abc"], "parquet", tmp_path / "x.parquet")
    table = parquet.read_table(file)
    huge = pyarrow.array([1e300] * table.num_rows)
    parquet.write_table(table.set_column(table.schema.get_field_index("value"), "value", huge), file)
    other = Archive.open(tmp_path / "other.evtech")
    with pytest.raises(InputError, match="is no value of a sample"):
        keep(other, file)
    other.close()
