"""A visit is handed over with reports, profiles and traffic; what is left out is in none of them."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

import pikepdf
import pytest

from evtech.devices.library import Library
from evtech.errors import EvtechError, InputError
from evtech.reports.hand_over import CancelledError, Wish, hand_over, preview
from evtech.reports.seal import verify_pdf
from evtech.reports.signers import Signer, load_signer
from evtech.reports.visit_file import open_visit, save_member
from evtech.store.archive import Archive
from tests.evtech.reports.test_visit_file import fill


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return load_signer("A. Novak", folder=tmp_path_factory.mktemp("seal"))


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    opened = Archive.open(tmp_path / "a.evtech")
    yield opened
    opened.close()


def test_a_preview_counts_what_would_be_in(archive: Archive) -> None:
    seen = preview(archive, fill(archive, 1100))

    assert (seen.counts["sessions"], seen.counts["recordings"], seen.counts["events"]) == (1, 1, 2)
    assert seen.counts["polls"] + seen.counts["tail"] == 1100
    assert seen.results == {"billing": 1}
    assert seen.profiles == ("keba-kecontact-p30",)


def test_reports_profiles_and_traffic_are_in_the_file(archive: Archive, signer: Signer, tmp_path: Path) -> None:
    target = tmp_path / "v.evvisit"
    wish = Wish(fill(archive, 20), reports="de", traffic=b"\n\r\r\n...")
    done = hand_over(archive, wish, target, signer, profile_file=Library().file)
    known = {signer.fingerprint: "A. Novak"}
    visit = open_visit(target, known)

    assert visit.seal.result == "unchanged"
    names = {name for name in done.manifest["members"] if not name.startswith("rows/")}
    (report,) = (name for name in names if name.startswith("reports/session-"))
    assert names == {report, "profiles/keba-kecontact-p30.toml", "traffic/link.pcapng"}
    save_member(visit, report, tmp_path / "r.pdf")
    assert verify_pdf((tmp_path / "r.pdf").read_bytes(), known).result == "unchanged"
    (remark,) = done.remarks  # the bill in this archive was kept without its sources
    assert "The report billing" in remark


def test_what_is_left_out_is_in_no_report_either(archive: Archive, signer: Signer, tmp_path: Path) -> None:
    wish = Wish(fill(archive, 20), ("names", "tokens", "addresses", "notes"), "en")
    hand_over(archive, wish, tmp_path / "v.evvisit", signer, profile_file=Library().file)

    with zipfile.ZipFile(tmp_path / "v.evvisit") as file:
        for name in file.namelist():
            data = file.read(name)
            if name.endswith(".pdf"):
                (tmp_path / "r.pdf").write_bytes(data)
                with pikepdf.open(tmp_path / "r.pdf") as pdf:
                    data += b"".join(item.get_file().read_bytes() for item in pdf.attachments.values())
                    data += b"".join(page.Contents.read_bytes() for page in pdf.pages)
            for secret in (b"04A1B2C3D4", b"Smith", b"Depot", b"192.168"):
                assert secret not in data, name


def test_raw_traffic_does_not_go_with_cards_left_out(archive: Archive, signer: Signer, tmp_path: Path) -> None:
    wish = Wish(fill(archive, 2), ("tokens",), traffic=b"\n\r\r\n")

    with pytest.raises(InputError, match="card numbers"):
        hand_over(archive, wish, tmp_path / "v.evvisit", signer, profile_file=Library().file)


def test_giving_up_leaves_no_file(archive: Archive, signer: Signer, tmp_path: Path) -> None:
    def give_up(step: str, done: int, count: int) -> None:
        if step == "event":
            raise CancelledError("Given up.")

    with pytest.raises(EvtechError):
        hand_over(
            archive, Wish(fill(archive, 2)), tmp_path / "v.evvisit", signer, profile_file=Library().file,
            progress=give_up,
        )  # fmt: skip
    assert list(tmp_path.glob("v.evvisit*")) == []


def test_an_unknown_profile_is_said(archive: Archive, signer: Signer, tmp_path: Path) -> None:
    done = hand_over(archive, Wish(fill(archive, 2)), tmp_path / "v.evvisit", signer, profile_file=lambda name: None)

    assert "keba-kecontact-p30 is not known" in done.remarks[0]
