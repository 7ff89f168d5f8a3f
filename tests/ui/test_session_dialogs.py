"""Notes and corrections: nothing is kept without a name and a reason, and a correction can be taken back."""

from datetime import UTC, datetime

import pytest
from pytestqt.qtbot import QtBot

from evtech.store.session_list import SessionLine
from ui.session_dialogs import CorrectionDialog, NoteDialog
from ui.words import local_time

LINE = SessionLine(
    "s", "r", "v", 1_772_366_400.0 + 3600, None, "c", "KEBA P30 A", "p", None, None, 0.0, None, None, None, None, None,
    None, None, 0, False, "recorded", site="Yard",
)  # fmt: skip


@pytest.fixture
def dialog(qtbot: QtBot) -> CorrectionDialog:
    made = CorrectionDialog(LINE, 3600.0, "", None)
    qtbot.addWidget(made)
    return made


def test_a_correction_begins_with_the_one_before_and_can_be_taken_back(dialog: CorrectionDialog) -> None:
    assert dialog.clock.value() == 3600.0
    assert dialog.changes() == {}

    dialog.clock.setValue(0.0)

    assert dialog.changes() == {"clock_s": "0.0"}
    assert local_time(datetime.fromtimestamp(LINE.started - 3600, UTC)) in dialog.begins.text()


def test_the_begin_is_told_before_it_is_kept(dialog: CorrectionDialog) -> None:
    before = dialog.begins.text()
    dialog.clock.setValue(7200.0)

    assert dialog.begins.text() != before


def test_what_is_missing_is_said(dialog: CorrectionDialog) -> None:
    keep = dialog.buttons.buttons()[0]
    assert (keep.isEnabled(), keep.toolTip()) == (False, "Nothing is changed yet")
    dialog.site.setText("Depot")
    assert keep.toolTip() == "A correction needs its reason"
    dialog.reason.setText("wrong yard")
    assert keep.toolTip() == "Give your name"

    dialog.technician.setText("M. Roe")

    assert keep.isEnabled()


def test_an_empty_note_is_not_kept(qtbot: QtBot) -> None:
    dialog = NoteDialog("M. Roe")
    qtbot.addWidget(dialog)
    keep = dialog.buttons.buttons()[0]
    assert not keep.isEnabled()

    dialog.text.setPlainText("seal broken")

    assert keep.isEnabled()
