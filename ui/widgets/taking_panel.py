"""What taking in files of ports and outages would do, before anything is written: counts, and every wrong row."""

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QFrame, QHBoxLayout, QPlainTextEdit, QVBoxLayout

from evtech.errors import EvtechError, InputError
from evtech.insights.fleet_files import PORTS, Taking, kind_of, outages_csv, ports_csv, take
from evtech.insights.roster import Roster, roster
from evtech.reports.files import write_whole
from evtech.store.archive import Archive
from ui.bridge import Bridge
from ui.widgets.dress import Heading, LargeButton, Muted
from ui.words import translate


class TakingPanel(QFrame):
    """Shown above the ports while files wait to be taken. It reads and writes files; what is kept others decide."""

    message = Signal(str)
    take_wanted = Signal(object)  # rows to keep
    shown = Signal(bool)

    def __init__(
        self, archive: Archive, bridge: Bridge, who: Callable[[], str], why_not: Callable[[], str]
    ) -> None:  # fmt: skip
        super().__init__()
        self._archive, self._bridge, self._who, self._why_not = archive, bridge, who, why_not
        self.taken: Sequence[Taking] = ()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        column = QVBoxLayout(self)
        column.setContentsMargins(10, 8, 10, 8)
        self.title, self.detail = Heading(scale=1.05), Muted()
        self.lines = QPlainTextEdit()
        self.lines.setReadOnly(True)
        self.lines.setTabChangesFocus(True)
        self.lines.setAccessibleName(translate("Fleet", "Rows of the files that need a look"))
        self.take = LargeButton(translate("Fleet", "Take in"), primary=True)
        self.leave = LargeButton(translate("Fleet", "Close"))
        self.take.clicked.connect(self._take_in)
        self.leave.clicked.connect(self.hide)
        buttons = QHBoxLayout()
        for button in (self.take, self.leave):
            buttons.addWidget(button)
        buttons.addStretch()
        for part in (self.title, self.detail, self.lines):
            column.addWidget(part)
        column.addLayout(buttons)
        column.addStretch(1)
        self.hide()

    def ask(self) -> None:
        """Ask for files of ports and outages."""
        title, kinds = (
            translate("Fleet", "Import ports and outages"),
            translate("Fleet", "Tables (*.csv);;All files (*)"),
        )
        names, _ = QFileDialog.getOpenFileNames(self, title, "", kinds)
        if names:
            self.look_at([Path(name) for name in names])

    def look_at(self, files: Sequence[Path]) -> None:
        """Look at files on a worker thread and show what taking them would do."""
        archive, library, who = self._archive, self._bridge.bench.library, self._who()

        def look() -> list[Taking]:
            found = roster(archive, library)
            known = {port.name for port in found.ports}
            taken: list[Taking] = []
            for file in sorted(files, key=lambda file: kind_of(file) != PORTS):
                kind = kind_of(file)
                if kind is None:
                    raise InputError(
                        f"{file.name} is no table of ports or outages.",
                        "Its first row names columns: port, rated_kw … or port, from, to, cause, excluded.",
                    )
                taken.append(take(file, kind, found.fleet, known, who))
                known |= {row.title for row in taken[-1].rows}
            return taken

        self._bridge.work(look, self.show_takings)

    def export(self, found: Roster, kind: str) -> None:
        """Ask for a file and write ports or outages into it."""
        name, _ = QFileDialog.getSaveFileName(self, translate("Fleet", "Export"), f"{kind}.csv", "CSV (*.csv)")
        if not name:
            return
        path = Path(name) if name.endswith(".csv") else Path(f"{name}.csv")
        names = [port.name for port in found.ports]
        text = ports_csv(found.fleet, names) if kind == PORTS else outages_csv(found.fleet.standing)
        said = translate("Fleet", "{file} is written").format(file=path)

        def done(result: object) -> None:
            self.message.emit(f"{result} {result.hint}" if isinstance(result, EvtechError) else said)

        self._bridge.work(lambda: write_whole(path, text.encode()), done)

    def show_takings(self, taken: Sequence[Taking] | EvtechError) -> None:
        """Show what files would do."""
        if isinstance(taken, EvtechError):
            self.message.emit(f"{taken} {taken.hint}")
            return
        self.taken = taken
        wrong = sum(len(each.problems) for each in taken)
        rows = sum(len(each.rows) for each in taken)
        if wrong:
            words = translate("Fleet", "Wrong rows: {n}. Nothing is taken until they are mended in the file.")
            self.title.setText(words.format(n=wrong))
        elif rows:
            self.title.setText(translate("Fleet", "Nothing is written yet."))
        else:
            self.title.setText(translate("Fleet", "Everything in these files is known already."))
        self.detail.setText("\n".join(_said(each) for each in taken))
        lines = [f"{each.file.name}, {problem}" for each in taken for problem in each.problems]
        lines += [f"{each.file.name}, {note}" for each in taken for note in each.notes]
        self.lines.setPlainText("\n".join(lines))
        self.lines.setVisible(bool(lines))
        height = self.lines.fontMetrics().lineSpacing() * (min(len(lines), 14) + 1)
        self.lines.setFixedHeight(height + 2 * self.lines.frameWidth() + 8)
        self.take.setEnabled(bool(rows) and not wrong and not self._why_not())
        self.take.setText(translate("Fleet", "Take in {n} entries").format(n=rows) if rows else self.take.text())
        self.take.setToolTip("" if self.take.isEnabled() else self._why_not() or self.title.text())
        self.show()
        (self.take if self.take.isEnabled() else self.leave).setFocus()

    def setVisible(self, is_visible: bool) -> None:
        """Tell, so that what lies below makes room."""
        super().setVisible(is_visible)
        self.shown.emit(is_visible)

    def _take_in(self) -> None:
        self.hide()
        self.take_wanted.emit([row for each in self.taken for row in each.rows])


def _said(taking: Taking) -> str:
    kind = translate("Fleet", "ports") if taking.kind == PORTS else translate("Fleet", "outages and exclusions")
    words = translate("Fleet", "{file} ({kind}): {new} new, {changed} changed, {same} known already")
    return words.format(
        file=taking.file.name, kind=kind, new=taking.new, changed=taking.changed, same=taking.same
    )  # fmt: skip
