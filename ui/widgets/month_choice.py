"""The choice of a month, a quarter, a year or two dates, with a step back and forth."""

from datetime import datetime, timedelta

from PySide6.QtCore import QDate, QEvent, QLocale, Qt, Signal
from PySide6.QtWidgets import QComboBox, QDateEdit, QHBoxLayout, QLabel, QPushButton, QWidget

from evtech.reports.periods import Days
from ui.words import translate

_MONTHS = (1, 3, 12)  # of month, quarter, year; the last choice is free


class MonthChoice(QWidget):
    """Starts with the present month."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        self._first = QDate.currentDate()
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        self.kind = QComboBox()
        for words in (
            translate("Period", "Month"),
            translate("Period", "Quarter"),
            translate("Period", "Year"),
            translate("Period", "From … to …"),
        ):
            self.kind.addItem(words)
        self.kind.setAccessibleName(translate("Period", "Kind of period"))
        self.back = self._button("‹", translate("Period", "Earlier"), -1)
        self.forth = self._button("›", translate("Period", "Later"), 1)
        self.label = QLabel()
        self.label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.first, self.last = QDateEdit(self._first.addDays(-30)), QDateEdit(self._first)
        for edit, name in (
            (self.first, translate("Period", "First day")),
            (self.last, translate("Period", "Last day")),
        ):
            edit.setCalendarPopup(True)
            edit.setDisplayFormat("yyyy-MM-dd")
            edit.setAccessibleName(name)
            edit.dateChanged.connect(self.changed)
        for widget in (self.kind, self.back, self.label, self.forth, self.first, self.last):
            row.addWidget(widget)
        row.addStretch(1)
        self.kind.currentIndexChanged.connect(self._settle)
        self._settle()

    def show_month(self, year: int, month: int) -> None:
        """Choose the month, quarter or year that this month lies in."""
        self._first = QDate(year, month, 1)
        self._settle()

    def limits(self) -> tuple[datetime, datetime]:
        """Return the first moment and the first moment after, in local time."""
        if self._is_free():
            last = self.last.date()
            return _local(min(self.first.date(), last)), _local(max(self.first.date(), last)) + timedelta(days=1)
        return _local(self._first), _local(self._first.addMonths(_MONTHS[self.kind.currentIndex()]))

    def days(self) -> Days:
        """Return the same as days of the calendar, for whoever has a clock of their own."""
        first, after = self.limits()
        return Days(first.date(), after.date())

    def _is_free(self) -> bool:
        return self.kind.currentIndex() >= len(_MONTHS)

    def _settle(self) -> None:
        if not self._is_free():
            months = _MONTHS[self.kind.currentIndex()]
            month = (self._first.month() - 1) // months * months + 1
            self._first = QDate(self._first.year(), month, 1)
            year = str(self._first.year())
            names = (
                f"{QLocale().standaloneMonthName(month)} {year}",
                translate("Period", "quarter {n} of {year}").format(n=(month + 2) // 3, year=year),
                year,
            )
            self.label.setText(names[self.kind.currentIndex()])
        self.label.setMinimumWidth(self._widest())
        for widget in (self.back, self.label, self.forth):
            widget.setVisible(not self._is_free())
        for edit in (self.first, self.last):
            edit.setVisible(self._is_free())
        self.changed.emit()

    def _widest(self) -> int:
        """Return the width of the longest month: the arrows keep their places while one steps through a year."""
        advance = self.label.fontMetrics().horizontalAdvance
        return max(advance(f"{QLocale().standaloneMonthName(month)} 2026") for month in range(1, 13))

    def changeEvent(self, event: QEvent) -> None:
        """Keep the widths in step with the theme's font."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "forth"):
            for button in (self.back, self.forth):
                button.setFixedWidth(button.fontMetrics().height() * 2)
            self.label.setMinimumWidth(self._widest())

    def _button(self, sign: str, name: str, way: int) -> QPushButton:
        button = QPushButton(sign)
        button.setAccessibleName(name)
        button.setToolTip(name)
        button.setFixedWidth(button.fontMetrics().height() * 2)
        button.clicked.connect(lambda: self._move(way))
        return button

    def _move(self, way: int) -> None:
        self._first = self._first.addMonths(way * _MONTHS[self.kind.currentIndex()])
        self._settle()


def _local(date: QDate) -> datetime:
    return datetime(date.year(), date.month(), date.day()).astimezone()  # made aware right here
