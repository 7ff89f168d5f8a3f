"""Hand over visit: which visit, what to leave out, what goes with it, and one sealed file in the end."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QApplication,
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from evtech.errors import EvtechError
from evtech.reports.hand_over import CancelledError, HandedOver, Preview, Wish, hand_over, preview
from evtech.reports.redaction import PARTS
from evtech.reports.signers import load_signer
from evtech.store.archive import Archive
from evtech.store.records import Visit
from ui.bridge import Bridge
from ui.theme import Theme
from ui.widgets.dress import Heading, LargeButton, Muted, dress
from ui.widgets.seal_banner import grouped
from ui.words import local_time, translate


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be handed over: the archive, the visit to begin with, and the traffic of a link by visit."""

    archive: Archive
    profile_file: Callable[[str], Path | None]
    technician: str = ""
    language: str = "en"
    visit: str | None = None  # chosen at first, else the newest
    traffic: dict[str, Callable[[], bytes]] = field(default_factory=dict)


class HandOverDialog(QDialog):
    """A form, a preview that follows it, progress with Cancel, and at the end what to tell the receiver."""

    progressed = Signal(str, int, int)

    def __init__(self, offer: Offer, bridge: Bridge, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(translate("HandOver", "Hand over a visit"))
        self._offer, self._bridge = offer, bridge
        self._stop = threading.Event()
        self._seen: Preview | None = None
        self._visits: dict[str, Visit] = {}
        self.done_file: HandedOver | None = None
        self._build()
        dress(self, theme)
        self.progressed.connect(self._show_progress)
        self._bridge.work(offer.archive.visits, self._show_visits)

    # ---- what is asked ----

    def wish(self) -> Wish:
        """Return what the form asks for."""
        visit = self.visit.currentData()
        leave_out = tuple(part for part in PARTS if self.left_out[part].isChecked())
        traffic = self._offer.traffic[visit]() if self.traffic.isChecked() and self.traffic.isEnabled() else None
        return Wish(visit, leave_out, self._offer.language if self.reports.isChecked() else None, traffic)

    def write(self) -> None:
        """Write the file on a worker thread."""
        target = Path(self.file.text().strip())
        if not target.name or not target.parent.is_dir():
            self._say(translate("HandOver", "There is no such folder. Choose where the file goes."))
            return
        wish, offer = self.wish(), self._offer
        secret = self.secret.text() or None
        self._stop.clear()
        self._set_busy(True)

        def task() -> HandedOver:
            signer = load_signer(offer.technician or None, secret)
            return hand_over(
                offer.archive, wish, target, signer, profile_file=offer.profile_file, progress=self._progress
            )

        self._bridge.work(task, self._show_result)

    def reject(self) -> None:
        """Give up what runs, or close."""
        if self.cancel.isVisible():
            self._stop.set()
        else:
            super().reject()

    def _progress(self, step: str, done: int, count: int) -> None:
        if self._stop.is_set():
            raise CancelledError(translate("HandOver", "Given up; no file was written."), "")
        self.progressed.emit(step, done, count)

    # ---- what is shown ----

    def _show_visits(self, visits: list[Visit] | EvtechError) -> None:
        if isinstance(visits, EvtechError):
            self._say(f"{visits} {visits.hint}")
            return
        self._visits = {visit.id: visit for visit in visits}
        for visit in visits:
            words = [local_time(visit.started), visit.site or translate("HandOver", "no site"), visit.technician]
            self.visit.addItem(" · ".join(word for word in words if word), visit.id)
        at = self.visit.findData(self._offer.visit) if self._offer.visit else 0
        self.visit.setCurrentIndex(max(at, 0))
        if not visits:
            self._say(translate("HandOver", "There is no visit yet: it starts with a connection."))
        self.go.setEnabled(bool(visits))

    def _look(self) -> None:
        visit = self.visit.currentData()
        if visit is None:
            return
        has_traffic = visit in self._offer.traffic
        self.traffic.setEnabled(has_traffic)
        why = translate("HandOver", "Only while the charger of this visit is connected")
        self.traffic.setToolTip("" if has_traffic else why)
        folder = Path(self.file.text()).parent if self.file.text() else _documents()
        self.file.setText(str(folder / f"{_file_name(self._visits[visit])}.evvisit"))
        self._bridge.work(lambda: preview(self._offer.archive, visit), self._show_preview)

    def _show_preview(self, seen: Preview | EvtechError) -> None:
        if isinstance(seen, EvtechError):
            self._say(f"{seen} {seen.hint}")
            return
        if seen.visit == self.visit.currentData():
            self._seen = seen
            self._describe()

    def _describe(self) -> None:
        if "tokens" in self.left_out and self.left_out["tokens"].isChecked():
            self.traffic.setChecked(False)
        seen = self._seen
        if seen is None:
            return
        self.preview.setText("\n".join(lines(seen, self)))

    def _show_progress(self, step: str, done: int, count: int) -> None:
        self.bar.setRange(0, count)
        self.bar.setValue(done)
        words = translate("HandOver", "Writing {step} ({n} of {count})").format(step=step, n=done + 1, count=count)
        self.note.setText(words)

    def _show_result(self, result: HandedOver | EvtechError) -> None:
        self._set_busy(False)
        if isinstance(result, EvtechError):
            self._say(f"{result} {result.hint}".strip())
            is_locked = "cannot be opened" in str(result) and "key" in str(result)
            self.secret_row.setVisible(self.secret_row.isVisible() or is_locked)
            return
        self.done_file = result
        size = result.path.stat().st_size
        words = translate(
            "HandOver",
            "{file} is written ({size} kB). Send this one file.\n\nTell the receiver the fingerprint of your key by"
            " another way, such as the phone: who knows it sees that the file is yours and unchanged.",
        ).format(file=result.path.name, size=max(size // 1024, 1))
        self.said.setText("\n".join([words, *result.remarks]))
        self.print_.setText(grouped(result.manifest["signer"]["fingerprint"]))
        self.form.setVisible(False)
        self.target_box.setVisible(False)
        self.finished_box.setVisible(True)
        self.go.setVisible(False)
        self.leave.setText(translate("HandOver", "Close"))
        self.note.clear()

    def _set_busy(self, busy: bool) -> None:
        self.form.setEnabled(not busy)
        self.target_box.setEnabled(not busy)
        self.go.setVisible(not busy)
        self.leave.setVisible(not busy)
        self.cancel.setVisible(busy)
        self.bar.setVisible(busy)
        self.note.clear()

    def _say(self, text: str) -> None:
        self.note.setText(text)

    # ---- building ----

    def _build(self) -> None:
        em = self.fontMetrics().horizontalAdvance("m")
        self.setMinimumWidth(min(em * 52, 900))
        outer = QVBoxLayout(self)
        self.form = self._make_form()
        self.finished_box = self._make_end()
        area = QScrollArea()
        inside = QWidget()
        column = QVBoxLayout(inside)
        column.setContentsMargins(0, 0, 6, 0)
        column.addWidget(self.form)
        column.addWidget(self.finished_box)
        column.addStretch()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.note, self.bar = QLabel(), QProgressBar()
        self.note.setWordWrap(True)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(translate("HandOver", "Progress"))
        outer.addWidget(area, 1)
        self.target_box = self._make_target_box()
        outer.addWidget(self.target_box)
        outer.addWidget(self.note)
        outer.addWidget(self.bar)
        outer.addLayout(self._make_buttons())
        self.resize(em * 58, min(self.fontMetrics().height() * 36, 690))
        self._set_busy(False)
        self.finished_box.setVisible(False)

    def _make_form(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        self.visit = QComboBox()
        self.visit.setAccessibleName(translate("HandOver", "Visit"))
        self.visit.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.visit.currentIndexChanged.connect(lambda: self._look())
        column.addWidget(Heading(translate("HandOver", "Visit"), 1.1))
        column.addWidget(self.visit)
        column.addWidget(Heading(translate("HandOver", "Leave out"), 1.1))
        column.addLayout(self._make_parts())
        column.addWidget(Heading(translate("HandOver", "Put in as well"), 1.1))
        self.reports = QCheckBox(translate("HandOver", "Reports as PDF, made now"))
        self.traffic = QCheckBox(translate("HandOver", "Raw traffic of the link (pcapng)"))
        self.reports.setChecked(True)
        for tick in (self.reports, self.traffic):
            tick.toggled.connect(lambda: self._describe())
            column.addWidget(tick)
        column.addWidget(Heading(translate("HandOver", "In the file"), 1.1))
        self.preview = QLabel("—")
        self.preview.setWordWrap(True)
        self.preview.setAccessibleName(translate("HandOver", "What will be in the file"))
        column.addWidget(self.preview)
        return box

    def _make_target_box(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        self.secret_row = self._make_secret()
        column.addLayout(self._make_target())
        column.addWidget(self.secret_row)
        return box

    def _make_parts(self) -> QGridLayout:
        words = {
            "names": translate("HandOver", "Names of people and sites"),
            "tokens": translate("HandOver", "Cards and users"),
            "addresses": translate("HandOver", "Addresses of devices and places"),
            "notes": translate("HandOver", "Notes"),
            "attachments": translate("HandOver", "Attachments"),
        }
        grid = QGridLayout()
        self.left_out = {part: QCheckBox(words[part]) for part in PARTS}
        for number, tick in enumerate(self.left_out.values()):
            tick.toggled.connect(lambda: self._describe())
            grid.addWidget(tick, number // 2, number % 2)
        return grid

    def _make_target(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.file = QLineEdit()
        self.file.setAccessibleName(translate("HandOver", "File"))
        choose = QPushButton(translate("HandOver", "Choose…"))
        choose.clicked.connect(self._ask_file)
        row.addWidget(QLabel(translate("HandOver", "File")))
        row.addWidget(self.file, 1)
        row.addWidget(choose)
        return row

    def _make_secret(self) -> QWidget:
        row = QWidget()
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        self.secret = QLineEdit()
        self.secret.setEchoMode(QLineEdit.EchoMode.Password)
        label = QLabel(translate("HandOver", "&Passphrase of your key"))
        label.setBuddy(self.secret)
        line.addWidget(label)
        line.addWidget(self.secret, 1)
        row.setVisible(False)
        return row

    def _make_end(self) -> QWidget:
        box = QWidget()
        column = QVBoxLayout(box)
        column.setContentsMargins(0, 0, 0, 0)
        self.said, self.print_ = QLabel(), QLabel()
        self.said.setWordWrap(True)
        self.print_.setWordWrap(True)
        self.print_.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self.print_.setAccessibleName(translate("HandOver", "Fingerprint of your key"))
        column.addWidget(Heading(translate("HandOver", "Handed over")))
        column.addWidget(self.said)
        column.addWidget(Heading(translate("HandOver", "Fingerprint of your key"), 1.1))
        column.addWidget(self.print_)
        row = QHBoxLayout()
        for text, act in (
            (translate("HandOver", "Copy the fingerprint"), self._copy),
            (translate("HandOver", "Open the folder"), self._open_folder),
        ):
            button = LargeButton(text)
            button.clicked.connect(act)
            row.addWidget(button)
        row.addStretch()
        column.addLayout(row)
        column.addWidget(
            Muted(translate("HandOver", "Nothing in your own archive was changed; the visit can be handed over again."))
        )
        return box

    def _make_buttons(self) -> QHBoxLayout:
        row = QHBoxLayout()
        self.go = LargeButton(translate("HandOver", "Hand over"), primary=True)
        self.cancel = LargeButton(translate("HandOver", "Cancel"))
        self.leave = LargeButton(translate("HandOver", "Close"))
        self.go.setEnabled(False)
        self.go.clicked.connect(self.write)
        self.cancel.clicked.connect(self.reject)
        self.leave.clicked.connect(self.reject)
        row.addStretch()
        for button in (self.leave, self.cancel, self.go):
            row.addWidget(button)
        return row

    def _ask_file(self) -> None:
        name, _ = QFileDialog.getSaveFileName(
            self, translate("HandOver", "Hand over as"), self.file.text(), "evtech visit (*.evvisit)"
        )
        if name:
            self.file.setText(name if name.endswith(".evvisit") else f"{name}.evvisit")

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.print_.text())

    def _open_folder(self) -> None:
        if self.done_file is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.done_file.path.parent)))


def lines(seen: Preview, form: HandOverDialog) -> list[str]:
    """Return what would be in the file, one line a kind of thing."""
    n = seen.counts
    polls = n["polls"] + n["tail"]
    said = [
        translate("HandOver", "Recordings: {n}, polls: {polls} (about {size} kB), events: {events}").format(
            n=n["recordings"], polls=polls, size=max(n["bytes"] // 1024, 1), events=n["events"]
        ),
        translate("HandOver", "Charging sessions: {n}").format(n=n["sessions"]),
    ]
    if n["running"]:
        said.append(translate("HandOver", "A session is still running: its samples go with it, the session does not."))
    kinds = {
        "diagnosis": translate("HandOver", "Diagnoses: {n}"), "calibration": translate("HandOver", "Calibrations: {n}"),
        "billing": translate("HandOver", "Billing checks: {n}"),
        "port": translate("HandOver", "Facts entered for its chargers: {n}"),
        "outage": translate("HandOver", "Entries about their outages, with who entered them: {n}"),
    }  # fmt: skip
    said += [kinds[kind].format(n=count) for kind, count in seen.results.items() if kind in kinds]
    if n["attachments"] and not form.left_out["attachments"].isChecked():
        said.append(
            translate("HandOver", "Attachments: {n} ({size} kB)").format(
                n=n["attachments"], size=max(n["attachment_bytes"] // 1024, 1)
            )
        )
    said.append(translate("HandOver", "Profiles: {names}").format(names=", ".join(seen.profiles) or "—"))
    if form.reports.isChecked():
        count = n["sessions"] + sum(seen.results.get(kind, 0) for kind in ("diagnosis", "calibration", "billing"))
        said.append(translate("HandOver", "Sealed reports (PDF): {n}").format(n=count))
    if form.traffic.isChecked() and form.traffic.isEnabled():
        said.append(translate("HandOver", "The newest frames of the link, as they went over the wire"))
    return said


def _file_name(visit: Visit) -> str:
    """Return a file name that tells nobody's name: the file may be meant to hold none."""
    return f"visit-{visit.started.astimezone():%Y%m%d-%H%M}-{visit.id[:8]}"


def _documents() -> Path:
    place = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
    return Path(place) if place and Path(place).is_dir() else Path.home()
