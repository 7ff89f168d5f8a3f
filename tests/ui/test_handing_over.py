"""A visit leaves by a dialog and comes in by a drop: shown read-only, trusted, imported."""

import zipfile
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from evtech.devices.library import Library
from evtech.errors import ArchiveError
from evtech.reports.hand_over import Wish, hand_over
from evtech.reports.signers import load_signer
from evtech.reports.visit_file import open_visit
from evtech.store.archive import Archive
from tests.evtech.reports.test_visit_file import fill, rewrite
from ui.handover_dialog import HandOverDialog
from ui.main_window import MainWindow
from ui.support_dialog import SupportDialog
from ui.visit_window import VisitWindow


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    source = Archive.open(tmp_path / "theirs.evtech")
    target = tmp_path / "theirs.evvisit"
    signer = load_signer("A. Novak", folder=tmp_path / "their-key")
    hand_over(source, Wish(fill(source, 30), reports="en"), target, signer, profile_file=Library().file)
    source.close()
    return target


def opened(window: MainWindow, file: Path, qtbot: QtBot) -> VisitWindow:
    window.tools.open_files([str(file)])
    qtbot.waitUntil(lambda: bool(window.tools.visits), timeout=15_000)
    return window.tools.visits[0]


def dialog(window: MainWindow, qtbot: QtBot) -> HandOverDialog:
    window.tools.hand_over()
    shown = window.findChild(HandOverDialog)
    qtbot.waitUntil(shown.go.isEnabled, timeout=5000)
    return shown


def test_a_visit_is_handed_over_from_the_window(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    visit = fill(window.bench.archive, 30)
    form = dialog(window, qtbot)
    qtbot.waitUntil(lambda: "polls: 30" in form.preview.text(), timeout=5000)
    form.left_out["names"].setChecked(True)
    form.file.setText(str(tmp_path / "out.evvisit"))

    form.go.click()
    qtbot.waitUntil(form.finished_box.isVisible, timeout=20_000)

    found = open_visit(tmp_path / "out.evvisit", {})
    assert found.manifest["visit"] == visit
    assert found.redacted == ("names",)
    assert form.print_.text().replace(" ", "") == found.seal.fingerprint
    with zipfile.ZipFile(tmp_path / "out.evvisit") as file:
        assert any(name.startswith("reports/session-") for name in file.namelist())


def test_a_locked_key_asks_for_its_passphrase(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    load_signer("A. Novak", "secret")
    fill(window.bench.archive, 2)
    form = dialog(window, qtbot)
    form.file.setText(str(tmp_path / "out.evvisit"))
    form.reports.setChecked(False)

    form.go.click()
    qtbot.waitUntil(form.secret_row.isVisible, timeout=10_000)
    form.secret.setText("secret")
    form.go.click()
    qtbot.waitUntil(form.finished_box.isVisible, timeout=10_000)

    assert (tmp_path / "out.evvisit").exists()


def test_without_a_visit_the_dialog_says_why(window: MainWindow, qtbot: QtBot) -> None:
    window.tools.hand_over()
    shown = window.findChild(HandOverDialog)

    qtbot.waitUntil(lambda: "no visit yet" in shown.note.text(), timeout=5000)
    assert not shown.go.isEnabled()


def test_a_dropped_visit_is_shown_read_only_then_trusted_and_imported(
    window: MainWindow, sealed: Path, qtbot: QtBot
) -> None:
    shown = opened(window, sealed, qtbot)
    assert "whose key is not known" in shown.banner.sentence.text()
    with pytest.raises(ArchiveError, match="only looked at"):
        shown.bench.archive.start_visit()
    qtbot.waitUntil(lambda: shown.task_page("visit").table.rowCount() == 3, timeout=5000)

    shown.trust("A. Novak")
    qtbot.waitUntil(lambda: "sealed, unchanged" in shown.banner.sentence.text(), timeout=5000)
    shown.banner.take.click()
    qtbot.waitUntil(lambda: shown.banner.take.text() == "Imported", timeout=10_000)
    window.go("sessions")
    qtbot.waitUntil(lambda: window.sessions_page.model.rowCount() == 1, timeout=5000)

    model = window.sessions_page.model
    assert model.index(0, 1).data().endswith("(imported: visit of A. Novak)")
    copy = Path(shown.looked.folder.name)
    shown.close()
    assert not copy.exists()


def test_a_report_in_the_file_is_saved(window: MainWindow, sealed: Path, qtbot: QtBot, tmp_path: Path) -> None:
    shown = opened(window, sealed, qtbot)
    page = shown.task_page("visit")
    qtbot.waitUntil(lambda: bool(page.rows), timeout=5000)
    row = next(row for row in page.rows if row.name.endswith(".pdf") and row.name.startswith("session"))

    page.save(row, tmp_path / "r.pdf")
    qtbot.waitUntil((tmp_path / "r.pdf").exists, timeout=5000)

    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")
    shown.close()


def test_a_changed_visit_is_shown_in_red_and_not_imported(
    window: MainWindow, sealed: Path, qtbot: QtBot, tmp_path: Path
) -> None:
    rewrite(sealed, tmp_path / "x.evvisit", {"rows/event.jsonl": b""})
    shown = opened(window, tmp_path / "x.evvisit", qtbot)

    assert shown.banner.sentence.text().startswith("CHANGED after A. Novak sealed it: rows/event.jsonl was changed")
    assert not shown.banner.take.isEnabled()
    assert "not imported" in shown.banner.take.toolTip()
    shown.close()


def test_a_file_that_is_no_visit_is_refused_with_a_sentence(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    (tmp_path / "x.evvisit").write_bytes(b"hello")

    window.tools.open_files([str(tmp_path / "x.evvisit")])

    qtbot.waitUntil(lambda: "cannot be opened as a visit" in window.strips.currentMessage(), timeout=5000)
    assert window.tools.visits == []


def test_nothing_connects_in_the_window_of_a_visit(window: MainWindow, sealed: Path, qtbot: QtBot) -> None:
    shown = opened(window, sealed, qtbot)
    shown.start_demo()

    assert shown.connection is None
    assert "your own window" in shown.strips.currentMessage()
    assert not any(action.isEnabled() for action in shown.menus.device.actions())
    shown.close()


def test_the_support_bundle_saves_what_it_shows(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    fill(window.bench.archive, 2)
    window.tools.open_support()
    bundle = window.findChild(SupportDialog)
    qtbot.waitUntil(bundle.save_button.isEnabled, timeout=5000)
    bundle.parts["archive"].setChecked(False)
    qtbot.waitUntil(lambda: "archive.json" not in bundle.members and bundle.save_button.isEnabled(), timeout=5000)

    bundle.save(tmp_path / "s.zip")
    qtbot.waitUntil((tmp_path / "s.zip").exists, timeout=5000)

    with zipfile.ZipFile(tmp_path / "s.zip") as file:
        assert {name: file.read(name) for name in file.namelist()} == bundle.members
    assert not bundle.parts["traffic"].isEnabled()
