"""What one session was, or how two differ: facts at the left, curves beside them."""

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QScrollArea, QWidget

from evtech.errors import EvtechError
from evtech.store.archive import Archive
from evtech.store.session_list import SessionLine
from ui.bridge import Bridge
from ui.models.comparison import comparison, one_line
from ui.models.sessions import facts, twin_facts
from ui.theme import LIGHT, Theme
from ui.widgets.dress import dress
from ui.widgets.session_view import SessionData, SessionMoment, SessionView, extras_text, read_session
from ui.words import translate


class SessionDetails(QWidget):
    """Reads what is chosen on a worker thread; what was read is kept until ``forget``."""

    def __init__(self, archive: Archive, bridge: Bridge) -> None:
        super().__init__()
        self._archive, self._bridge = archive, bridge
        self.theme = LIGHT
        self.moment: SessionMoment | None = None
        self._lines: list[SessionLine] = []
        self._drawn: tuple[object, ...] = ()
        self._seen: dict[str, SessionData] = {}
        row = self._beside = QHBoxLayout(self)
        row.setContentsMargins(0, 6, 0, 0)
        self._curves = QHBoxLayout()
        self.text = QLabel()
        self.text.setWordWrap(True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        area = QScrollArea()
        area.setWidget(self.text)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setMinimumHeight(self.fontMetrics().height() * 7)
        area.setAccessibleName(translate("Sessions", "Facts of the session"))
        row.addWidget(area, 7)  # a comparison needs four columns beside two pictures
        self.views = [SessionView(), SessionView()]
        for view in self.views:
            view.setVisible(False)
            self._curves.addWidget(view, 1)
        row.addLayout(self._curves, 11)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = theme
        for view in self.views:
            view.apply_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Put the curves below the facts, and below each other, where there is no room beside."""
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        wide, em = self.width(), self.fontMetrics().horizontalAdvance("m")
        is_two = len(self._lines) == 2
        for row, least in ((self._beside, 90 if is_two else 60), (self._curves, 60)):
            is_narrow = wide < em * least
            row.setDirection(QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight)

    def forget(self) -> None:
        """Read anew what is shown next: a running session grows, a correction moves its times."""
        self._seen.clear()
        self._drawn = ()

    def draw_again(self) -> None:
        """Draw what is shown next even if it is what is shown now."""
        self._drawn = ()

    def show_lines(self, lines: Sequence[SessionLine], *, is_listed: bool = True) -> None:
        """Show one session, two beside each other, or none; ``is_listed`` tells whether there is one to choose."""
        key = tuple((line.id, line.ended, line.corrected) for line in lines)
        if key == self._drawn and key:
            return
        self._lines, self._drawn = list(lines), key
        self._fit()
        reading = translate("Sessions", "Reading the session …")
        nothing = translate("Sessions", "Choose a session above; with Ctrl, or Shift and an arrow key, a second one.")
        if not is_listed:
            nothing = translate("Sessions", "No session fits the filters above.")
        self.text.setText(reading if lines else nothing)
        for place, view in enumerate(self.views):
            view.clear()
            view.setVisible(place < len(lines))
        for place, line in enumerate(lines):
            read = partial(read_session, self._archive, line.id)
            self._bridge.work(read, partial(self._show_data, place, line))

    def _show_data(self, place: int, line: SessionLine, found: SessionData | EvtechError) -> None:
        lines = self._lines
        if place >= len(lines) or lines[place].id != line.id:
            return
        if isinstance(found, EvtechError):
            self.text.setText(f"{found} {found.hint}")
            return
        self._seen[line.id] = found
        view = self.views[place]
        view.show_data(found)
        view.say_which(_which(place, found) if len(lines) == 2 else "")
        if self.moment is not None and self.moment.session_id == line.id:
            view.show_moment(self.moment.at)
        dress(self, self.theme)
        if len(lines) == 1:
            extras = [*twin_facts(line), *extras_text(found)]
            self.text.setText(facts(found.session, line.source, extras, site=line.site, shift=found.shift))
        elif all(other.id in self._seen for other in lines):
            one, other = (self._seen[each.id] for each in lines)
            self.text.setText(comparison(one.session, other.session, one.shift, other.shift))


def _which(place: int, found: SessionData) -> str:
    name = (translate("Sessions", "first"), translate("Sessions", "second"))[place]
    return f"{name}: {one_line(found.session, found.shift)}"
