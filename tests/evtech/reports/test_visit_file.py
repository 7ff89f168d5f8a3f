"""A visit travels as one sealed file: a round trip gives the same bytes, changes are noticed, hostile files refused."""

import hashlib
import io
import json
import random
import stat
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evtech.errors import EvtechError, InputError
from evtech.events import Event, EventKind
from evtech.measure.sample import ChargerIdentity, Quality, Reading, Sample
from evtech.reports.signers import Signer, known_signers, load_signer
from evtech.reports.verifying import verify_file
from evtech.reports.visit_file import export_visit, import_visit, open_visit
from evtech.store.archive import Archive
from evtech.store.attachments import Attachment as FileOfResult
from evtech.store.attachments import attach, attached
from evtech.store.records import ChargingSession, Gap
from evtech.store.results import Result

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
CHARGER = ChargerIdentity("keba-kecontact-p30", "KEBA", "P30", "17619300", "3.10", "tcp 192.168.1.50")
POINTS = [("voltage_l1", "V"), ("rfid_tag", ""), ("energy_total", "Wh")]
CORRECTIONS = "visit_correction"
CARD = "04A1B2C3D4"


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return load_signer("A. Novak", folder=tmp_path_factory.mktemp("seal"))


@pytest.fixture
def known(signer: Signer) -> dict[str, str]:
    return {signer.fingerprint: "A. Novak"}


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive.open(tmp_path / "a.evtech")
    yield opened
    opened.close()


def fill(archive: Archive, polls: int, site: str = "Depot 7") -> str:
    """Record a visit and return its id."""
    visit = archive.start_visit(site=site, technician="A. Novak", notes="customer: Mr Smith")
    writer = archive.start_recording(visit.id, CHARGER, POINTS, 1.0)
    for i in range(polls):
        samples = (
            Sample("voltage_l1", None if i % 9 == 4 else 230 + i % 7 / 10, "V",
                   Quality.MISSING if i % 9 == 4 else Quality.GOOD),
            Sample("rfid_tag", CARD, ""), Sample("energy_total", 1000.0 + i, "Wh"),
        )  # fmt: skip
        writer.add(Reading(START + timedelta(seconds=i), float(i), {s.point: s for s in samples}))
    writer.gap(Gap(START, START + timedelta(seconds=3), "unit 1 at 192.168.1.50:502 was silent"))
    lost = {"message": f"tcp://192.168.1.50:502 at {site} is gone, says A. Novak", "firmware_version": "1.2.3.4"}
    writer.event(Event(START, EventKind.LINK_LOST, lost))
    writer.event(Event(START, EventKind.NOTE, {"text": "Mr Smith called"}))
    session = ChargingSession(
        "s-" + visit.id, visit.id, writer.recording_id, CHARGER, START, START + timedelta(hours=1), energy_wh=5.0,
        notes=("rang the bell of Mr Smith",),
    )  # fmt: skip
    archive.close_session(session)
    archive.name_visit(visit.id, site=site + " B")
    writer.close()
    archive.add_result(
        Result("billing", "bill", {"result": "match", "cdr_token": {"uid": CARD}}, "match", visit_id=visit.id)
    )
    return visit.id


@pytest.fixture
def sealed(archive: Archive, signer: Signer, tmp_path: Path) -> Path:
    export_visit(archive, fill(archive, 40), tmp_path / "v.evvisit", signer)
    return tmp_path / "v.evvisit"


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(polls=st.sampled_from([0, 1, 5, 1023, 1024, 1030, 2500]), site=st.text(max_size=12))
def test_a_round_trip_gives_the_same_bytes(
    polls: int, site: str, signer: Signer, known: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("trip")
    first, second = Archive.open(folder / "a.evtech"), Archive.open(folder / "b.evtech")
    visit = fill(first, polls, site.encode("utf-8", "ignore").decode())
    export_visit(first, visit, folder / "a.evvisit", signer)
    new = import_visit(second, open_visit(folder / "a.evvisit", known))
    export_visit(second, visit, folder / "b.evvisit", signer)
    again = import_visit(second, open_visit(folder / "b.evvisit", known))

    assert (folder / "a.evvisit").read_bytes() == (folder / "b.evvisit").read_bytes()
    assert second.check().ok
    assert new["charging_session"] == 1
    assert sum(again.values()) == again["known_recordings"] == 1
    first.close()
    second.close()


def test_what_another_evtech_reads_is_what_was_recorded(
    archive: Archive, sealed: Path, known: dict[str, str], tmp_path: Path
) -> None:
    other = Archive.open(tmp_path / "other.evtech")
    import_visit(other, open_visit(sealed, known))
    mine, theirs = archive.sessions()[0], other.sessions()[0]

    assert theirs == mine
    assert list(other.rows(mine.recording_id, START, START + timedelta(hours=1))) == list(
        archive.rows(mine.recording_id, START, START + timedelta(hours=1))
    )
    assert other.visit(mine.visit_id).site == "Depot 7 B"
    assert [r.verdict for r in other.results("billing")] == ["match"]
    other.close()


def test_what_a_result_was_made_from_travels_with_it(
    archive: Archive, signer: Signer, known: dict[str, str], tmp_path: Path
) -> None:
    visit = fill(archive, 3)
    (bill,) = archive.results("billing", visit_id=visit)
    attach(archive, [FileOfResult(bill.id, "cdr.json", b"{}")])
    export_visit(archive, visit, tmp_path / "v.evvisit", signer)
    other = Archive.open(tmp_path / "other.evtech")
    import_visit(other, open_visit(tmp_path / "v.evvisit", known))

    assert [(file.name, file.data) for file in attached(other, bill.id)] == [("cdr.json", b"{}")]
    other.close()


def test_an_unknown_signer_is_not_called_unchanged(sealed: Path, known: dict[str, str]) -> None:
    assert verify_file(sealed, known).result == "unchanged"
    assert verify_file(sealed, {}).result == "unknown_signer"


def test_one_flipped_byte_anywhere_is_noticed(sealed: Path, known: dict[str, str], tmp_path: Path) -> None:
    data, found = sealed.read_bytes(), set()
    chosen = random.Random(7).sample(range(len(data)), 400)
    for place in [*chosen, *range(40), *range(len(data) - 160, len(data))]:
        changed = bytearray(data)
        changed[place] ^= 1 << place % 8
        (tmp_path / "x.evvisit").write_bytes(changed)
        try:
            found.add(verify_file(tmp_path / "x.evvisit", known).result)
        except EvtechError:
            found.add("refused")

    assert found <= {"changed", "refused"}


def test_what_changed_is_named(sealed: Path, known: dict[str, str], tmp_path: Path) -> None:
    rewrite(sealed, tmp_path / "x.evvisit", {"rows/event.jsonl": b""})

    report = verify_file(tmp_path / "x.evvisit", known)

    assert report.result == "changed"
    assert "rows/event.jsonl was changed" in report.changes
    other = Archive.open(tmp_path / "other.evtech")
    with pytest.raises(InputError, match=r"changed after it was sealed.*rows/event\.jsonl"):
        import_visit(other, open_visit(tmp_path / "x.evvisit", known))
    assert other.sessions() == []
    other.close()


def test_what_is_left_out_is_gone(archive: Archive, signer: Signer, known: dict[str, str], tmp_path: Path) -> None:
    visit = fill(archive, 1100)
    export_visit(
        archive, visit, tmp_path / "v.evvisit", signer, redact=("names", "tokens", "addresses", "notes", "attachments")
    )
    with zipfile.ZipFile(tmp_path / "v.evvisit") as file:
        everything = b"".join(file.read(name) for name in file.namelist() if name.startswith("rows/"))
    other = Archive.open(tmp_path / "other.evtech")
    import_visit(other, open_visit(tmp_path / "v.evvisit", known))

    for secret in (CARD, "Smith", "Depot", "192.168", "Novak"):
        assert secret.encode() not in everything
    assert b"1.2.3.4" in everything  # a firmware is no address
    assert other.sessions()[0].energy_wh == 5.0
    rows = list(other.rows(other.sessions()[0].recording_id, START, START + timedelta(hours=1)))
    assert {row.values["rfid_tag"] for row in rows} == {None}
    assert len(rows) == 1100
    assert other.check().ok
    other.close()


def rewrite(source: Path, target: Path, changes: dict[str, bytes | None], add: dict[str, bytes] | None = None) -> None:
    """Write the zip again with members replaced, dropped or added."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            data = changes.get(info.filename, old.read(info.filename))
            if data is not None:
                new.writestr(info.filename, data)
        for name, data in (add or {}).items():
            new.writestr(name, data)


def manifest_with(source: Path, **changes: object) -> bytes:
    with zipfile.ZipFile(source) as file:
        return json.dumps(json.loads(file.read("manifest.json")) | changes).encode()


def lying(name: str, real: bytes, size: int) -> bytes:
    """Return a zip whose directory says another unpacked size."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, real)
    data = bytearray(buffer.getvalue())
    at = data.rindex(b"PK\x01\x02")
    data[at + 24 : at + 28] = size.to_bytes(4, "little")
    return bytes(data)


def special(mode: int, name: str = "rows/visit.jsonl") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        info = zipfile.ZipInfo(name)
        info.external_attr = mode << 16
        info.create_system = 3
        file.writestr(info, "/etc/passwd")
    return buffer.getvalue()


def doubled() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("manifest.json", "{}")
        file.writestr("manifest.json", "{}")
    return buffer.getvalue()


NAMES = [
    "../evil", "rows/../../evil", "/etc/cron.d/evil", "C:\\evil", "rows\\..\\evil", "rows/", "rows/.hidden", "evil.exe",
    "rows/a/b.jsonl", "rows/" + "x" * 200, "./manifest.json", "rows/\u202etxt", "reports/..",
    "~/x",
    "file:///x", "rows/visit.jsonl/../../x",
]  # fmt: skip
MANIFESTS: list[dict[str, object]] = [
    {"schema": "evtech.visit/2"}, {"format": 99}, {"schema": "other/1"}, {"members": []}, {"members": {"../x": {}}},
    {"signer": {}}, {"signer": {"public_key": "zz", "name": "x"}}, {"redacted": None}, {"visit": 5}, {"schema": None},
]  # fmt: skip
WHOLE: list[Callable[[bytes], bytes]] = [
    lambda data: b"", lambda data: data[: len(data) // 2], lambda data: data[:-200],
    lambda data: b"PK\x03\x04" + b"\0" * 400,
    lambda data: lying("rows/visit.jsonl", b"x", 3 << 30), lambda data: lying("rows/visit.jsonl", b"\0" * 10**7, 10**7),
    lambda data: special(stat.S_IFLNK | 0o777), lambda data: special(stat.S_IFIFO | 0o600),
    lambda data: special(stat.S_IFDIR | 0o700), lambda data: special(stat.S_IFCHR | 0o600), lambda data: doubled(),
    lambda data: b"%PDF-1.7", lambda data: b"MZ" + data, lambda data: data[:30] + b"\xff" * 60,
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_member_that_would_land_elsewhere_is_refused(name: str, sealed: Path, tmp_path: Path) -> None:
    rewrite(sealed, tmp_path / "x.evvisit", {}, {name: b"evil"})
    before = sorted(tmp_path.rglob("*"))

    with pytest.raises(InputError, match=r"refused|opened"):
        open_visit(tmp_path / "x.evvisit", {})
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("changes", MANIFESTS, ids=range(len(MANIFESTS)))
def test_a_manifest_that_evtech_did_not_write_is_refused(
    changes: dict[str, object], sealed: Path, tmp_path: Path
) -> None:
    rewrite(sealed, tmp_path / "x.evvisit", {"manifest.json": manifest_with(sealed, **changes)})

    with pytest.raises(InputError):
        open_visit(tmp_path / "x.evvisit", {})


@pytest.mark.parametrize("change", WHOLE, ids=range(len(WHOLE)))
def test_a_file_that_is_none_is_refused(change: Callable[[bytes], bytes], sealed: Path, tmp_path: Path) -> None:
    (tmp_path / "x.evvisit").write_bytes(change(sealed.read_bytes()))

    try:
        result = verify_file(tmp_path / "x.evvisit", {}).result
    except InputError:
        result = "refused"
    assert result in ("refused", "changed", "unsealed")
    if result == "unsealed":
        assert (tmp_path / "x.evvisit").read_bytes().startswith(b"%PDF")


def test_too_many_members_are_refused(sealed: Path, tmp_path: Path) -> None:
    rewrite(sealed, tmp_path / "x.evvisit", {}, {f"reports/{i}.pdf": b"" for i in range(600)})

    with pytest.raises(InputError, match="members"):
        open_visit(tmp_path / "x.evvisit", {})


ROWS = [
    b"{", b"[]", b"{}", b'{"id": 1}', b"\xff\xfe", b"nul",
    b'{"id":"x","visit_id":"v","at":NaN,"field":"site","value":"x"}',
    b'{"id":"x","visit_id":"elsewhere","at":1,"field":"site","value":"x"}', b"[" * 100_000,
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=range(len(ROWS)))
def test_rows_that_do_not_fit_leave_the_archive_as_it_was(
    row: bytes, archive: Archive, signer: Signer, known: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A signed file with wrong rows: the signer's evtech was wrong, or is not one."""
    from evtech.reports import visit_file

    honest = visit_file.export_rows
    monkeypatch.setattr(
        visit_file, "export_rows", lambda c, t, *rest: [row] if t == "visit_correction" else honest(c, t, *rest)
    )
    export_visit(archive, fill(archive, 3), tmp_path / "x.evvisit", signer)
    other = Archive.open(tmp_path / "other.evtech")

    with pytest.raises(InputError):
        import_visit(other, open_visit(tmp_path / "x.evvisit", known))
    assert other.info()["visits"] == other.info()["recordings"] == 0
    other.close()


def test_an_import_is_marked_but_not_passed_on(
    sealed: Path, known: dict[str, str], signer: Signer, tmp_path: Path
) -> None:
    other = Archive.open(tmp_path / "other.evtech")
    visit = open_visit(sealed, known)
    import_visit(other, visit)
    import_visit(other, visit)

    (mark,) = other.results("import")
    assert (mark.verdict, mark.body["signer"], mark.body["fingerprint"]) == (
        "unchanged",
        "A. Novak",
        signer.fingerprint,
    )
    assert mark.body["sha256"] == hashlib.sha256(sealed.read_bytes()).hexdigest()
    assert other.imported() == {visit.manifest["visit"]: "A. Novak"}
    export_visit(other, visit.manifest["visit"], tmp_path / "again.evvisit", signer)
    assert (tmp_path / "again.evvisit").read_bytes() == sealed.read_bytes()
    other.close()


def test_ones_own_visit_comes_back_without_a_mark(archive: Archive, sealed: Path, known: dict[str, str]) -> None:
    before = archive.info()

    import_visit(archive, open_visit(sealed, known))

    assert archive.imported() == {}
    assert archive.info()["samples"] == before["samples"]


FOREIGN = [
    ("result", {"session_id": "THEIRS"}), ("result", {"visit_id": "OTHER"}), ("result", {"kind": "import"}),
    ("result", {"recording_id": "RECORDING"}), ("session_correction", {"session_id": "THEIRS"}),
    ("attachment", {"session_id": "THEIRS"}), ("attachment", {"result_id": "r"}),
]  # fmt: skip
BLANK = {
    "result": {"id": "new", "kind": "billing", "at": 1, "visit_id": None, "session_id": None, "recording_id": None,
               "title": "x", "verdict": None, "replaces": None, "body": "{}"},
    "session_correction": {"id": "new", "session_id": "", "at": 1, "technician": "", "field": "site", "value": "x",
                           "reason": "x"},
    "attachment": {"id": "new", "at": 1, "visit_id": None, "session_id": None, "result_id": None, "name": "x",
                   "media_type": "x", "sha256": "x", "data": ""},
}  # fmt: skip


@pytest.mark.parametrize(("table", "changes"), FOREIGN, ids=range(len(FOREIGN)))
def test_a_file_says_nothing_about_other_visits(
    table: str, changes: dict[str, str], archive: Archive, signer: Signer, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Somebody's own evtech, changed by hand, signs whatever it likes."""
    from evtech.reports import visit_file

    other = Archive.open(tmp_path / "other.evtech")
    theirs = fill(other, 3)
    session = other.sessions()[0]
    places = {"THEIRS": session.id, "OTHER": theirs, "RECORDING": session.recording_id}
    row = BLANK[table] | {name: places.get(value, value) for name, value in changes.items()}
    honest = visit_file.export_rows
    monkeypatch.setattr(
        visit_file, "export_rows",
        lambda c, t, *rest: [json.dumps(row).encode()] if t == table else honest(c, t, *rest),
    )  # fmt: skip
    export_visit(archive, fill(archive, 3), tmp_path / "x.evvisit", signer)

    with pytest.raises(InputError, match=r"not in it"):
        import_visit(other, open_visit(tmp_path / "x.evvisit", {}))
    assert other.info()["visits"] == 1
    other.close()


def limited(megabytes: int) -> Callable[[], None]:
    import resource

    return lambda: resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


def directory_bomb() -> bytes:
    """Return a zip whose list of members fills 60 MB."""
    entry = struct.pack("<4s6H3I5H2I", b"PK\x01\x02", 20, 20, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0) + b"rows/a"
    many = entry * 1_200_000
    return many + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 65535, 65535, len(many), 0, 0)


def overlapping() -> bytes:
    """Return a zip in which two names share the same packed bytes (after Fifield, A better zip bomb)."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("rows/visit.jsonl", b"x" * 500)
        file.writestr("rows/event.jsonl", b"y" * 500)
        file.infolist()[1].header_offset = 0
    return buffer.getvalue()


def zip64_lie() -> bytes:
    """Return a zip whose member says in its zip64 field that it has 2^62 bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("rows/visit.jsonl", b"x")
        file.infolist()[0].file_size = 1 << 62
    return buffer.getvalue()


@pytest.mark.parametrize("make", [directory_bomb, overlapping, zip64_lie])
def test_a_container_that_lies_is_refused_in_little_memory(make: Callable[[], bytes], tmp_path: Path) -> None:
    (tmp_path / "x.evvisit").write_bytes(make())
    code = "import sys; from evtech.cli.app import run; sys.exit(run(sys.argv[1:]))"

    done = subprocess.run(
        [sys.executable, "-c", code, "--archive", str(tmp_path / "a.evtech"), "visit", "import",
         str(tmp_path / "x.evvisit")],
        capture_output=True, text=True, preexec_fn=limited(1500),
    )  # fmt: skip

    assert done.returncode == 2
    assert "refused" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_hundred_thousand_tiny_rows_end_early(
    archive: Archive, signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from evtech.reports import visit_file

    honest = visit_file.export_rows
    visit = fill(archive, 3)
    row = f'{{"id":"%d","visit_id":"{visit}","at":0,"field":"site","value":""}}\n'.encode()
    tiny = (row % n for n in range(100_000))
    monkeypatch.setattr(visit_file, "MOST_ROWS", 1000)
    monkeypatch.setattr(
        visit_file, "export_rows", lambda c, t, *rest: tiny if t == CORRECTIONS else honest(c, t, *rest)
    )
    export_visit(archive, visit, tmp_path / "x.evvisit", signer)
    other = Archive.open(tmp_path / "other.evtech")

    with pytest.raises(InputError, match="more than 1000 rows"):
        import_visit(other, open_visit(tmp_path / "x.evvisit", {}))
    assert other.info()["visits"] == 0
    other.close()


def test_a_signature_is_not_read_beyond_its_size(sealed: Path, tmp_path: Path) -> None:
    rewrite(sealed, tmp_path / "x.evvisit", {"manifest.sig": b"0" * 5000})

    with pytest.raises(InputError, match="its signature is none"):
        open_visit(tmp_path / "x.evvisit", {})


def test_the_key_is_made_once_and_can_be_locked(tmp_path: Path) -> None:
    first = load_signer("B. Ito", "secret", tmp_path)

    assert load_signer("other", "secret", tmp_path).fingerprint == first.fingerprint
    assert known_signers(tmp_path) == {first.fingerprint: "B. Ito"}
    assert (tmp_path / "seal.key").stat().st_mode & 0o077 == 0
    with pytest.raises(EvtechError, match="cannot be opened"):
        load_signer("other", "wrong", tmp_path)
