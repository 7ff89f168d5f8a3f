"""A time zone, chosen by typing a part of its name."""

from functools import cache
from zoneinfo import available_timezones

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox

from ui.words import translate


class ZoneBox(QComboBox):
    """Time zones by name; part of a name finds them."""

    chosen = Signal(str)  # "" for the record's own

    def __init__(self) -> None:
        super().__init__()
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.addItems(["", "UTC", *zone_names()])
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(20)
        self.setAccessibleName(translate("Billing", "Time zone of the charger"))
        self.lineEdit().setPlaceholderText(translate("Billing", "such as Europe/Berlin"))
        completer = self.completer()
        completer.setCompletionMode(completer.CompletionMode.PopupCompletion)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        self._last = ""
        self.activated.connect(self._tell)
        self.lineEdit().editingFinished.connect(self._tell)

    def show_zone(self, name: str) -> None:
        """Show a zone without telling anybody."""
        self._last = name
        self.setEditText(name)

    def _tell(self) -> None:
        name = self.currentText().strip()
        if name != self._last:
            self._last = name
            self.chosen.emit(name)


@cache
def zone_names() -> list[str]:
    """Return the names that are offered; the first call takes a while."""
    return sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/"))
