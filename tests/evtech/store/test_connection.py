"""Reading a file through the driver alone: one moment a block, any thread, damaged files named, no SQLAlchemy."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from evtech.errors import ArchiveError
from evtech.store.archive import Archive
from evtech.store.connection import MOST_IDLE, Readers
from evtech.store.results import Result

COUNT = "SELECT count(*) FROM result"


def some(number: int) -> Result:
    return Result("finding", f"number {number}", {"schema": "evtech.finding/1"})


def test_reading_an_archive_imports_no_sqlalchemy(tmp_path: Path) -> None:
    Archive.open(tmp_path / "a.evtech").close()
    words = (
        "import sys; from evtech.store.archive import Archive;"
        " from evtech.insights.archive_records import read_archive;"
        f" read_archive(Archive.open({str(tmp_path / 'a.evtech')!r}, create=False));"
        " print('sqlalchemy' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_one_block_sees_one_moment(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    archive.add_result(some(1))
    with archive.reading() as connection:
        before = connection.exec_driver_sql(COUNT).scalar_one()
        archive.add_result(some(2))
        assert connection.exec_driver_sql(COUNT).scalar_one() == before
    with archive.reading() as connection:
        assert connection.exec_driver_sql(COUNT).scalar_one() == before + 1
    archive.close()


def test_what_a_reader_changes_is_not_kept(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    archive.add_result(some(1))
    with archive.reading() as connection:
        assert connection.exec_driver_sql("DELETE FROM result").rowcount == 1
    assert len(archive.results()) == 1
    archive.close()


def test_rows_come_in_parts_and_one_by_one(tmp_path: Path) -> None:
    readers = Readers(tmp_path / "plain.db")
    query = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?) SELECT i FROM n"
    with readers.one() as connection:
        parts = list(connection.exec_driver_sql(query, (5,)).partitions(2))
        assert parts == [[(1,), (2,)], [(3,), (4,)], [(5,)]]
        assert list(connection.exec_driver_sql(query, (2,))) == [(1,), (2,)]
        assert connection.exec_driver_sql(query, (5,)).first() == (1,)
        assert connection.exec_driver_sql("SELECT 1 WHERE 0").scalar() is None
        with pytest.raises(ValueError, match="unpack"):
            connection.exec_driver_sql(query, (2,)).one()
    readers.close()


def test_many_threads_read_at_once(tmp_path: Path) -> None:
    archive = Archive.open(tmp_path / "a.evtech")
    archive.add_results([some(number) for number in range(20)])

    def count(_: int) -> int:
        with archive.reading() as connection:
            return len(connection.exec_driver_sql("SELECT * FROM result").fetchall())

    with ThreadPoolExecutor(2 * MOST_IDLE) as pool:
        assert set(pool.map(count, range(100))) == {20}
    archive.close()


def test_a_file_damaged_later_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.evtech"
    Archive.open(path).close()
    archive = Archive.open(path)
    path.write_bytes(path.read_bytes()[:100] + b"\0" * 200_000)
    with pytest.raises(ArchiveError, match=r"a\.evtech") as caught:
        archive.visits()
    assert caught.value.hint
    archive.close()
