"""A field for a name that may be typed or chosen from the names that there are."""

from collections.abc import Sequence

from PySide6.QtCore import QStringListModel, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QCompleter, QLineEdit

from ui.theme import LIGHT, Theme
from ui.widgets.icons import plain_icon
from ui.words import translate


class KnownEdit(QLineEdit):
    """Part of a name is enough; the arrow, or the key Down, opens the list of all names."""

    def __init__(self, placeholder: str, name: str) -> None:
        super().__init__()
        self.setPlaceholderText(placeholder)
        self.setAccessibleName(name)
        self.setClearButtonEnabled(True)
        self._names = QStringListModel(self)
        completer = QCompleter(self._names, self)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setMaxVisibleItems(15)
        self.setCompleter(completer)
        self._arrow = self.addAction(plain_icon("down", LIGHT.text), QLineEdit.ActionPosition.TrailingPosition)
        self._arrow.setToolTip(translate("KnownEdit", "Show all names"))
        self._arrow.triggered.connect(self.show_all)

    def show_names(self, names: Sequence[str]) -> None:
        """Offer these names."""
        self._names.setStringList(list(names))
        self._arrow.setVisible(bool(names))

    def names(self) -> list[str]:
        """Return the names offered."""
        return self._names.stringList()

    def show_all(self) -> None:
        """Open the list of all names."""
        self.completer().setCompletionPrefix("")
        self.completer().complete()

    def fit(self, theme: Theme) -> None:
        """Draw the arrow in the theme's colour."""
        self._arrow.setIcon(plain_icon("down", theme.text))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Down and not self.completer().popup().isVisible():
            self.show_all()
        else:
            super().keyPressEvent(event)
