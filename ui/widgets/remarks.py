"""What stands out in a period: sentences, each with a link to the sessions behind it."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from ui.behind import SessionsBehind
from ui.insights_words import language
from ui.words import grouped, translate

if TYPE_CHECKING:
    from evtech.insights.suggestions import Suggestion

SHOWN, SHOWN_NARROW = 3, 1


class Remarks(QWidget):
    """The first few; a link opens the others. A narrow window shows one, so that the pictures stay in sight."""

    behind_wanted = Signal(object)  # SessionsBehind

    def __init__(self) -> None:
        super().__init__()
        self._said: Sequence[Suggestion] = ()
        self._codes: Mapping[str, str] = {}
        self._is_narrow = self._is_open = False
        self.after: QWidget | None = None  # what has the keys before these links
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(2)
        self.setVisible(False)

    def count(self) -> int:
        """Return how many sentences are shown."""
        return self._column.count()

    def show_remarks(self, said: "Sequence[Suggestion]", codes: Mapping[str, str]) -> None:
        """Show remarks; ``codes`` says what codes of faults mean."""
        self._said, self._codes, self._is_open = said, codes, False
        self._fill()

    def set_narrow(self, is_narrow: bool) -> None:
        """Show less where there is less room."""
        if is_narrow != self._is_narrow:
            self._is_narrow = is_narrow
            self._fill()

    def _fill(self) -> None:
        from evtech.insights.words import sentence

        while (item := self._column.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        shown = self._said if self._is_open else self._said[: SHOWN_NARROW if self._is_narrow else SHOWN]
        left = len(self._said) - len(shown)
        for number, remark in enumerate(shown, 1):
            behind = SessionsBehind(remark.sessions, sentence(remark, language(), self._codes))
            self._column.addWidget(self._linked(behind, left if number == len(shown) else 0))
        self._put_in_order()
        self.setVisible(bool(shown))

    def _put_in_order(self) -> None:
        """Let Tab reach new links where they stand, not behind everything that was made before them."""
        before = self.after
        for index in range(self._column.count()):
            label = self._column.itemAt(index).widget()
            if before is not None:
                QWidget.setTabOrder(before, label)
            before = label

    def _linked(self, behind: SessionsBehind, more: int) -> QWidget:
        """Return a sentence with a link to the sessions behind it, and one to ``more`` sentences."""
        label = QLabel()
        label.setWordWrap(True)
        label.setTextInteractionFlags(Qt.TextInteractionFlag.TextBrowserInteraction)
        parts = [f"▸ {escape(behind.words)}"]
        if behind.ids:
            many = translate("Insights", "Show {n} sessions").format(n=grouped(len(behind.ids)))
            link = many if len(behind.ids) > 1 else translate("Insights", "Show the session")
            parts.append(f"<a href='#sessions'>{link}</a>")
        if more:
            words = translate("Insights", "{n} more remarks") if more > 1 else translate("Insights", "1 more remark")
            parts.append(f"· <a href='#more'>{words.format(n=more)}</a>")
        label.setText(" ".join(parts))
        label.linkActivated.connect(
            lambda link: self._open_all() if link == "#more" else self.behind_wanted.emit(behind)
        )
        return label

    def _open_all(self) -> None:
        self._is_open = True
        self._fill()
