"""Looks a code or words up, offline: every maker's codes, faults, ChargeX and OCPP names."""

from html import escape

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QBoxLayout,
    QHBoxLayout,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from evtech.diagnostics.knowledge import Fault, catalogues, faults
from evtech.diagnostics.lookup import Match, look_up
from ui.diagnosis_words import severity_role, severity_word
from ui.theme import LIGHT, Theme
from ui.widgets.answer import label
from ui.widgets.badge import shape_icon
from ui.widgets.dress import Muted
from ui.words import translate

MOST = 60
TYPING_MS = 150
_MATCH = Qt.ItemDataRole.UserRole


class CodeBox(QWidget):
    """A field, the matches, and the chosen one explained."""

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self._own = ""
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 6, 0, 0)
        self.query = QLineEdit()
        self.query.setPlaceholderText(translate("Codes", "Look up a code or words: 0x9001, F3, CX014, welded …"))
        self.query.setAccessibleName(translate("Codes", "Code or words"))
        self.query.setClearButtonEnabled(True)
        self.said = Muted()
        self.said.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Maximum)
        self.hits = QListWidget()
        self.hits.setAccessibleName(translate("Codes", "Matches"))
        self.hits.setWordWrap(True)
        self.text = label(rich=True)
        self.text.setAlignment(Qt.AlignmentFlag.AlignTop)
        area = QScrollArea()
        area.setWidget(self.text)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        area.setMinimumHeight(self.fontMetrics().height() * 9)
        self.hits.setMinimumHeight(self.fontMetrics().height() * 6)
        outer.addWidget(self.query)
        outer.addWidget(self.said)
        self._beside = QHBoxLayout()
        self._beside.addWidget(self.hits, 2)
        self._beside.addWidget(area, 3)
        self._area = area
        outer.addLayout(self._beside, 1)
        outer.addStretch()
        self._timer = QTimer(self, interval=TYPING_MS, singleShot=True)
        self._timer.timeout.connect(self.look)
        self.query.textChanged.connect(self._timer.start)
        self.query.returnPressed.connect(self.look)
        self.hits.currentItemChanged.connect(self._explain)
        self.look()

    def apply_theme(self, theme: Theme) -> None:
        """Draw the shapes anew."""
        self.theme = theme
        self.look()

    def prefer(self, profile: str) -> None:
        """List the codes of the charger that is connected first."""
        self._own = profile

    def look(self) -> None:
        """Look up what is typed now."""
        self._timer.stop()
        text = self.query.text().strip()
        found = look_up(text) if text else []
        found.sort(key=lambda match: match.profile != self._own if self._own else False)
        self.hits.clear()
        for match in found[:MOST]:
            item = QListWidgetItem(shape_icon(severity_role(match.severity), self.theme), _line(match))
            item.setData(_MATCH, match)
            self.hits.addItem(item)
        self.hits.setVisible(bool(found))
        self._area.setVisible(bool(found))
        self.said.setText(_said(text, len(found)))
        self.said.setVisible(bool(self.said.text()))
        if found:
            self.hits.setCurrentRow(0)

    def resizeEvent(self, event: object) -> None:
        """Put the explanation below the matches where there is no room beside them."""
        is_narrow = self.width() < self.fontMetrics().horizontalAdvance("m") * 52
        way = QBoxLayout.Direction.TopToBottom if is_narrow else QBoxLayout.Direction.LeftToRight
        self._beside.setDirection(way)
        super().resizeEvent(event)  # type: ignore[arg-type]  # Qt's own event

    def _explain(self) -> None:
        item = self.hits.currentItem()
        self.text.setText(_explained(item.data(_MATCH)) if item is not None else "")


def _said(text: str, count: int) -> str:
    if not text:
        return translate("Codes", "Works without a connection, for every maker that publishes its codes.")
    if not count:
        return translate("Codes", "Nothing fits. Try the number alone, its hexadecimal form, or one word.")
    if count > MOST:
        return translate("Codes", "{n} matches; the first {most} are shown. One more word narrows them.").format(
            n=count, most=MOST
        )
    return ""


def _line(match: Match) -> str:
    meaning = match.meaning or translate("Codes", "the maker publishes no meaning")
    return f"{_origin(match)} · {match.code}\n{meaning}" if match.kind != "fault" else f"{match.code}\n{meaning}"


def _origin(match: Match) -> str:
    if match.profile:
        catalogue = catalogues()[match.profile]
        return f"{catalogue.vendor} {catalogue.model}"
    return {"mrec": "ChargeX", "ocpp": "OCPP"}.get(match.kind, "")


def _explained(match: Match) -> str:
    """Return a match as rich text: meaning, then each fault it points to with causes, steps and safety."""
    head = f"<h3>{escape(_origin(match))} {escape(match.code)}</h3>" if match.kind != "fault" else ""
    head += f"<p>{escape(match.meaning)}</p>" if match.meaning and match.kind != "fault" else ""
    if not match.published:
        words = translate("Codes", "The maker publishes no meaning for this code. Note it and ask the maker's support.")
        head += f"<p>{escape(words)}</p>"
    return head + "".join(_fault(faults()[name]) for name in match.faults)


def _fault(fault: Fault) -> str:
    causes = "".join(f"<li>{escape(c.cause)}</li>" for c in sorted(fault.causes, key=lambda c: -c.prior))
    steps = "".join(f"<li>{escape(s.text)} <i>({escape(s.expect)})</i></li>" for s in fault.steps)
    safety = f"<p><b>{translate('Codes', 'Safety')}</b> {escape(fault.safety)}</p>" if fault.safety else ""
    return (
        f"<h3>{escape(fault.title)}</h3><p>{escape(severity_word(fault.severity))} · {fault.id}"
        f"{' · ' + fault.mrec if fault.mrec else ''}</p>{safety}"
        f"<p><b>{translate('Codes', 'Causes, the likeliest first')}</b></p><ol>{causes}</ol>"
        f"<p><b>{translate('Codes', 'Steps')}</b></p><ol>{steps}</ol>"
        f"<p><b>{translate('Codes', 'Then')}</b> {escape(fault.resolve)}</p>"
    )
