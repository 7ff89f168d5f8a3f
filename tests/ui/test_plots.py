"""Curves: clock times at the axis, words of marks that cover nothing, cursors that are moved by keys."""

from datetime import datetime

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from ui.widgets.cursor_box import CursorBox
from ui.widgets.plots import Plots

START = 1_772_366_400.0 + 149


@pytest.fixture
def plots(qtbot: QtBot) -> Plots:
    made = Plots({"voltage_l1", "voltage_l2", "voltage_l3", "power_total"})
    qtbot.addWidget(made)
    made.resize(700, 320)
    made.show()
    return made


def draw(plots: Plots, seconds: float) -> None:
    times = np.linspace(START, START + seconds, 50)
    plots.redraw(lambda name, start, end, pixels: (times, np.full(50, 230.0)), START, START + seconds)


@pytest.mark.parametrize("seconds", [40.0, 700.0, 7000.0, 90_000.0])
def test_the_axis_has_times_as_a_clock_has_them(plots: Plots, seconds: float) -> None:
    draw(plots, seconds)
    axis = plots._plots[-1].getAxis("bottom")

    ((step, offset),) = axis.tickSpacing(START, START + seconds, 600)

    assert 2 <= seconds / step <= 12
    first = datetime.fromtimestamp(np.ceil((START - offset) / step) * step + offset)  # noqa: DTZ006
    assert (first.hour * 3600 + first.minute * 60 + first.second) % step == 0
    assert first.microsecond == 0


def test_words_of_marks_cover_neither_each_other_nor_the_names_of_the_curves(plots: Plots) -> None:
    draw(plots, 1000.0)
    plots.show_marks([(START + 300, START + 310)], [(START, "B2"), (START + 1, "C2"), (START + 999, "A1")])

    shown = [(item.pos().x(), item.pos().y(), pixels) for item, _, pixels in plots._labels if item.isVisible()]
    assert len(shown) == 4
    plot = plots._plots[0]
    (left, right), _ = plot.viewRange()
    a_pixel = (right - left) / plot.vb.width()
    assert all(x >= left for x, _, _ in shown)
    for number, (x, y, pixels) in enumerate(shown):
        assert not any(y == v and x < u + p * a_pixel and u < x + pixels * a_pixel for u, v, p in shown[:number])
    last_x, _, pixels = shown[-1]
    assert last_x + pixels * a_pixel <= START + 1000.0


def test_the_names_of_the_curves_stay_in_the_picture(plots: Plots) -> None:
    draw(plots, 1000.0)
    plot = plots._plots[0]
    (left, right), _ = plot.viewRange()
    name = plots.fontMetrics().horizontalAdvance("L1")

    assert (right - (START + 1000.0)) * plot.vb.width() / (right - left) >= name


def test_keys_choose_and_move_a_cursor(qtbot: QtBot) -> None:
    box = CursorBox()
    qtbot.addWidget(box)
    said: list[tuple[str, float]] = []
    box.chosen.connect(lambda index: said.append(("chosen", index)))
    box.moved.connect(lambda share: said.append(("moved", share)))
    box.put.connect(lambda share: said.append(("put", share)))

    for key in (Qt.Key.Key_B, Qt.Key.Key_Left, Qt.Key.Key_End):
        qtbot.keyClick(box, key)
    qtbot.keyClick(box, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)

    assert said == [("chosen", 1), ("moved", -0.005), ("put", 1.0), ("moved", 0.05)]


def test_what_is_drawn_before_it_is_laid_out_begins_where_it_should(qtbot: QtBot) -> None:
    plots = Plots({"voltage_l1", "voltage_l2", "voltage_l3", "power_total"})
    qtbot.addWidget(plots)
    draw(plots, 40.0)
    plots.resize(700, 320)
    plots.show()

    def begins() -> bool:
        return all(abs(plot.viewRange()[0][0] - START) < 0.01 for plot in plots._plots)

    qtbot.waitUntil(begins, timeout=3000)
    (_, right), _ = plots._plots[0].viewRange()
    assert right - START < 40.0 * 1.2
