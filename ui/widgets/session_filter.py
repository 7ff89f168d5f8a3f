"""What narrows the list of sessions: dates, charger, site, result, text; and the sessions behind a mark."""

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QBoxLayout, QComboBox, QHBoxLayout, QLabel, QLineEdit, QPushButton, QVBoxLayout, QWidget

from evtech.insights.records import FAILED_ENDS, NORMAL_ENDS
from evtech.store.known_names import KnownNames
from evtech.store.session_list import SessionFilter
from ui.widgets.known_edit import KnownEdit
from ui.widgets.period import Period
from ui.words import translate

WAIT_MS = 200  # of typing before the list is asked anew


class SessionFilterBar(QWidget):
    """``changed`` comes when typing pauses."""

    changed = Signal()
    back_wanted = Signal()  # to the picture whose mark was clicked

    def __init__(self) -> None:
        super().__init__()
        self._ids: frozenset[str] | None = None
        self._timer = QTimer(self, interval=WAIT_MS, singleShot=True)
        self._timer.timeout.connect(self.changed)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        self._beside = QHBoxLayout()
        self.text = self._edit(translate("Sessions", "Any text: code, note, id …"), translate("Sessions", "Filter"))
        self.charger = KnownEdit(translate("Sessions", "All chargers"), translate("Sessions", "Charger"))
        self.site = KnownEdit(translate("Sessions", "All sites"), translate("Sessions", "Site"))
        self.result = QComboBox()
        self.result.addItem(translate("Sessions", "All results"), ())
        self.result.addItem(translate("Sessions", "Ended as wanted"), tuple(sorted(NORMAL_ENDS)))
        self.result.addItem(translate("Sessions", "Failed or unknown"), tuple(sorted(FAILED_ENDS)))
        for reason in sorted(NORMAL_ENDS | FAILED_ENDS):
            self.result.addItem(reason.replace("_", " "), (reason,))
        self.result.setAccessibleName(translate("Sessions", "Result"))
        self.period = Period()
        first, second = QHBoxLayout(), QHBoxLayout()
        for widget in (self.text, self.charger, self.site):
            first.addWidget(widget, 1)
        second.addWidget(self.result)
        second.addWidget(self.period)
        self.forget = QPushButton(translate("Sessions", "Clear filters"))
        self.forget.clicked.connect(self._clear_all)
        second.addWidget(self.forget)
        second.addStretch()
        self._beside.addLayout(first, 1)
        self._beside.addLayout(second)
        column.addLayout(self._beside)
        column.addWidget(self._make_chip())
        for widget in (self.text, self.charger, self.site):
            widget.textChanged.connect(self._timer.start)
            widget.textChanged.connect(self._settle)
        self.result.currentIndexChanged.connect(self.changed)
        self.period.changed.connect(self.changed)
        self.result.currentIndexChanged.connect(self._settle)
        self.period.changed.connect(self._settle)
        self._settle()

    def set_narrow(self, is_narrow: bool) -> None:
        """Put the fields into two rows where there is no room for one."""
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._beside.setDirection(way)

    def wanted(self) -> SessionFilter:
        """Return what is asked for."""
        first, after = self.period.limits()
        return SessionFilter(
            first, after, self.charger.text().strip() or None, self.site.text().strip() or None,
            self.text.text().strip() or None, self.result.currentData(), ids=self._ids,
        )  # fmt: skip

    def show_names(self, known: KnownNames) -> None:
        """Offer the names of chargers and sites that there are."""
        self.charger.show_names(known.ports)
        self.site.show_names(known.sites)

    def clear(self) -> None:
        """Show everything."""
        self.show_behind(None, "")
        for edit in (self.text, self.charger, self.site):
            edit.clear()
        self.result.setCurrentIndex(0)
        self.period.choice.setCurrentIndex(0)
        self._timer.stop()

    def show_behind(self, ids: frozenset[str] | None, words: str) -> None:
        """Show exactly these sessions, or with ``None`` no longer only them."""
        self._ids = ids
        self.chip_words.setText(translate("Sessions", "Only the sessions behind: {words}").format(words=words))
        self.chip.setVisible(ids is not None)

    def _make_chip(self) -> QWidget:
        self.chip = QWidget()
        row = QHBoxLayout(self.chip)
        row.setContentsMargins(0, 0, 0, 0)
        self.chip_words = QLabel()
        self.chip_words.setWordWrap(True)
        back = QPushButton(translate("Sessions", "Back to the picture"))
        back.clicked.connect(self.back_wanted)
        everything = QPushButton(translate("Sessions", "Show all sessions"))
        everything.clicked.connect(self._forget)
        row.addWidget(self.chip_words, 1)
        row.addWidget(back)
        row.addWidget(everything)
        self.chip.setVisible(False)
        return self.chip

    def _settle(self) -> None:
        """Offer to take the filters away where there are some; the place of the button stays free."""
        edits = (self.text, self.charger, self.site)
        is_any = any(edit.text().strip() for edit in edits) or self.result.currentIndex() > 0
        self.forget.setEnabled(is_any or self.period.choice.currentIndex() > 0)
        why = translate("Sessions", "No filter is set")
        self.forget.setToolTip(translate("Sessions", "Takes every filter away") if self.forget.isEnabled() else why)

    def _clear_all(self) -> None:
        ids, words = self._ids, self.chip_words.text()
        self.clear()
        self._ids = ids  # the sessions behind a mark have a button of their own
        self.chip_words.setText(words)
        self.chip.setVisible(ids is not None)
        self.changed.emit()

    def _forget(self) -> None:
        self.show_behind(None, "")
        self.changed.emit()

    def _edit(self, words: str, name: str) -> QLineEdit:
        edit = QLineEdit()
        edit.setPlaceholderText(words)
        edit.setAccessibleName(name)
        edit.setClearButtonEnabled(True)
        return edit
