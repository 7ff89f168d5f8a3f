"""One session's curves as in the live view: scrub through it, two cursors, gaps, states, notes, alarms, findings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from PySide6.QtCore import QLocale, Qt, QTimer
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QSlider, QVBoxLayout, QWidget

from evtech.events import Event, EventKind
from evtech.insights.finding_words import severity_word
from evtech.insights.kept_findings import KIND, FindingLine, finding_lines, statuses, to_show
from evtech.measure.history import History
from evtech.store.archive import Archive
from evtech.store.records import ChargingSession
from evtech.store.results import Result
from evtech.store.session_extras import Correction
from ui.theme import LIGHT, Theme
from ui.widgets.cursor_box import CursorBox
from ui.widgets.elided import Elided
from ui.words import local_time, translate

_CURVES = (
    "voltage_l1", "voltage_l2", "voltage_l3", "current_l1", "current_l2", "current_l3", "power_total",
    "apparent_power_total",
)  # fmt: skip
_REGISTERS = ("energy_import_total", "energy_total", "session_energy")
_WINDOWS_S = (None, 3600, 900, 300, 60)
_QUARTER = _WINDOWS_S.index(900)
_STEPS = 1000
_MARKED = (EventKind.STATE_CHANGED, EventKind.NOTE, EventKind.ALARM_RAISED)
SCRUB_MS = 50  # at most so often is drawn while the slider moves


@dataclass(frozen=True, slots=True)
class SessionMoment:
    """What a page asks for: a session, opened at a moment (s since 1970, as it was recorded)."""

    session_id: str
    at: float


@dataclass(frozen=True, slots=True)
class SessionData:
    """What belongs to one session; times moved by its corrected clock (``shift``, s)."""

    session: ChargingSession
    history: History
    gaps: list[tuple[float, float]]
    marks: list[tuple[float, str]]
    alarms: list[Event]
    results: list[Result]
    corrections: list[Correction]
    photos: int
    shift: float
    findings: list[FindingLine]

    @property
    def span(self) -> tuple[float, float]:
        """Return first and last moment shown (s since 1970)."""
        end = self.session.ended or self.session.last_seen or datetime.now(UTC)
        start = self.session.started.timestamp()
        return start + self.shift, max(end.timestamp(), start + 1.0) + self.shift


def read_session(archive: Archive, session_id: str) -> SessionData:
    """Read a session with all that lies around it; takes long, so on a worker thread only."""
    session = archive.session(session_id)
    corrections = archive.corrections(session.id)
    shift = float(next((c.value for c in reversed(corrections) if c.field == "clock_s"), "0"))
    end = session.ended or session.last_seen or datetime.now(UTC)
    points = [name for name, _ in archive.points(session.recording_id)]
    register = next((name for name in _REGISTERS if name in points), None)
    names = [name for name in points if name in _CURVES or name == register]
    history = History(names)
    gaps = [(gap.start.timestamp() + shift, gap.end.timestamp() + shift) for gap in session.gaps]
    events: list[Event] = []
    for recording in (*session.earlier_recordings, session.recording_id):
        columns = [archive.series(recording, name, session.started, end) for name in names]
        if columns and len(columns[0].times):
            values = np.column_stack([column.values for column in columns])
            if register is not None:  # a register's own height would cost single precision its digits
                values[:, names.index(register)] -= session.register_start_wh or 0.0
            history.extend(*_broken(columns[0].times + shift, values, gaps))
        events += archive.events(recording, session.started, end)
    return SessionData(
        session, history, gaps, [(e.time.timestamp() + shift, _word(e)) for e in events if e.kind in _MARKED],
        [e for e in events if e.kind is EventKind.ALARM_RAISED], _results(archive, session, end), corrections,
        len(archive.attachments(session.id)), shift,
        finding_lines(archive.results(session_id=session.id), statuses(archive), _language()),
    )  # fmt: skip


class SessionView(QWidget):
    """The plots of one session with a slider to move through it."""

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self.data: SessionData | None = None
        self.plots = None
        self._moment: list[tuple[float, str]] = []
        self._cursor = 0
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.which = Elided()
        self.which.setVisible(False)
        column.addWidget(self.which)
        self.bar = self._make_bar()
        column.addWidget(self.bar)
        self.between = QLabel()
        self.between.setWordWrap(True)
        self.between.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.between.setVisible(False)
        column.addWidget(self.between)
        self.box = CursorBox()  # takes the room of the plots while there are none
        self.box.chosen.connect(self._choose_cursor)
        self.box.moved.connect(self._move_cursor)
        self.box.put.connect(self._put_cursor)
        column.addWidget(self.box, 1)
        self._timer = QTimer(self, interval=SCRUB_MS, singleShot=True)
        self._timer.timeout.connect(self._draw)

    def show_data(self, data: SessionData) -> None:
        """Show a session from its start to its end."""
        self.clear()
        self.data = data
        self.slider.setValue(0)
        has_samples = bool(data.history.points) and bool(len(data.history))
        self.bar.setVisible(has_samples)
        self.box.setEnabled(has_samples)
        if not has_samples:
            self.between.setText(
                translate("Sessions", "There are no curves: no samples of this session were recorded or imported.")
            )
            self.between.setVisible(True)
            return
        from ui.widgets.plots import Plots  # pyqtgraph costs half a second: not before a plot is wanted

        self.plots = Plots(set(data.history.points) - set(_REGISTERS))
        self.plots.setMinimumHeight(self.fontMetrics().height() * 13)
        self.plots.apply_theme(self.theme)
        self.box.column.addWidget(self.plots)
        for line in self.plots.cursors:
            line.sigPositionChanged.connect(self._tell_between)
        self._draw()
        self._show_marks()
        if self.cursors.isChecked():
            self._show_cursors(True)

    def say_which(self, words: str) -> None:
        """Say which of two sessions this is, or with nothing that it is the only one."""
        self.which.say(words)
        self.which.setVisible(bool(words))

    def show_moment(self, at: float) -> None:
        """Show a quarter of an hour around a moment (s since 1970, as recorded) of a long session, and mark it."""
        if self.data is None:
            return
        start, end = self.data.span
        at += self.data.shift
        wide = _WINDOWS_S[_QUARTER] or 0
        if end - start > wide:
            self.window_choice.setCurrentIndex(_QUARTER)
            self.slider.setValue(round(_STEPS * (at - wide / 2 - start) / (end - start - wide)))
        self._moment = [(at, translate("Sessions", "finding"))]
        self._draw()
        self._show_marks()

    def clear(self) -> None:
        """Show nothing."""
        self._moment = []
        self.data = None
        self.between.setVisible(False)
        if self.plots is not None:
            self.box.column.removeWidget(self.plots)
            self.plots.hide()
            self.plots.deleteLater()
            self.plots = None

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        if self.plots is not None and self.data is not None:
            self.plots.apply_theme(theme)
            self._show_marks()

    def _show_marks(self) -> None:
        if self.plots is not None and self.data is not None:
            self.plots.show_marks(self.data.gaps, [*self.data.marks, *self._moment])

    def _make_bar(self) -> QWidget:
        bar = QWidget()
        row = QHBoxLayout(bar)
        row.setContentsMargins(0, 0, 0, 0)
        self.window_choice = QComboBox()
        for words in (
            translate("Sessions", "Whole session"),
            translate("Sessions", "60 min"),
            translate("Sessions", "15 min"),
            translate("Sessions", "5 min"),
            translate("Sessions", "1 min"),
        ):
            self.window_choice.addItem(words)
        self.window_choice.setAccessibleName(translate("Sessions", "Time shown"))
        self.window_choice.currentIndexChanged.connect(self._change_window)
        self.slider = QSlider(Qt.Orientation.Horizontal)
        self.slider.setRange(0, _STEPS)
        self.slider.setAccessibleName(translate("Sessions", "Place in the session"))
        self.slider.valueChanged.connect(lambda: self._timer.isActive() or self._timer.start())
        self.cursors = QPushButton(translate("Sessions", "Cursors A | B"))
        self.cursors.setCheckable(True)
        self.cursors.setToolTip(
            translate("Sessions", "Two lines to drag, or with Tab to the curves: A, B and the arrow keys")
        )
        self.cursors.toggled.connect(self._show_cursors)
        row.addWidget(self.window_choice)
        row.addWidget(self.slider, 1)
        row.addWidget(self.cursors)
        return bar

    def shown(self) -> tuple[float, float]:
        """Return the span that is drawn (s since 1970)."""
        assert self.data is not None
        start, end = self.data.span
        wide = _WINDOWS_S[self.window_choice.currentIndex()]
        if wide is None or wide >= end - start:
            return start, end
        left = start + (end - start - wide) * self.slider.value() / _STEPS
        return left, left + wide

    def _change_window(self) -> None:
        """Draw another window; cursors that would be out of it come along."""
        self._draw()
        if self.plots is None or self.data is None or not self.cursors.isChecked():
            return
        start, end = self.shown()
        if not all(start <= line.value() <= end for line in self.plots.cursors):
            self.plots.show_cursors(True, start, end)
            self._tell_between()

    def _choose_cursor(self, index: int) -> None:
        """Take a cursor in hand; one that is out of the window comes into its middle."""
        self._cursor = index
        self.cursors.setChecked(True)
        if self.plots is not None:
            start, end = self.shown()
            if not start <= self.plots.cursors[index].value() <= end:
                self.plots.set_cursor(index, (start + end) / 2)

    def _move_cursor(self, share: float) -> None:
        if self.plots is not None:
            self._choose_cursor(self._cursor)
            start, end = self.shown()
            at = self.plots.cursors[self._cursor].value() + share * (end - start)
            self.plots.set_cursor(self._cursor, min(max(at, start), end))

    def _put_cursor(self, share: float) -> None:
        if self.plots is not None:
            self._choose_cursor(self._cursor)
            start, end = self.shown()
            self.plots.set_cursor(self._cursor, start + share * (end - start))

    def _draw(self) -> None:
        is_part = self.window_choice.currentIndex() > 0
        self.slider.setEnabled(is_part)
        self._tell_between()
        self.slider.setToolTip("" if is_part else translate("Sessions", "Choose a time shown to move through it"))
        if self.plots is not None and self.data is not None:
            self.plots.redraw(self.data.history.window, *self.shown())

    def _show_cursors(self, wanted: bool) -> None:
        self.between.setVisible(wanted)
        if self.plots is not None and self.data is not None:
            self.plots.show_cursors(wanted, *self.shown())
            self._tell_between()

    def _tell_between(self) -> None:
        if self.plots is None or self.data is None or not self.cursors.isChecked():
            return
        from ui.widgets.cursors import between

        one, other = (line.value() for line in self.plots.cursors)
        start, end = self.shown()
        unseen = [name for name, at in (("A", one), ("B", other)) if not start <= at <= end]
        words = translate("Sessions", "   ({names} not in sight)").format(names=", ".join(unseen)) if unseen else ""
        self.between.setText(between(self.data.history, one, other).text() + words)


def extras_text(data: SessionData) -> list[tuple[str, str]]:
    """Return what was added to a session or lies around it, as names and texts."""
    rows = []
    for c in data.corrections:
        when = f"{local_time(c.at)} {c.technician}".strip()
        if c.field == "note":
            rows.append((translate("Sessions", "Note"), f"{c.value} ({when})"))
            continue
        field = {
            "site": translate("Sessions", "Corrected site"),
            "clock_s": translate("Sessions", "Corrected clock"),
        }[c.field]
        value = f"{float(c.value):+g} s" if c.field == "clock_s" else c.value
        rows.append((field, f"{value}: {c.reason} ({when})"))
    for f in data.findings:
        row = f"{severity_word(f.severity, _language())} · {local_time(f.at)} · {f.text} ({f.status})"
        rows.append((_kind(KIND), row))
    for result in data.results:
        verdict = f" – {result.verdict}" if result.verdict else ""
        rows.append((_kind(result.kind), f"{result.title}{verdict} ({local_time(result.at)})"))
    rows += [(translate("Sessions", "Alarm"), f"{local_time(e.time)} {e.details.get('text', '')}") for e in data.alarms]
    if data.photos:
        rows.append((translate("Sessions", "Photos"), str(data.photos)))
    return rows


def _kind(kind: str) -> str:
    return {
        "diagnosis": translate("Sessions", "Diagnosis"),
        "finding": translate("Sessions", "Finding"),
        "calibration": translate("Sessions", "Calibration"),
        "billing": translate("Sessions", "Billing check"),
        "anomaly": translate("Sessions", "Finding in the data"),
    }.get(kind, kind)


def _results(archive: Archive, session: ChargingSession, end: datetime) -> list[Result]:
    """Return the session's own results and those of its visit that came while it ran."""
    own = archive.results(session_id=session.id)
    of_visit = archive.results(visit_id=session.visit_id)
    known = {result.id for result in own}
    all_of_them = own + [
        r for r in of_visit if r.id not in known and session.started <= r.at <= end and r.session_id is None
    ]
    return [r for r in to_show(all_of_them) if r.kind != KIND]


def _language() -> str:
    return "de" if QLocale().language() == QLocale.Language.German else "en"


def _word(event: Event) -> str:
    key = "to" if event.kind is EventKind.STATE_CHANGED else "text"
    return str(event.details.get(key) or "?")


def _broken(
    times: np.ndarray, values: np.ndarray, gaps: Sequence[tuple[float, float]]
) -> tuple[np.ndarray, np.ndarray]:
    """Put a row of NaN into every gap, so that no line bridges it."""
    middles = np.array([(start + end) / 2 for start, end in gaps if times[0] < (start + end) / 2 < times[-1]])
    at = np.searchsorted(times, middles)
    return np.insert(times, at, middles), np.insert(values, at, np.nan, axis=0).astype(np.float32)
