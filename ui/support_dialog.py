"""Support bundle: choose parts, clean, read what is in it, save one file."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from evtech.errors import EvtechError
from evtech.reports.support import CLEANED, PARTS, collect, write_bundle
from evtech.store.archive import Archive
from ui.bridge import Bridge
from ui.theme import Theme
from ui.widgets.dress import Heading, LargeButton, Muted, dress
from ui.words import translate

SHOWN = 200_000  # characters of one member


class SupportDialog(QDialog):
    """What is shown is what is saved, byte by byte."""

    def __init__(
        self, archive: Archive, traffic: Callable[[], bytes] | None, bridge: Bridge, theme: Theme,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setWindowTitle(translate("Support", "Support bundle"))
        self._archive, self._traffic, self._bridge = archive, traffic, bridge
        self.members: dict[str, bytes] = {}
        self._asked = 0
        em = self.fontMetrics().horizontalAdvance("m")
        outer = QVBoxLayout(self)
        outer.addWidget(Heading(translate("Support", "What goes into the file"), 1.1))
        self.parts = self._make_ticks(outer, self._part_words())
        self.parts["traffic"].setChecked(False)
        self.parts["traffic"].setEnabled(traffic is not None)
        if traffic is None:
            self.parts["traffic"].setToolTip(translate("Support", "Only while a charger is connected over Modbus"))
        outer.addWidget(Heading(translate("Support", "Replace by marks"), 1.1))
        self.clean = self._make_ticks(outer, self._clean_words())
        self.member, self.text = QComboBox(), QPlainTextEdit()
        self.member.setAccessibleName(translate("Support", "File in the bundle"))
        self.member.currentIndexChanged.connect(lambda: self._show_member())
        self.text.setReadOnly(True)
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.text.setAccessibleName(translate("Support", "Preview"))
        self.text.setMinimumHeight(self.fontMetrics().height() * 4)
        outer.addWidget(Heading(translate("Support", "Preview"), 1.1))
        outer.addWidget(self.member)
        outer.addWidget(self.text, 1)
        self.note = Muted()
        outer.addWidget(self.note)
        outer.addLayout(self._make_buttons())
        self.resize(em * 62, min(self.fontMetrics().height() * 38, 680))
        for tick in (*self.parts.values(), *self.clean.values()):
            tick.toggled.connect(lambda: self.refresh())
        dress(self, theme)
        self.refresh()

    def refresh(self) -> None:
        """Collect anew what is chosen."""
        parts = [part for part, tick in self.parts.items() if tick.isChecked()]
        clean = [kind for kind, tick in self.clean.items() if tick.isChecked()]
        traffic = self._traffic() if self._traffic is not None and "traffic" in parts else None
        self._asked += 1
        number = self._asked
        self.save_button.setEnabled(False)
        self._bridge.work(
            lambda: collect(self._archive, parts=parts, clean=clean, traffic=traffic),
            lambda found: self._show(found) if number == self._asked else None,
        )

    def save(self, target: Path) -> None:
        """Write what was shown."""
        members = dict(self.members)
        self._bridge.work(lambda: write_bundle(target, members), self._after_save)

    def _show(self, found: dict[str, bytes] | EvtechError) -> None:
        if isinstance(found, EvtechError):
            self.members = {}
            self.member.clear()
            self.text.clear()
            self.note.setText(f"{found} {found.hint}")
            return
        self.members = found
        before = self.member.currentData()
        self.member.blockSignals(True)
        self.member.clear()
        for name, data in found.items():
            size = translate("Support", "{name} ({size} kB)").format(name=name, size=max(len(data) // 1024, 1))
            self.member.addItem(size, name)
        self.member.setCurrentIndex(max(self.member.findData(before), 0))
        self.member.blockSignals(False)
        self._show_member()
        self.note.setText(translate("Support", "Read it before you send it: marks stand for what evtech knows of."))
        self.save_button.setEnabled(True)

    def _show_member(self) -> None:
        data = self.members.get(self.member.currentData(), b"")
        is_text = not data.startswith(b"\n\r\r\n")
        binary = translate("Support", "Frames as they went over the wire; Wireshark opens the file.")
        self.text.setPlainText(data.decode("utf-8", "replace")[-SHOWN:] if is_text else binary)

    def _after_save(self, result: object) -> None:
        if isinstance(result, EvtechError):
            self.note.setText(f"{result} {result.hint}")
        else:
            self.note.setText(translate("Support", "{file} is written.").format(file=result[0]))

    def _ask_save(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, translate("Support", "Save the bundle"), "evtech-support.zip", "zip (*.zip)"
        )
        if name:
            self.save(Path(name))

    def _make_ticks(self, outer: QVBoxLayout, words: dict[str, str]) -> dict[str, QCheckBox]:
        grid = QGridLayout()
        ticks = {name: QCheckBox(text) for name, text in words.items()}
        for number, tick in enumerate(ticks.values()):
            tick.setChecked(True)
            grid.addWidget(tick, number // 3, number % 3)
        outer.addLayout(grid)
        return ticks

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.save_button = LargeButton(translate("Support", "Save…"), primary=True)
        leave = LargeButton(translate("Support", "Close"))
        self.save_button.clicked.connect(self._ask_save)
        leave.clicked.connect(self.reject)
        row.addStretch()
        row.addWidget(leave)
        row.addWidget(self.save_button)
        return row

    def _part_words(self) -> dict[str, str]:
        words = {
            "logs": translate("Support", "Logs"), "settings": translate("Support", "Settings"),
            "environment": translate("Support", "Versions and system"),
            "archive": translate("Support", "Size of the archive"),
            "traffic": translate("Support", "Raw traffic (not cleaned)"),
        }  # fmt: skip
        return {part: words[part] for part in PARTS}

    def _clean_words(self) -> dict[str, str]:
        words = {
            "addresses": translate("Support", "Addresses"), "names": translate("Support", "Names and sites"),
            "serials": translate("Support", "Serial numbers"),
        }  # fmt: skip
        return {kind: words[kind] for kind in CLEANED}
