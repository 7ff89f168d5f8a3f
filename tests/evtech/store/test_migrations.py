"""An archive of an earlier format is brought up to date once, with a copy of what it was."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Connection

from evtech.store import migrations
from evtech.store.archive import Archive
from evtech.store.results import Result

KEPT = Path(__file__).parents[2] / "data"


@pytest.fixture
def first(tmp_path: Path) -> Path:
    return Path(shutil.copy(KEPT / "archive-v1.evtech", tmp_path / "a.evtech"))


def version(path: Path) -> int:
    with sqlite3.connect(path) as plain:
        found = plain.execute("PRAGMA user_version").fetchone()[0]
    plain.close()
    return int(found)


def test_the_first_format_keeps_its_sessions_and_takes_results(first: Path) -> None:
    archive = Archive.open(first)
    archive.add_result(Result("diagnosis", "Welded contact", {"result": "findings"}, "findings", visit_id="v"))

    assert [s.energy_wh for s in archive.sessions()] == [5123.4]
    assert [r.body for r in archive.results("diagnosis", visit_id="v")] == [{"result": "findings"}]
    assert archive.info()["samples"] == 1100
    assert archive.check().ok
    archive.close()
    assert (version(first), version(first.with_name("a.evtech.format-1"))) == (2, 1)


def test_a_migrated_archive_has_the_tables_of_a_new_one(first: Path, tmp_path: Path) -> None:
    Archive.open(first).close()
    Archive.open(tmp_path / "new.evtech").close()

    assert layout(first) == layout(tmp_path / "new.evtech")


def test_a_failed_step_leaves_the_earlier_format_whole(first: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(connection: Connection) -> None:
        migrations._add_results(connection)
        connection.exec_driver_sql("INSERT INTO nowhere VALUES (1)")

    monkeypatch.setitem(migrations.STEPS, 1, break_down)
    with pytest.raises(Exception, match="nowhere"):
        Archive.open(first)
    assert version(first) == 1
    assert "result" not in layout(first)

    monkeypatch.setitem(migrations.STEPS, 1, migrations._add_results)
    archive = Archive.open(first)
    assert archive.results() == []
    archive.close()


def layout(path: Path) -> dict[str, list[str]]:
    with sqlite3.connect(path) as plain:
        names = [r[0] for r in plain.execute("SELECT name FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'")]
        found = {name: sorted(str(r[1:3]) for r in plain.execute(f"PRAGMA table_info({name})")) for name in names}
    plain.close()
    return found
