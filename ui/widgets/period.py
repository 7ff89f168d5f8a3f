"""The choice of a span of days."""

from datetime import datetime, timedelta

from PySide6.QtCore import QDate, Signal
from PySide6.QtWidgets import QComboBox, QDateEdit, QHBoxLayout, QLabel, QWidget

from ui.words import translate

_DAYS = (None, 1, 7, 30)  # of the first choices; the last one is free


class Period(QWidget):
    """All, today, the last days, or two dates."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.choice = QComboBox()
        self.choice.addItem(translate("Period", "All dates"))
        self.choice.addItem(translate("Period", "Today"))
        self.choice.addItem(translate("Period", "Last 7 days"))
        self.choice.addItem(translate("Period", "Last 30 days"))
        self.choice.addItem(translate("Period", "From … to …"))
        self.choice.setAccessibleName(translate("Period", "Dates shown"))
        self.first = _date(translate("Period", "First day"), -7)
        self.last = _date(translate("Period", "Last day"), 0)
        self.dash = QLabel("–")
        for widget in (self.choice, self.first, self.dash, self.last):
            row.addWidget(widget)
        self.choice.currentIndexChanged.connect(self._show_dates)
        self.first.dateChanged.connect(self.changed)
        self.last.dateChanged.connect(self.changed)
        self._show_dates()

    def limits(self) -> tuple[datetime | None, datetime | None]:
        """Return the first moment and the first moment after, in local time; ``None`` without a limit."""
        today = datetime.now().astimezone().replace(hour=0, minute=0, second=0, microsecond=0)
        index = self.choice.currentIndex()
        if index < len(_DAYS):
            days = _DAYS[index]
            return (None if days is None else today - timedelta(days=days - 1)), None
        first, last = sorted(_local(edit.date()) for edit in (self.first, self.last))
        return first, last + timedelta(days=1)

    def _show_dates(self) -> None:
        free = self.choice.currentIndex() == len(_DAYS)
        for widget in (self.first, self.dash, self.last):
            widget.setVisible(free)
        self.changed.emit()


def _date(name: str, days: int) -> QDateEdit:
    edit = QDateEdit(QDate.currentDate().addDays(days))
    edit.setCalendarPopup(True)
    edit.setDisplayFormat("yyyy-MM-dd")
    edit.setAccessibleName(name)
    return edit


def _local(date: QDate) -> datetime:
    return datetime(date.year(), date.month(), date.day()).astimezone()  # made aware right here
