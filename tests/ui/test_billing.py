"""The page Billing check: files in any order, one verdict, what is missing, many records, reports."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot

from evtech.billing.dossier import RECORD, SIGNED, TARIFF, UNKNOWN
from evtech.measure.sample import ChargerIdentity
from evtech.reports.billing_kept import write_kept_report
from evtech.store.records import ChargingSession
from tests.evtech.billing import example
from ui.main_window import MainWindow
from ui.pages.billing import BillingPage
from ui.widgets.bill_details import SIGNED as SIGNED_TAB
from ui.widgets.bill_details import TARIFF as TARIFF_TAB
from ui.widgets.bill_details import WITNESSES

RIGHT = {
    "total_cost": {"excl_vat": 3.685, "incl_vat": 4.3852},
    "total_energy_cost": {"excl_vat": 3.335, "incl_vat": 3.9687},
}


@pytest.fixture
def page(window: MainWindow, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> BillingPage:
    monkeypatch.setattr("evtech.paths.meter_keys", lambda: tmp_path / "keys.json")
    window.go("billing")
    found = window.task_page("billing")
    assert isinstance(found, BillingPage)
    return found


def put(folder: Path, name: str, content: bytes | dict[str, Any]) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return path


def dispute(folder: Path, **changes: Any) -> list[Path]:
    """The example's files under names that tell nothing."""
    return [
        put(folder, "a.txt", example.meter_values()),
        put(folder, "b.json", example.tariff()),
        put(folder, "c.json", example.record() | changes),
    ]


def checked(page: BillingPage, qtbot: QtBot, files: list[Path]) -> None:
    page.answered = None
    for file in files:
        assert page.open_file(file)
    qtbot.waitUntil(lambda: page.answered is not None, timeout=8000)


def words(page: BillingPage) -> str:
    return page.view.verdict.accessibleName().replace("\N{NARROW NO-BREAK SPACE}", " ")


def word_of(page: BillingPage) -> list[str]:
    return [badge.accessibleName() for badge in page.view.verdict.badges]


def test_files_are_known_by_their_content(page: BillingPage, qtbot: QtBot, tmp_path: Path) -> None:
    checked(page, qtbot, dispute(tmp_path))

    assert [one.role for one in page.evidence] == [SIGNED, TARIFF, RECORD]
    assert [chip.role.currentData() for chip in page.bar.chips] == [SIGNED, TARIFF, RECORD]


def test_one_verdict_with_the_mistake_that_explains_it(page: BillingPage, qtbot: QtBot) -> None:
    page.start.example.click()
    qtbot.waitUntil(lambda: page.answered is not None, timeout=8000)

    assert words(page).startswith("The bill is wrong. Billed: 6.16 €. By the tariff: 4.39 €. That is 1.77 € too much.")
    assert "another time zone (UTC) instead of Europe/Berlin" in words(page)
    assert word_of(page)[0] == "Price: wrong"
    assert word_of(page)[3] == "Signature: valid by its own key"


def test_the_differing_line_is_marked_by_shape_colour_and_word(page: BillingPage, qtbot: QtBot, tmp_path: Path) -> None:
    checked(page, qtbot, dispute(tmp_path))
    ledger = page.view.details.ledger.texts
    energy = [row[1] for row in ledger.rows].index("Energy")
    mark = ledger.index(energy, len(ledger.head) - 1)

    assert ledger.roles == {energy: "fault"}
    assert mark.data() == "differs"
    assert mark.data(Qt.ItemDataRole.DecorationRole) is not None


def test_a_right_bill_is_right(page: BillingPage, qtbot: QtBot, tmp_path: Path) -> None:
    checked(page, qtbot, dispute(tmp_path, **RIGHT))

    assert words(page).startswith("The bill is right.")
    assert page.view.verdict.role == "good"
    assert not page.view.details.ledger.texts.roles


def test_changed_meter_values_are_named_even_where_the_price_is_right(
    page: BillingPage, qtbot: QtBot, tmp_path: Path
) -> None:
    files = dispute(tmp_path, **RIGHT)
    put(tmp_path, "a.txt", example.meter_values().replace(b"321.75", b"322.75"))
    checked(page, qtbot, files)

    assert words(page).startswith("The bill cannot be relied on.")
    assert word_of(page) == ["Price: right", "Quantity: wrong", "Time: right", "Signature: invalid"]


def test_a_missing_zone_is_asked_for_and_used_at_once(page: BillingPage, qtbot: QtBot, tmp_path: Path) -> None:
    checked(page, qtbot, dispute(tmp_path, cdr_location={"country": "USA"}))
    assert page.view.verdict.zone.isVisible()
    assert not page.view.actions[0].isEnabled()

    page.answered = None
    page.view.verdict.zone.setEditText("Europe/Berlin")
    page.view.verdict.zone.lineEdit().editingFinished.emit()
    qtbot.waitUntil(lambda: page.answered is not None, timeout=8000)

    assert words(page).startswith("The bill is wrong.")
    assert not page.view.verdict.need.isVisible()


def test_a_missing_tariff_is_asked_for(
    page: BillingPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, tariff, record = dispute(tmp_path)
    checked(page, qtbot, [record])
    assert page.view.verdict.tariff.isVisible()

    page.answered = None
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *args: (str(tariff), ""))
    page.view.verdict.tariff.click()
    qtbot.waitUntil(lambda: page.answered is not None, timeout=8000)

    assert words(page).startswith("The bill is wrong.")


def test_a_wrong_guess_can_be_changed_and_a_file_taken_away(page: BillingPage, qtbot: QtBot, tmp_path: Path) -> None:
    checked(page, qtbot, dispute(tmp_path))
    page.answered = None
    page.bar.chips[1].role.setCurrentIndex(4)
    qtbot.waitUntil(lambda: page.answered is not None, timeout=8000)
    assert page.evidence[1].role == UNKNOWN
    assert page.view.verdict.tariff.isVisible()

    page.bar.chips[1].remove.click()
    assert [one.role for one in page.evidence] == [SIGNED, RECORD]


def test_a_record_can_be_pasted(page: BillingPage, qtbot: QtBot) -> None:
    QApplication.clipboard().setText(json.dumps(example.record() | {"tariffs": [example.tariff()]}))
    page.start.paste.click()
    qtbot.waitUntil(lambda: page.answered is not None, timeout=8000)

    assert words(page).startswith("The bill is wrong.")


def test_the_price_on_the_display_is_a_witness(page: BillingPage, qtbot: QtBot, tmp_path: Path) -> None:
    checked(page, qtbot, dispute(tmp_path, **RIGHT))
    page.answered = None
    page.form.displayed.setText("6,16")
    page.form.displayed.editingFinished.emit()
    qtbot.waitUntil(lambda: page.answered is not None, timeout=8000)

    assert page.answered is not None and page.answered.options.displayed == Decimal("6.16")
    assert words(page).startswith("The bill is right, with a reservation.")
    assert any("6.16" in cell for row in page.view.details.witnesses.texts.rows for cell in row)


def test_an_amount_that_is_none_says_so(page: BillingPage, qtbot: QtBot, tmp_path: Path) -> None:
    checked(page, qtbot, dispute(tmp_path))
    page.form.displayed.setText("about six")

    assert page.form.price_note.isVisible()
    assert page.form.given().displayed is None


def recorded(window: MainWindow, energy_wh: float) -> None:
    """A session that was watched beside the charger, whose clock was 30 s behind."""
    archive, began = window.bench.archive, datetime(2026, 3, 2, 21, 14, 30, tzinfo=UTC)
    who = ChargerIdentity("p", "Acme", "AC-22", "4711", None, "demo:")
    writer = archive.start_recording(archive.start_visit().id, who, [("energy_total", "Wh")], 1.0)
    archive.close_session(
        ChargingSession(
            "5e551011", "V", writer.recording_id, who, began, began + timedelta(minutes=90), energy_wh=energy_wh,
            energy_source="register_difference",
        )
    )  # fmt: skip
    writer.close()
    archive.writer.flush()


@pytest.mark.parametrize(("energy_wh", "quantity"), [(11_500.0, "right"), (9_000.0, "wrong")])
def test_the_own_recording_is_the_third_witness(
    page: BillingPage, window: MainWindow, qtbot: QtBot, tmp_path: Path, energy_wh: float, quantity: str
) -> None:
    recorded(window, energy_wh)
    checked(page, qtbot, dispute(tmp_path, **RIGHT))
    page.answered = None
    page.form.recording.setCurrentIndex(1)
    page.form.recording.activated.emit(1)
    qtbot.waitUntil(lambda: page.answered is not None, timeout=8000)
    table = page.view.details.witnesses.texts

    assert word_of(page)[1] == f"Quantity: {quantity}"
    assert "Own recording" in table.head
    assert any("30" in cell for cell in table.rows[-1])  # the clock


def test_signed_values_alone_have_a_verdict_of_their_own(page: BillingPage, qtbot: QtBot, tmp_path: Path) -> None:
    checked(page, qtbot, dispute(tmp_path)[:1])

    assert words(page).startswith("Signed values without a charge record: valid by its own key.")
    assert page.view.details.isTabVisible(SIGNED_TAB)
    assert not page.view.details.isTabVisible(WITNESSES)


def test_a_tariff_alone_is_told_in_words(page: BillingPage, qtbot: QtBot, tmp_path: Path) -> None:
    checked(page, qtbot, dispute(tmp_path)[1:2])

    assert page.view.details.currentIndex() == TARIFF_TAB
    assert "22:00–07:00 0.29" in page.view.details.tariff_words.text()
    assert page.view.details.lint.texts.rowCount() > 0


def test_another_key_of_the_same_meter_is_said_loudly(page: BillingPage, qtbot: QtBot, tmp_path: Path) -> None:
    checked(page, qtbot, dispute(tmp_path, **RIGHT))
    page.start_over()
    from tests.evtech.billing.signing import BEGIN, END, container, ocmf, payload, signer

    other = signer(secret=12345)
    text = ocmf(payload(BEGIN, END, MS=example.METER, ID=example.CARD), by=other).decode()
    checked(page, qtbot, [put(tmp_path, "other.xml", container(("Transaction.End", text, other.spki.hex())))])

    assert "ANOTHER KEY" in words(page)


def many(folder: Path, count: int) -> Path:
    place = folder / "bills"
    place.mkdir()
    put(place, "tariff.json", example.tariff())
    for i in range(count):
        record = example.record() | ({} if i == 3 else RIGHT) | {"id": f"C{i}"}
        put(place, f"c{i}.json", record)
    return place


def ran(page: BillingPage, qtbot: QtBot, folder: Path) -> None:
    assert page.open_file(folder)
    qtbot.waitUntil(
        lambda: page.batch.batch is not None and page.batch.batch.finished and not page.batch.timer.isActive(),
        timeout=20000,
    )


def test_a_folder_of_records_becomes_a_table_and_opens_one(page: BillingPage, qtbot: QtBot, tmp_path: Path) -> None:
    ran(page, qtbot, many(tmp_path, 12))
    assert page.batch.title.text() == "12 records: 1 wrong, 11 right, 0 not checked"
    assert page.batch.model.rows[0].shown[1] == "C3"  # the largest difference comes first

    page.answered = None
    page.batch.table.activated.emit(page.batch.model.index(0, 0))
    qtbot.waitUntil(lambda: page.answered is not None, timeout=8000)
    assert words(page).startswith("The bill is wrong.")

    page.view.back.click()
    assert page.batch.isVisible() and page.batch.model.rowCount() == 12


def test_the_table_is_filtered_and_says_what_it_hides(page: BillingPage, qtbot: QtBot, tmp_path: Path) -> None:
    ran(page, qtbot, many(tmp_path, 6))
    page.batch.which.setCurrentIndex(page.batch.which.findData("mismatch"))

    assert page.batch.model.rowCount() == 1
    assert page.batch.title.text().endswith("5 hidden by the filter")


def test_a_run_can_be_stopped_and_keeps_what_is_done(page: BillingPage, qtbot: QtBot, tmp_path: Path) -> None:
    ran(page, qtbot, many(tmp_path, 4))
    assert page.batch.batch is not None
    page.batch.batch.cancel()
    page.batch.batch.run(lambda answer: answer)  # as a run that was stopped before its first record

    assert len(page.batch.batch.take(10)) == 1


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_rows_shown_are_exported(
    page: BillingPage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    ran(page, qtbot, many(tmp_path, 5))
    target = tmp_path / f"out.{kind}"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(target), ""))
    page.batch.export_wanted.emit(kind)
    qtbot.waitUntil(target.exists, timeout=8000)

    if kind == "csv":
        assert len(target.read_text("utf-8").splitlines()) == 6


def test_a_report_keeps_the_check_and_can_be_made_again(
    page: BillingPage, window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked(page, qtbot, dispute(tmp_path))
    target = tmp_path / "r.html"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *args: (str(target), ""))
    page.view.report("html")
    qtbot.waitUntil(lambda: page.view.kept is not None, timeout=8000)
    kept = page.view.kept
    for file in tmp_path.glob("*.json"):
        file.unlink()

    write_kept_report(window.bench.archive, kept.id, html=tmp_path / "again.html", lang="de")

    assert "The bill is wrong." in target.read_text("utf-8")
    assert "Die Rechnung stimmt nicht." in (tmp_path / "again.html").read_text("utf-8")


def test_a_kept_check_is_opened_again_as_it_was(
    page: BillingPage, window: MainWindow, qtbot: QtBot, tmp_path: Path
) -> None:
    checked(page, qtbot, dispute(tmp_path))
    page.form.displayed.setText("6.16")
    page.view.keep()
    qtbot.waitUntil(lambda: page.view.kept is not None, timeout=8000)
    id_ = page.view.kept.id
    page.start_over()
    page.answered = None

    window.go("billing", id_)
    qtbot.waitUntil(lambda: page.answered is not None, timeout=8000)

    assert words(page).startswith("The bill is wrong.")
    assert page.view.kept is not None and page.view.kept.id == id_


def test_files_dropped_on_the_window_find_the_page(window: MainWindow, qtbot: QtBot, tmp_path: Path) -> None:
    window.go("connect")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in dispute(tmp_path)])
    how = (Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, Qt.KeyboardModifier(0))
    QApplication.sendEvent(window, QDragEnterEvent(QPoint(50, 20), *how))
    QApplication.sendEvent(window, QDropEvent(QPointF(50, 20), *how))

    page = window.task_page("billing")
    assert window.page is page
    assert len(page.evidence) == 3


def test_a_file_of_no_use_is_refused_with_a_sentence(window: MainWindow, tmp_path: Path) -> None:
    window.tools.open_files([str(put(tmp_path, "holiday.jpg", b"\xff\xd8\xff"))])

    assert window.strips.currentMessage().startswith("holiday.jpg: no page of evtech")
