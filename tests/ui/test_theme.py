"""Themes are complete palettes with enough contrast, and field mode is for gloves and sun."""

import pytest
from PySide6.QtGui import QFontMetrics, QPalette
from PySide6.QtWidgets import QAbstractButton, QAbstractSpinBox, QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from ui.main_window import MainWindow
from ui.theme import FIELD, LIGHT, THEMES, Theme, contrast, palette
from ui.widgets.tile import FIELD_DIGITS_MM

ALL = pytest.mark.parametrize("theme", THEMES.values(), ids=lambda theme: theme.name)
PRESSED = (QAbstractButton, QComboBox, QLineEdit, QAbstractSpinBox)


@ALL
def test_every_role_is_set_in_every_group(theme: Theme) -> None:
    made = palette(theme)

    for role in QPalette.ColorRole:
        if role not in (QPalette.ColorRole.NoRole, QPalette.ColorRole.NColorRoles):
            for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive, QPalette.ColorGroup.Disabled):
                assert made.isBrushSet(group, role), (group, role)


@ALL
def test_text_can_be_read_in_every_group(theme: Theme) -> None:
    least = 7.0 if theme is FIELD else 4.5
    role, made = QPalette.ColorRole, palette(theme)
    pairs = [
        (role.WindowText, role.Window), (role.Text, role.Base), (role.Text, role.AlternateBase),
        (role.ButtonText, role.Button), (role.HighlightedText, role.Highlight), (role.ToolTipText, role.ToolTipBase),
        (role.PlaceholderText, role.Base), (role.PlaceholderText, role.Window), (role.Link, role.Window),
    ]  # fmt: skip
    for group in (QPalette.ColorGroup.Active, QPalette.ColorGroup.Inactive):
        for text, ground in pairs:
            found = contrast(made.color(group, text).name(), made.color(group, ground).name())
            assert found >= least, (theme.name, text, ground, found)


@ALL
def test_phases_are_told_apart_by_lightness_too(theme: Theme) -> None:
    first, _, third = theme.phases

    assert contrast(first, third) >= 1.5


def _pressed(root: QWidget) -> list[QWidget]:
    found = [w for w in root.findChildren(QWidget) if isinstance(w, PRESSED) and w.isVisible()]
    return [w for w in found if not isinstance(w.parentWidget(), PRESSED) and "qt_" not in w.objectName()]


def test_field_mode_suits_gloves_and_sun(window: MainWindow, qtbot: QtBot) -> None:
    window.connect_page.demo_button.click()
    qtbot.waitUntil(lambda: window.connection is not None, timeout=8000)
    window.apply_theme(FIELD)

    for row in range(window.rail.count()):
        window.rail.setCurrentRow(row)
        for widget in _pressed(window.page):
            assert widget.minimumHeight() >= 44, widget
        assert window.rail.visualItemRect(window.rail.item(row)).height() >= 44
    tile = window.live_page.tiles["current_l1"]
    dots_a_mm = max(tile.logicalDpiY(), 1) / 25.4
    assert QFontMetrics(tile.digit_font()).tightBoundingRect("0").height() >= FIELD_DIGITS_MM * dots_a_mm - 1

    window.apply_theme(LIGHT)
    assert window.live_page.plots is not None
    assert window.live_page.plots.theme is LIGHT


def test_everything_that_takes_the_focus_has_a_name(window: MainWindow, qtbot: QtBot) -> None:
    window.connect_page.demo_button.click()
    qtbot.waitUntil(lambda: window.connection is not None, timeout=8000)

    for row in range(window.rail.count()):
        window.rail.setCurrentRow(row)
        for widget in _pressed(window.page):
            assert widget.accessibleName() or getattr(widget, "text", str)(), widget
    assert window.rail.accessibleName()
    assert window.sessions_page.table.accessibleName()
    assert window.live_page.plots is not None
    assert window.live_page.plots.accessibleName()


def test_pages_fit_a_small_laptop(window: MainWindow, qtbot: QtBot) -> None:
    window.connect_page.demo_button.click()
    qtbot.waitUntil(lambda: window.connection is not None, timeout=8000)
    window.resize(1366, 768)

    for row in range(window.rail.count()):
        window.rail.setCurrentRow(row)
        area = window.pages.currentWidget()
        qtbot.waitUntil(lambda area=area: not area.verticalScrollBar().isVisible(), timeout=2000)
        assert not area.horizontalScrollBar().isVisible()
    assert window.minimumSizeHint().width() <= 683  # 200 % on the same screen
