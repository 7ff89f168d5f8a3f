"""Findings in two groups: what is true now, and what was."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from ui.diagnosis_words import clock_time, retest_words, severity_role
from ui.theme import LIGHT, Theme
from ui.widgets.badge import shape_icon
from ui.widgets.finding_view import Shown
from ui.words import translate

_KEY = Qt.ItemDataRole.UserRole


class FindingList(QListWidget):
    """One row a finding under *Now* and *History*; it keeps the choice while the rows change."""

    chosen = Signal(object)  # Shown

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self.setWordWrap(True)
        self.setIconSize(QSize(16, 16))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(translate("Diagnose", "Findings"))
        self._rows: list[Shown] = []
        self._is_recording = False
        self._texts: list[tuple[str, str]] = []
        self.currentItemChanged.connect(self._choose)

    def apply_theme(self, theme: Theme) -> None:
        """Draw the shapes anew."""
        self.theme = theme
        self._texts = []
        self.show_rows(self._rows, is_recording=self._is_recording)

    def show_rows(self, rows: list[Shown], *, is_recording: bool = False) -> None:
        """Show findings, the standing ones first; of a recording what holds at its end stands."""
        self._rows, self._is_recording = rows, is_recording
        texts = self._lines(rows)
        if texts == self._texts:
            return
        self._texts = texts
        key = self.current_key()
        self.blockSignals(True)
        self.clear()
        for kind, text in texts:
            self.addItem(self._item(kind, text))
        self.blockSignals(False)
        keys = [self.item(row).data(_KEY) for row in range(self.count())]
        wanted = key if key and key in keys else next((k for k in keys if k), None)
        if wanted is not None:
            self.setCurrentRow(keys.index(wanted))
        self.scrollToTop()

    def choose(self, key: str) -> None:
        """Choose a finding by its fault."""
        for row in range(self.count()):
            if self.item(row).data(_KEY) == key:
                self.setCurrentRow(row)

    def current(self) -> Shown | None:
        """Return the chosen finding as it is now."""
        key = self.current_key()
        return next((row for row in self._rows if row.key == key), None)

    def current_key(self) -> str | None:
        """Return the chosen fault's id."""
        item = self.currentItem()
        return item.data(_KEY) if item is not None else None

    def _lines(self, rows: list[Shown]) -> list[tuple[str, str]]:
        """Return what is listed: a kind ("" = heading, "-" = a remark, else the fault's id) and its text."""
        now = [row for row in rows if row.is_standing]
        past = [row for row in rows if not row.is_standing]
        now_word = translate("Diagnose", "At the end") if self._is_recording else translate("Diagnose", "Now")
        lines = [("", now_word)]
        lines += [(row.key, _text(row)) for row in now]
        lines += [] if now else [("-", translate("Diagnose", "Nothing stands."))]
        lines.append(("", translate("Diagnose", "History")))
        lines += [(row.key, _text(row)) for row in past]
        lines += [] if past else [("-", translate("Diagnose", "Nothing has been."))]
        return lines

    def _item(self, kind: str, text: str) -> QListWidgetItem:
        item = QListWidgetItem(text)
        if kind in ("", "-"):
            item.setFlags(Qt.ItemFlag.NoItemFlags if kind == "-" else Qt.ItemFlag.ItemIsEnabled)
            font = item.font()
            font.setBold(kind == "")
            item.setFont(font)
            return item
        item.setData(_KEY, kind)
        row = next(r for r in self._rows if r.key == kind)
        role = severity_role(row.finding.fault.severity)
        if row.retest:
            role = retest_words(str(row.retest["verdict"]))[0]
        item.setIcon(shape_icon(role, self.theme))
        return item

    def _choose(self) -> None:
        shown = self.current()
        if shown is not None:
            self.chosen.emit(shown)


def _text(row: Shown) -> str:
    where = f" ({row.finding.phase.replace(',', ', ')})" if row.finding.phase else ""
    times = translate("Diagnose", "since {time}") if row.is_standing else translate("Diagnose", "at {time}")
    parts = [times.format(time=clock_time(row.first))] if row.first else []
    if row.count > 1:
        parts.append(translate("Diagnose", "{n} times").format(n=row.count))
    if row.retest:
        parts.append(retest_words(str(row.retest["verdict"]))[1])
    return f"{row.finding.fault.title}{where}\n{' · '.join(parts)}".rstrip()
