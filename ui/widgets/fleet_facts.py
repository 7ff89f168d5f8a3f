"""The facts of the chosen ports as a form: a field that nobody touched says nothing, several ports are told at once."""

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from evtech.errors import InputError
from evtech.insights.reported import READ
from evtech.insights.roster import RosterPort
from evtech.store.fleet import PortFacts
from evtech.store.fleet_values import checked, moment_there, text_there
from ui.widgets.dress import LargeButton
from ui.widgets.elided import Elided
from ui.widgets.fleet_words import fact_names, said_by
from ui.widgets.zone_box import ZoneBox
from ui.words import translate

_MOMENTS = ("in_service_from", "in_service_to", "complete_from", "complete_to")


class FactsForm(QWidget):
    """Ten fields, each with who said it last."""

    keep_wanted = Signal()

    def __init__(self, zone: str) -> None:
        super().__init__()
        self._zone = zone  # of ports of which nobody said one
        self._shown: dict[str, str] = {}
        self._left: dict[tuple[str, ...], dict[str, str]] = {}  # typed and not kept, by the ports it was typed for
        self.ports: Sequence[RosterPort] = ()
        self.fields: dict[str, QLineEdit] = {}
        self.said: dict[str, Elided] = {}
        self._labels: list[QLabel] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 8, 8, 0)
        column.setSpacing(8)
        grid = self._grid = QGridLayout()
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(4)
        grid.setColumnStretch(1, 4)
        grid.setColumnStretch(2, 5)
        for row, (name, words) in enumerate(fact_names().items()):
            self._add(grid, row, name, words)
        column.addLayout(grid)
        self.problem = QLabel()
        self.problem.setWordWrap(True)
        self.problem.hide()
        column.addWidget(self.problem)
        self.keep = LargeButton(translate("Fleet", "Keep"), primary=True)
        self.keep.clicked.connect(self.keep_wanted)
        buttons = QHBoxLayout()
        buttons.addWidget(self.keep)
        buttons.addStretch()
        column.addLayout(buttons)
        column.addStretch(1)
        self.show_ports(())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Leave who said it to the tooltips where there is no room beside."""
        super().resizeEvent(event)
        letter = self.fontMetrics().horizontalAdvance("m")
        room = self.width() - max(label.sizeHint().width() for label in self._labels) - 14 * letter
        for label in self.said.values():
            label.setVisible(room >= 10 * letter)
        self._grid.setColumnStretch(2, 5 if room >= 10 * letter else 0)

    def show_ports(self, ports: Sequence[RosterPort], why_not: str = "") -> None:
        """Show what is known of the ports; ``why_not`` says why nothing is entered here.

        What was typed for other ports and not kept comes back with them.
        """
        if (typed := self.touched()) and not why_not:
            self._left[self._names()] = typed
        self.ports = ports
        for name, field in self.fields.items():
            texts = {self._text(port.facts, name) for port in ports}
            alike = texts.pop() if len(texts) == 1 else None
            self._shown[name] = alike or ""
            field.setText(alike or "")
            field.setPlaceholderText(self._placeholder(name) if alike is not None else _several())
            field.setEnabled(bool(ports) and not why_not)
            source = self._source(name) if len(ports) == 1 else ""
            self.said[name].say(source)
            field.setToolTip(source)
            field.setAccessibleDescription(source)
        for name, text in self._left.pop(self._names(), {}).items():
            self.fields[name].setText(text)
        self._why_not = why_not
        self.say("")
        self._settle()

    def forget(self) -> None:
        """Take what is typed for kept."""
        self._shown = {name: field.text().strip() for name, field in self.fields.items()}
        self._left.pop(self._names(), None)

    def touched(self) -> dict[str, str]:
        """Return what was typed by the fields it was typed into."""
        return {name: field.text().strip() for name, field in self.fields.items() if self._is_touched(name)}

    def changes_for(self, port: RosterPort) -> dict[str, object]:
        """Return what the touched fields say of a port; raise ``InputError`` for what cannot be."""
        touched = self.touched()
        zone = touched.get("timezone") or port.facts.text("timezone") or self._zone
        checked("timezone", zone)
        found: dict[str, object] = {}
        for name, text in touched.items():
            found[name] = moment_there(text, zone) if name in _MOMENTS else _number(name, text)
        return found

    def say(self, words: str) -> None:
        """Say what is wrong, below the fields."""
        self.problem.setText(words)
        self.problem.setVisible(bool(words))

    def _add(self, grid: QGridLayout, row: int, name: str, words: str) -> None:
        label, said = QLabel(words), Elided()
        if name == "timezone":
            self.zone_box = box = ZoneBox()
            box.setAccessibleName(words)
            box.setMinimumContentsLength(10)
            field = box.lineEdit()
            widget: QWidget = box
        else:
            widget = field = QLineEdit()
        field.setAccessibleName(words)
        field.setClearButtonEnabled(True)
        field.textChanged.connect(self._settle)
        field.returnPressed.connect(self._keep_by_key)
        label.setBuddy(widget)
        self._labels.append(label)
        self.fields[name], self.said[name] = field, said
        for place, part in enumerate((label, widget, said)):
            grid.addWidget(part, row, place)

    def _keep_by_key(self) -> None:
        if self.keep.isEnabled():
            self.keep_wanted.emit()

    def _names(self) -> tuple[str, ...]:
        return tuple(port.name for port in self.ports)

    def _is_touched(self, name: str) -> bool:
        return name in self._shown and self.fields[name].text().strip() != self._shown[name]

    def _settle(self) -> None:
        self.keep.setEnabled(bool(self.ports) and bool(self.touched()) and not getattr(self, "_why_not", ""))
        if len(self.ports) > 1:
            words = translate("Fleet", "Keep for {n} ports").format(n=len(self.ports))
        else:
            words = translate("Fleet", "Keep")
        self.keep.setText(words)
        reason = translate("Fleet", "Change a field first") if self.ports else translate("Fleet", "Choose a port first")
        self.keep.setToolTip("" if self.keep.isEnabled() else getattr(self, "_why_not", "") or reason)

    def _text(self, facts: PortFacts, name: str) -> str:
        value = facts.value(name)
        if value is None:
            return ""
        if name in _MOMENTS and isinstance(value, float):
            return text_there(value, facts.text("timezone") or self._zone)
        return f"{value:g}" if isinstance(value, float) else str(value)

    def _placeholder(self, name: str) -> str:
        if len(self.ports) == 1 and name == "rated_kw" and self.ports[0].rating is not None:
            return f"{self.ports[0].rating.kw:g}"
        if len(self.ports) == 1 and name == "site" and self.ports[0].site:
            return self.ports[0].site
        return {
            "rated_kw": translate("Fleet", "such as 150"), "min_kw": translate("Fleet", "such as 150"),
            "timezone": self._zone, "in_service_from": translate("Fleet", "such as 2026-03-01"),
            "complete_from": translate("Fleet", "such as 2026-01-01"),
            "complete_to": translate("Fleet", "empty: until now"),
        }.get(name, "")  # fmt: skip

    def _source(self, name: str) -> str:
        port = self.ports[0]
        said = said_by(port.facts.words.get(name))
        if said or name not in ("rated_kw", "site"):
            return said
        if name == "site":
            return translate("Fleet", "of the last visit") if port.site else ""
        if port.rating is None:
            return ""
        if port.rating.source == READ:
            return translate("Fleet", "read from the charger")
        return translate("Fleet", "of the profile")


def _number(name: str, text: str) -> object:
    """Return a field's value; a decimal comma is one too."""
    return checked(name, text.replace(",", ".") if name.endswith("_kw") else text)


def _several() -> str:
    return translate("Fleet", "several values")


def refusal(error: InputError) -> str:
    """Return what is wrong with a field in the words of its label."""
    text = str(error)
    for name, words in fact_names().items():
        text = text.replace(name, words) if "_" in name else text.removeprefix(f"{name}:").strip()
    return f"{text} {error.hint}"
