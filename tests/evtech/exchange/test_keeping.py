"""An import is all or nothing, known the second time, and can be taken out again without anything being deleted."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from evtech.errors import ArchiveError, InputError, NotFoundError
from evtech.exchange.exporting import as_text
from evtech.exchange.keeping import prepare, restore, take_in, withdraw
from evtech.exchange.plans import Plan
from evtech.exchange.progress import READING, GivenUpError, Progress
from evtech.exchange.session_json import pieces
from evtech.insights.archive_records import read_archive
from evtech.store.archive import Archive
from evtech.store.imports import imports
from tests.evtech.exchange.taking import T, keep, lines, written
from tests.evtech.exchange.test_ocpp_16 import WHOLE, start, status, stop, values
from tests.evtech.insights.fleet import fill

ROWS = "port,start,end,energy_kwh,token\n" + "".join(
    f"P{i % 3},2026-03-{1 + i // 10:02d}T{10 + i % 10}:00Z,2026-03-{1 + i // 10:02d}T{10 + i % 10}:50Z,{i + 1},t{i}\n"
    for i in range(50)
)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive.open(tmp_path / "a.evtech")


def shown(archive: Archive) -> list[tuple[str, float | None]]:
    """Return what lists and sums see."""
    return sorted((line.port, line.energy_wh) for line in archive.session_list().lines)


def everything(file: Path) -> str:
    """Return the whole content of an archive but the time at which things were noted."""
    import sqlite3

    with sqlite3.connect(file) as connection:
        text = "\n".join(connection.iterdump())
    connection.close()
    return text


def test_the_same_file_again_changes_nothing(archive: Archive, tmp_path: Path) -> None:
    file = written(tmp_path, "rows.csv", ROWS)
    first = keep(archive, file)
    archive.close()
    before = everything(tmp_path / "a.evtech")
    archive = Archive.open(tmp_path / "a.evtech")
    again = keep(archive, file)
    archive.close()

    assert (first.sessions, again.sessions, again.known) == (50, 0, 50)
    assert everything(tmp_path / "a.evtech") == before


def test_a_file_under_another_name_is_the_same_file(archive: Archive, tmp_path: Path) -> None:
    keep(archive, written(tmp_path, "rows.csv", ROWS))

    assert keep(archive, written(tmp_path, "copy.csv", ROWS)).sessions == 0
    with archive.reading() as connection:
        assert len(imports(connection)) == 1
    archive.close()


def test_an_overlapping_file_brings_what_is_new_and_says_what_differs(archive: Archive, tmp_path: Path) -> None:
    keep(archive, written(tmp_path, "rows.csv", ROWS))
    more = ROWS.replace(",1,t0", ",99,t0") + "P9,2026-04-01T10:00Z,2026-04-01T11:00Z,5,t\n"
    kept = keep(archive, written(tmp_path, "more.csv", more))

    assert (kept.sessions, kept.known, kept.changed) == (1, 50, 1)
    assert dict(shown(archive))["P9"] == 5000
    archive.close()


def test_an_import_is_taken_out_everywhere_and_brought_back(archive: Archive, tmp_path: Path) -> None:
    fill(archive)
    archive.writer.flush()
    before, attempts = shown(archive), len(read_archive(archive).attempts)
    kept = keep(archive, written(tmp_path, "rows.csv", ROWS))
    log = keep(archive, written(tmp_path, "CP1.jsonl", lines(*WHOLE)))
    with_both, ports = shown(archive), set(read_archive(archive).ports)

    for key in (kept.import_id, log.import_id):
        withdraw(archive, key[:8], "wrong file", "Ada")
    without, ports_without = shown(archive), set(read_archive(archive).ports)
    counted = archive.session_list()
    assert len(archive.sessions()) == len(before)
    restore(archive, kept.import_id)
    restore(archive, log.import_id)

    assert (len(with_both), without) == (len(before) + 51, before)
    assert (counted.total, len(read_archive(archive).attempts)) == (len(before), attempts + 51)
    assert ports - ports_without == {"P0", "P1", "P2", "CP1 1"}
    assert shown(archive) == with_both
    with pytest.raises(InputError, match="is not withdrawn"):
        restore(archive, log.import_id)
    with pytest.raises(NotFoundError):
        withdraw(archive, "zz")
    archive.close()


def test_taking_a_withdrawn_file_in_again_brings_it_back(archive: Archive, tmp_path: Path) -> None:
    file = written(tmp_path, "rows.csv", ROWS)
    kept = keep(archive, file)
    before = shown(archive)
    withdraw(archive, kept.import_id)
    again = keep(archive, file)

    assert (again.import_id, again.sessions) == (kept.import_id, 0)
    assert shown(archive) == before
    archive.close()


def test_a_file_read_wrongly_is_replaced(archive: Archive, tmp_path: Path) -> None:
    file = written(tmp_path, "rows.csv", ROWS.replace("Z,", ",").replace("T", " "))
    keep(archive, file)
    with prepare(archive, file, Plan(zone="Asia/Tokyo")) as ready:
        assert ready.other is not None
        take_in(archive, ready, replaces=ready.other)
    hours = {line.started % 86400 / 3600 for line in archive.session_list().lines}

    assert hours == {float(h) for h in range(1, 11)}
    assert len(archive.session_list().lines) == 50
    archive.close()


def test_a_unit_read_wrongly_is_replaced_under_the_same_keys(archive: Archive, tmp_path: Path) -> None:
    file = written(tmp_path, "rows.csv", ROWS.replace("energy_kwh", "energy"))
    keep(archive, file)
    from evtech.exchange.reading import look
    from evtech.exchange.source_file import SourceFile

    plan = look(SourceFile(file))[0].plan.with_columns(["energy=energy:Wh"])
    with prepare(archive, file, plan) as ready:
        take_in(archive, ready, replaces=ready.other)

    assert max(wh or 0 for _, wh in shown(archive)) == 50
    assert len(shown(archive)) == 50
    archive.close()


def test_what_two_imports_share_comes_back_with_the_second(archive: Archive, tmp_path: Path) -> None:
    head, *rows = ROWS.splitlines(keepends=True)
    one = written(tmp_path, "one.csv", head + "".join(rows[:30]))
    two = written(tmp_path, "two.csv", head + "".join(rows[20:]))
    first = keep(archive, one)
    keep(archive, two)
    withdraw(archive, first.import_id)
    assert len(shown(archive)) == 20
    keep(archive, two)
    assert len(shown(archive)) == 30

    restore(archive, first.import_id)  # the shared ones are told twice now, and count once

    counted = [line for line in archive.session_list().lines if line.twin is None]
    assert (len(counted), sum(line.energy_wh or 0 for line in counted)) == (50, 50 * 51 / 2 * 1000)
    archive.close()


def test_withdrawing_an_own_export_hides_nothing_that_was_recorded(archive: Archive, tmp_path: Path) -> None:
    fill(archive)
    archive.writer.flush()
    before = shown(archive)
    export = written(tmp_path, "x.json", as_text(archive, ["A04", "A05"], "json"))
    other = Archive.open(tmp_path / "b.evtech")
    there = keep(other, export)
    assert len(shown(other)) == 2
    withdraw(other, there.import_id)
    assert shown(other) == []
    assert read_archive(other).ports == {}
    assert keep(other, export).known == 2
    assert len(shown(other)) == 2
    other.close()

    own = keep(archive, export)
    with archive.reading() as connection:
        (noted,) = imports(connection)
    withdraw(archive, noted.id)

    assert (own.sessions, own.known) == (0, 2)
    assert shown(archive) == before
    archive.close()


def test_withdrawing_a_file_hides_nothing_that_an_export_brought_of_it(archive: Archive, tmp_path: Path) -> None:
    head = "port,start,end,energy_kwh,transaction\n"
    rows = [f"P,2026-03-0{day}T12:00:00Z,2026-03-0{day}T13:00:00Z,{day},{day}\n" for day in (1, 2, 3)]
    other = Archive.open(tmp_path / "other.evtech")
    file = written(tmp_path, "list.csv", head + "".join(rows))
    keep(other, file)
    two = [line.id for line in other.session_list().lines][:2]
    export = written(tmp_path, "two.json", "".join(pieces(other, two)))
    other.close()

    keep(archive, export)
    before = shown(archive)
    kept = keep(archive, file)
    assert (kept.sessions, kept.known, len(shown(archive))) == (1, 2, 3)
    withdraw(archive, kept.import_id)
    assert shown(archive) == before
    restore(archive, kept.import_id)
    assert len(shown(archive)) == 3
    archive.close()


def test_a_broken_file_leaves_nothing(archive: Archive, tmp_path: Path) -> None:
    good = "".join(pieces(_with_session(tmp_path), ["s1"]))
    with pytest.raises(InputError):
        keep(archive, written(tmp_path, "x.json", good[:-1] + ', {"schema": "evtech.session/1", "id": 5}]'))

    assert archive.info()["visits"] == 0
    assert archive.info()["sessions"] == 0
    archive.close()


class SoonGivenUp(Progress):
    """Is given up right after the look at a tenth of the file; notes how far the reading was at each look."""

    def __init__(self, stop: threading.Event) -> None:
        super().__init__(stop=stop)
        self.looks: list[float] = []
        self._stop_it = stop

    def step(self, what: str, done: int, total: int) -> None:
        if what == READING:
            self.looks.append(done / total)
        super().step(what, done, total)
        if what == READING and done > total / 10:
            self._stop_it.set()


def test_giving_up_stops_soon_and_leaves_nothing(archive: Archive, tmp_path: Path) -> None:
    body = "".join(f"P,2026-03-01T10:00:{i % 60:02d}Z,2026-03-01T11:00Z,{i},t{i}\n" for i in range(10_000))
    file = written(tmp_path, "long.csv", "port,start,end,energy_kwh,token\n" + body)
    stop_it = threading.Event()

    progress = SoonGivenUp(stop_it)
    with pytest.raises(GivenUpError):
        prepare(archive, file, None, progress)
    before, at, after = progress.looks[-3:]
    assert before <= 0.1 < at < after < at + 0.03  # the very next look

    with prepare(archive, file) as ready:
        stop_it.clear()
        with pytest.raises(GivenUpError):
            take_in(archive, ready, Progress(lambda what, done, total: stop_it.set(), stop_it))
    assert archive.info()["sessions"] == 0
    assert archive.check().ok
    archive.close()


def test_a_kill_in_the_middle_leaves_nothing_half(tmp_path: Path) -> None:
    body = "".join(f"P{i % 9},2026-03-01T10:00:{i % 60:02d}Z,2026-03-01T11:00Z,{i},t{i}\n" for i in range(12_000))
    file = written(tmp_path, "long.csv", "port,start,end,energy_kwh,token\n" + body)
    Archive.open(tmp_path / "a.evtech").close()
    program = (
        "import sys; from pathlib import Path\n"
        "from evtech.exchange.keeping import prepare, take_in\n"
        "from evtech.exchange.progress import Progress\n"
        "from evtech.store.archive import Archive\n"
        "def tell(what, done, total):\n"
        "    if what == 'writing' and done > total // 2: print('half', flush=True); sys.stdin.readline()\n"
        "a = Archive.open(sys.argv[1])\n"
        "with prepare(a, Path(sys.argv[2])) as ready: take_in(a, ready, Progress(tell))\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", program, tmp_path / "a.evtech", file],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[3],
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"half\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    for stream in (child.stdin, child.stdout):
        assert stream is not None
        stream.close()
    archive = Archive.open(tmp_path / "a.evtech")

    assert (archive.info()["sessions"], archive.check().ok) == (0, True)
    assert keep(archive, file).sessions == 12_000
    archive.close()


def test_a_visit_that_is_looked_at_takes_nothing(archive: Archive, tmp_path: Path) -> None:
    archive.locked = "This visit is only looked at."
    with pytest.raises(ArchiveError, match="only looked at"):
        keep(archive, written(tmp_path, "rows.csv", ROWS))
    archive.close()


# ---- transactions of which two files hold a part each ----


@pytest.mark.parametrize("order", [(0, 1), (1, 0), (0, 1, 0)])
def test_a_transaction_over_two_logs_is_one_session(archive: Archive, tmp_path: Path, order: tuple[int, ...]) -> None:
    cut = [
        status("Available", "00"),
        status("Preparing", "01"),
        *start("02"),
        status("Charging", "03"),
        values("10", {"value": "1500"}),
    ]
    rest = [values("20", {"value": "2500"}), stop("30", reason="Local"), status("Available", "31")]
    files = [
        _log(tmp_path, "one", cut),
        _log(tmp_path, "two", rest),
    ]
    for place in order:
        keep(archive, files[place])
    counted = [line for line in archive.session_list().lines if line.twin is None]
    session = archive.session(counted[0].id)
    polls = [
        row
        for r in (*session.earlier_recordings, session.recording_id)
        for row in archive.rows(r, session.started, session.ended or session.started)
    ]
    archive.close()

    assert [(line.energy_wh, line.stop_reason, line.token) for line in counted] == [(2000, "driver", "CARD")]
    assert [p.values["energy_import_total"] for p in polls if "energy_import_total" in p.values] == [1500, 2500]


def test_an_end_alone_waits_for_its_beginning(archive: Archive, tmp_path: Path) -> None:
    first, second = (
        _log(tmp_path, "one", [status("Available", "00"), *start("02")]),
        _log(tmp_path, "two", [stop("30"), status("Available", "31")]),
    )
    keep(archive, second)
    keep(archive, first)
    keep(archive, second)
    counted = [line for line in archive.session_list().lines if line.twin is None]
    archive.close()

    assert [line.energy_wh for line in counted] == [2000]


def test_a_longer_log_of_the_same_time_counts_in_place_of_the_shorter(archive: Archive, tmp_path: Path) -> None:
    keep(archive, _log(tmp_path, "short", WHOLE[:6]))
    keep(archive, _log(tmp_path, "whole", WHOLE))
    counted = [line for line in archive.session_list().lines if line.twin is None]
    archive.close()

    assert [line.energy_wh for line in counted] == [2000]


def _log(folder: Path, name: str, rows: list[object]) -> Path:
    return written(folder, f"{name}.jsonl", lines(*({"chargePoint": "CP1", "message": row} for row in rows)))


def _with_session(folder: Path) -> Archive:
    archive = Archive.open(folder / "source.evtech")
    keep(archive, written(folder, "p.csv", f"time,power_total\n{T.format('00')},5\n{T.format('01')},6\n"))
    key = archive.sessions()[0].id
    assert json.loads("".join(pieces(archive, [key])))[0]["id"] == key
    return _Renamed(archive, key)  # type: ignore[return-value]


class _Renamed:
    """An archive whose only session is asked for as s1."""

    def __init__(self, archive: Archive, key: str) -> None:
        self._archive, self._key = archive, key

    def __getattr__(self, name: str) -> object:
        return getattr(self._archive, name)

    def session(self, key: str) -> object:
        return self._archive.session(self._key)


def test_a_session_that_a_file_tells_twice_is_one_with_its_samples_once(archive: Archive, tmp_path: Path) -> None:
    file = written(tmp_path, "CP1.jsonl", lines(*WHOLE) + lines(*WHOLE))  # rotated logs put together
    with prepare(archive, file) as ready:
        assert ready.contents.sessions == 1
        assert ready.remarks == ["the file tells sessions again, 1 times in all; the first account of each counts"]
        assert take_in(archive, ready).sessions == 1

    (session,) = archive.sessions()
    (told,) = json.loads(as_text(archive, [session.id], "json"))
    assert [row["time"] for row in told["rows"]] == ["2026-03-01T12:05:00.000Z"]


def test_a_file_that_is_gone_after_the_preview_is_taken_in_all_the_same(archive: Archive, tmp_path: Path) -> None:
    file = written(tmp_path, "r.csv", ROWS)
    with prepare(archive, file) as ready:
        file.unlink()
        kept = take_in(archive, ready)

    withdraw(archive, kept.import_id)
    assert shown(archive) == []
