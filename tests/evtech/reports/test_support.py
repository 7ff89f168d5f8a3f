"""The support bundle holds what was chosen, and no name, address or serial number that was to be left out."""

import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from evtech import settings
from evtech.errors import InputError
from evtech.reports.support import Known, cleaned_text, collect, write_bundle
from evtech.store.archive import Archive
from tests.evtech.reports.test_visit_file import fill

LOG = "12:00 tcp 192.168.1.50: Jürgen Vogt reads 17619300 at Depot 7 B over tcp://box.example.org:502?unit=1\n"
SECRETS = ("192.168.1.50", "17619300", "Vogt", "Depot", "box.example.org", "Novak")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    folder = tmp_path / "home" / "evtech"
    folder.mkdir(parents=True)
    settings.save(settings.Settings(technician="Jürgen Vogt"), folder / settings.FILE_NAME)
    (folder / "evtech.log").write_text(LOG, "utf-8")
    return folder


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive.open(tmp_path / "a.evtech")
    fill(opened, 3)
    yield opened
    opened.close()


def test_everything_is_in_and_cleaned(archive: Archive, tmp_path: Path) -> None:
    members = collect(archive)
    write_bundle(tmp_path / "s.zip", members)

    with zipfile.ZipFile(tmp_path / "s.zip") as file:
        assert {name: file.read(name) for name in file.namelist()} == members
    assert set(members) == {"contents.json", "environment.json", "settings.json", "archive.json", "logs/evtech.log"}
    everything = b"".join(members.values()).decode()
    assert [secret for secret in SECRETS if secret in everything] == []
    assert json.loads(members["archive.json"])["sessions"] == 1
    assert len(json.loads(members["environment.json"])["profiles"]) == 64


def test_what_is_kept_is_kept(archive: Archive) -> None:
    log = collect(archive, parts=["logs"], clean=["names"])["logs/evtech.log"].decode()

    assert "192.168.1.50" in log
    assert "17619300" in log
    assert "Vogt" not in log


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("fe80::1ff:fe23:4567:890a down", "[address] down"), ("at 12:30:15 it", "at 12:30:15 it"),
        ("00:1a:2b:3c:4d:5e", "[address]"), ("version 1.2.3", "version 1.2.3"), ("mail a.b@c.de!", "mail [address]!"),
        ("LAPTOP-7 said", "[address] said"), ("SN 4711x", "SN 4711x"), ("sn 4711,", "sn [serial],"),
        ("M\\u00fcller", "[name]"), ("postgresql+psycopg://me:pw@db/x", "postgresql+psycopg://[address]/x"),
    ],
)  # fmt: skip
def test_marks_stand_where_something_was(text: str, clean: str) -> None:
    known = Known(frozenset({"Müller"}), frozenset({"laptop-7"}), frozenset({"4711"}))

    assert cleaned_text(text, known, ("addresses", "names", "serials")) == clean


def test_raw_traffic_is_not_called_clean(archive: Archive) -> None:
    with pytest.raises(InputError, match="serial numbers"):
        collect(archive, traffic=b"\n\r\r\n")
    assert "traffic.pcapng" in collect(archive, traffic=b"\n\r\r\n", clean=["names"])


def test_a_damaged_archive_does_not_keep_the_bundle_back(tmp_path: Path) -> None:
    (tmp_path / "bad.evtech").write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    words = ["--json", "--archive", str(tmp_path / "bad.evtech"), "support", str(tmp_path / "s.zip")]

    done = subprocess.run([sys.executable, "-m", "evtech", *words], capture_output=True, text=True, env=os.environ)

    assert done.returncode == 0
    names = [member["name"] for member in json.loads(done.stdout)["members"]]
    assert "logs/evtech.log" in names
    assert "archive.json" not in names
    assert "left out" in done.stderr
