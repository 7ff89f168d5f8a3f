"""The evidence of a finding as curves: the samples around its moment, limits drawn, the moment marked."""

import re

import numpy as np
from PySide6.QtWidgets import QVBoxLayout, QWidget

from evtech.diagnostics.excerpt import Excerpt
from evtech.diagnostics.headline import naming
from evtech.measure.quantity import shown
from ui.theme import FIELD, LIGHT, Theme
from ui.widgets.answer import label as wrapping
from ui.widgets.plots import Panel, Plots
from ui.words import translate

MOST_PANELS = 3
_STATES_SHOWN = 6
_MARGIN = 0.08  # of the time shown, for the names at the ends of the curves


class EvidencePlot(QWidget):
    """Plots of one excerpt, or a sentence where there is none."""

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self.plots: Plots | None = None
        self._excerpt: Excerpt | None = None
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self.nothing = wrapping()
        self._box.addWidget(self.nothing)
        self._box.addStretch()

    def apply_theme(self, theme: Theme) -> None:
        """Draw anew in the theme's colours."""
        self.theme = theme
        self.show_excerpt(self._excerpt)

    def show_excerpt(self, excerpt: Excerpt | None) -> None:
        """Show what surrounds a finding."""
        self._excerpt = excerpt
        if self.plots is not None:
            self._box.removeWidget(self.plots)
            self.plots.hide()
            self.plots.deleteLater()
            self.plots = None
        most = MOST_PANELS - (self.theme is FIELD)
        panels = panels_of(excerpt)[:most] if excerpt is not None else []
        self.nothing.setVisible(not panels)
        if excerpt is None or not panels:
            self.nothing.setText(translate("Diagnose", "There is no curve: this was not seen in measured values."))
            return
        self.plots = Plots(set(), panels=panels)
        self.plots.margin = _MARGIN
        self.plots.setMinimumHeight(self.fontMetrics().height() * (5 * len(panels) + 2))
        self.plots.setMaximumHeight(self.fontMetrics().height() * (9 * len(panels) + 2))
        self._box.insertWidget(0, self.plots, 1)
        self.plots.apply_theme(self.theme)
        self.plots.redraw(self._window, excerpt.start, max(excerpt.end, excerpt.start + 1))
        self.plots.show_marks([], [*_changes(excerpt), (excerpt.moment, translate("Diagnose", "▼ here"))])
        self.plots.show_limits(_limits(excerpt, panels))

    def _window(self, name: str, start: float, end: float, pixels: int) -> tuple[np.ndarray, np.ndarray]:
        assert self._excerpt is not None
        return self._excerpt.times, self._excerpt.curves[name]


def panels_of(excerpt: Excerpt) -> list[Panel]:
    """Return at most three plots: what was proven first, then current and voltage."""
    groups: dict[str, list[str]] = {}
    for name in excerpt.curves:
        groups.setdefault(re.sub(r"_l\d$", "", name), []).append(name)
    panels = []
    for group, names in list(groups.items())[:MOST_PANELS]:
        title, unit = naming(names[0])
        _, label = shown(0.0, unit)
        title = naming(group)[0] if len(names) > 1 else title
        ends = tuple(name[-2:].upper() if re.search(r"_l\d$", name) else "" for name in names[:3])
        panels.append(Panel(title, label or "1", 1000 if label.startswith("k") else 1, tuple(names[:3]), ends))
    return panels


def _changes(excerpt: Excerpt) -> list[tuple[float, str]]:
    """Return the changes of the pilot state, unless there are so many that they hide the curve."""
    changes = [(at, word) for at, word in excerpt.states if at > excerpt.start and abs(at - excerpt.moment) > 1.5]
    return changes if len(changes) <= _STATES_SHOWN else []


def _limits(excerpt: Excerpt, panels: list[Panel]) -> list[tuple[float, ...]]:
    found = []
    for panel in panels:
        values = [v / panel.divisor for name in panel.points for v in excerpt.limits.get(name, ())]
        found.append(tuple(dict.fromkeys(values)))
    return found
