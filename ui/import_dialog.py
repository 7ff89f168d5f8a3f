"""Taking in files: what is in one is read and shown first; a CSV with a choice of what its columns are.

Nothing is written before *Import*. The window goes on working meanwhile: a charger may be watched.
"""

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from evtech.errors import EvtechError
from evtech.exchange.keeping import Kept, Prepared
from evtech.exchange.reading import LOG
from evtech.store.archive import Archive
from ui.bridge import Bridge
from ui.import_form import CsvForm
from ui.import_task import ImportTask, Kind, Looked
from ui.import_words import contents_words, kept_words, kind_words, progress_words
from ui.theme import Theme
from ui.widgets.dress import Heading, LargeButton, Muted, dress
from ui.words import local_time, translate

PAUSE_MS = 300  # after a choice before the file is read anew
MOST_PORTS = 8  # proposals that are shown


class ImportDialog(QDialog):
    """One file after another: read, shown, imported or left."""

    def __init__(
        self, files: Sequence[Path], archive: Archive, bridge: Bridge, theme: Theme,
        then: Callable[[str], None], parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._files = deque(files)
        self._count, self._then = len(files), then
        self.file = Path()
        self._theme = theme
        self.task = ImportTask(archive, bridge, self)
        self.task.progressed.connect(self._show_progress)
        self.ready: Prepared | None = None
        self.kept: Kept | None = None
        self._ports: list[tuple[QCheckBox, str, str]] = []
        self._pause = QTimer(self, interval=PAUSE_MS, singleShot=True)
        self._pause.timeout.connect(self._read)
        self._build()
        dress(self, theme)
        self._next()

    # ---- one file ----

    @property
    def is_done(self) -> bool:
        """Return whether nothing is left to do with the file: it is here."""
        return self.kept is not None or (self.ready is not None and self.ready.is_known)

    def add(self, files: Sequence[Path]) -> None:
        """Let more files wait for their turn."""
        self._files.extend(files)
        self._count += len(files)
        self._show_buttons()

    def reject(self) -> None:
        """Give up what runs, else close."""
        if self._is_writing:
            self.ready = None  # what writes still reads from it
            self._is_writing = False
            self._read()
            self._say(translate("Import", "Given up; nothing of the file was kept."))
            return
        self.task.stop()
        self._forget()
        super().reject()

    def take(self) -> None:
        """Import what was read, or go on to the next file when that is done."""
        if self.is_done:
            self._next()
            return
        if self.ready is None:
            return
        ports = {name: shown for tick, name, shown in self._ports if tick.isChecked()}
        self._is_writing = True
        self._show_buttons()
        self.task.take(self.ready, ports, self.ready.other, self._show_kept)

    def leave(self) -> None:
        """Leave the file alone and go on to the next one, or close."""
        self.task.stop()
        if self._files and not self.is_done:
            self._next()
        else:
            self.reject()

    def _next(self) -> None:
        self._forget()
        if not self._files:
            self.close()
            return
        self.file = self._files.popleft()
        self.kept, self._is_writing = None, False
        place = self._count - len(self._files)
        self.title.setText(
            translate("Import", "{file} ({n} of {count})").format(file=self.file.name, n=place, count=self._count)
            if self._count > 1
            else self.file.name
        )
        self.setWindowTitle(translate("Import", "Import {file}").format(file=self.file.name))
        self.form.clear()
        self._fit(with_form=False)
        self.what.setText("")
        self._say("")
        self._show_empty()
        self.task.look(self.file, None, self._show_look)

    def _forget(self) -> None:
        if self.ready is not None:
            self.task.release(self.ready)
            self.ready = None

    # ---- reading ----

    def _look_again(self) -> None:
        """Read the first rows in another way: kind, encoding, delimiter."""
        self._show_empty()
        self.task.look(self.file, self.form.wish(), self._show_look)

    def _show_look(self, found: Looked | Kind | EvtechError) -> None:
        if isinstance(found, EvtechError):
            self._refuse(found)
            return
        if isinstance(found, tuple):
            self.form.show_table(found[0])
        elif found == LOG:
            self.form.show_log()
        dress(self.form, self._theme)
        self._fit(with_form=found == LOG or isinstance(found, tuple))
        self._read()

    def _changed(self) -> None:
        self._show_empty()
        self._pause.start()

    def _read(self) -> None:
        self._show_empty()
        self.task.read(self.file, self.form.plan(), self._show_ready)

    def _show_ready(self, found: Prepared | EvtechError) -> None:
        self._forget()
        if isinstance(found, EvtechError):
            self._refuse(found)
            return
        self.ready = found
        self.bar.setVisible(False)
        self._say("")
        self.what.setText(kind_words(found.source))
        self.summary.setText("\n".join(contents_words(found)))
        lines = [*found.problems, *found.remarks]
        self.problems.setPlainText("\n".join(lines))
        self.problems.setVisible(bool(lines))
        self._show_ports(found)
        self._show_standing(found)
        self._show_buttons()

    def _show_standing(self, found: Prepared) -> None:
        words = ""
        if found.is_known and found.again is not None:
            words = translate("Import", "This file was imported on {at}. Importing it again changes nothing.").format(
                at=local_time(found.again.at)
            )
        elif found.other is not None:
            words = translate(
                "Import", "This file was imported on {at}, read in another way. That import is taken out and replaced."
            ).format(at=local_time(found.other.at))
        self.standing.setText(words)
        self.standing.setVisible(bool(words))

    def _show_ports(self, found: Prepared) -> None:
        while self.ports_box.count():
            item = self.ports_box.takeAt(0)
            if item.widget() is not None:
                item.widget().deleteLater()
        self._ports = []
        for each in found.same_ports[:MOST_PORTS]:
            words = translate(
                "Import", "{port} is the port {shown}: {fits} of its {of} sessions agree with recorded ones"
            )
            tick = QCheckBox(words.format(port=each.port, shown=each.shown, fits=each.fits, of=each.of))
            tick.setChecked(each.fits > 1)
            self._ports.append((tick, each.port, each.shown))
            self.ports_box.addWidget(tick)

    def _refuse(self, error: EvtechError) -> None:
        self.bar.setVisible(False)
        self.summary.setText(f"{error} {error.hint}".strip())
        self._show_buttons()

    # ---- writing ----

    def _show_kept(self, kept: Kept | EvtechError) -> None:
        self._is_writing = False
        self.bar.setVisible(False)
        if isinstance(kept, EvtechError):
            self._say(f"{kept} {kept.hint}".strip())
            self._show_buttons()
            return
        self.kept = kept
        words = kept_words(self.file.name, kept)
        self._say("")
        self._fit(with_form=False, lines=13)  # two sentences and a button
        self._show_empty()
        self.summary.setText(words)
        self.standing.setText(
            translate("Import", "Import, What was imported… on the page Sessions takes it out again.")
        )
        self.standing.setVisible(True)
        self._then(words)

    def _show_empty(self) -> None:
        self._forget()
        self.summary.setText("")
        self.problems.setVisible(False)
        self.standing.setVisible(False)
        for tick, *_ in self._ports:
            tick.setVisible(False)
        self._show_buttons()

    def _show_progress(self, what: str, done: int, total: int) -> None:
        self.bar.setVisible(True)
        self.bar.setRange(0, 1000)
        self.bar.setValue(1000 * done // total if total else 0)
        self._say(progress_words(what, done, total))

    def _show_buttons(self) -> None:
        is_done, more = self.is_done, bool(self._files)
        self.go.setEnabled(is_done or (self.ready is not None and not self._is_writing))
        self.go.setText(
            (translate("Import", "Next file") if more else translate("Import", "Close"))
            if is_done
            else translate("Import", "Import")
        )
        why = translate("Import", "The file is being read, or cannot be")
        self.go.setToolTip("" if self.go.isEnabled() else why)
        self.stay.setVisible(not is_done)
        self.stay.setText(
            translate("Import", "Cancel")
            if self._is_writing or not more
            else translate("Import", "Skip this file")
        )  # fmt: skip
        self.form.setEnabled(not self._is_writing)

    def _say(self, words: str) -> None:
        self.note.setText(words)
        self.note.setVisible(bool(words))

    # ---- building ----

    def _build(self) -> None:
        self._is_writing = False
        outer = QVBoxLayout(self)
        self.title, self.what = Heading(), Muted()
        outer.addWidget(self.title)
        outer.addWidget(self.what)
        self.form = CsvForm()
        self.form.rewritten.connect(self._look_again)
        self.form.changed.connect(self._changed)
        self.area = QScrollArea()
        self.area.setWidget(self.form)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QScrollArea.Shape.NoFrame)
        outer.addWidget(self.area, 1)
        outer.addWidget(self._make_result())
        self.note, self.bar = QLabel(), QProgressBar()
        self.note.setWordWrap(True)
        self.bar.setTextVisible(False)
        self.bar.setVisible(False)
        self.bar.setAccessibleName(translate("Import", "Progress"))
        outer.addWidget(self.note)
        outer.addWidget(self.bar)
        outer.addStretch()
        outer.addLayout(self._make_buttons())

    def _make_result(self) -> QWidget:
        """Return what the file brings and what is wrong with it: always in sight, however long the form is."""
        box, line = QWidget(), self.fontMetrics().height()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        self.summary = QLabel()
        self.summary.setWordWrap(True)
        self.summary.setAccessibleName(translate("Import", "What the file brings"))
        self.summary.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.problems = QPlainTextEdit()
        self.problems.setReadOnly(True)
        self.problems.setTabChangesFocus(True)
        self.problems.setAccessibleName(translate("Import", "What is left out, and what should be known"))
        self.problems.setFixedHeight(line * 4)
        ports = QWidget()
        self.ports_box = QVBoxLayout(ports)
        self.ports_box.setContentsMargins(0, 0, 0, 0)
        self.standing = QLabel()
        self.standing.setWordWrap(True)
        for widget in (self.summary, self.problems, ports, self.standing):
            column.addWidget(widget)
        return box

    def _fit(self, *, with_form: bool, lines: int = 22) -> None:
        """Take the room that a file needs: a table of columns more than a few lines."""
        em, line = self.fontMetrics().horizontalAdvance("m"), self.fontMetrics().height()
        self.area.setVisible(with_form)
        tall = with_form and not self.form.table.isHidden()
        self.resize(em * (72 if tall else 58), min(line * (42 if tall else lines), 710))

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.go = LargeButton(translate("Import", "Import"), primary=True)
        self.stay = LargeButton(translate("Import", "Cancel"))
        self.go.clicked.connect(self.take)
        self.stay.clicked.connect(self._stay_or_stop)
        row.addStretch()
        row.addWidget(self.stay)
        row.addWidget(self.go)
        return row

    def _stay_or_stop(self) -> None:
        if self._is_writing:
            self.reject()
        else:
            self.leave()
