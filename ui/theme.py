"""Colours and fonts: complete palettes for light, dark and field use, severity colours, phase colours.

Severity uses one axis (after IEC 60073) and nothing else uses its colours; phase curves keep away from red, amber and
green. A test checks the contrast of every pair that is used.
"""

from dataclasses import dataclass

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette

from evtech import paths


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme; colours as #rrggbb."""

    name: str
    window: str
    panel: str
    text: str
    muted: str
    line: str
    accent: str
    accent_text: str
    fault: str
    warning: str
    good: str
    action: str
    neutral: str
    on_severity: str
    phases: tuple[str, str, str]
    scale: float = 1.0  # of the font
    target: int = 28  # least height of what is pressed (px at 100 %); 44 suits a glove


LIGHT = Theme(
    "light", "#f4f5f7", "#ffffff", "#17202a", "#56616d", "#c9cfd6", "#1f4e8c", "#ffffff",
    "#b3261e", "#8a5a00", "#1b6e3c", "#1f4e8c", "#5c6670", "#ffffff", ("#1a3f9c", "#8e44ad", "#1487c4"),
)  # fmt: skip
DARK = Theme(
    "dark", "#15191e", "#1e242b", "#e8ecf0", "#a3adb8", "#3a444f", "#7fb2ff", "#10151b",
    "#ff8a80", "#ffc453", "#7bd88f", "#7fb2ff", "#9aa5b1", "#10151b", ("#6391ff", "#d59bf6", "#7fe0ff"),
)  # fmt: skip
FIELD = Theme(
    "field", "#ffffff", "#ffffff", "#000000", "#303030", "#303030", "#003a80", "#ffffff",
    "#8f0f0a", "#5e3c00", "#0b4d24", "#003a80", "#404040", "#ffffff", ("#0b2f80", "#6a1b9a", "#00608f"), 1.35, 44,
)  # fmt: skip
THEMES = {theme.name: theme for theme in (LIGHT, DARK, FIELD)}


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours (WCAG 2.2, 1.4.3)."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def palette(theme: Theme) -> QPalette:
    """Return a palette with every role set in every group."""
    made = QPalette()
    role, group = QPalette.ColorRole, QPalette.ColorGroup
    table = {
        role.Window: theme.window, role.WindowText: theme.text, role.Base: theme.panel,
        role.AlternateBase: theme.window,
        role.ToolTipBase: theme.panel, role.ToolTipText: theme.text, role.Text: theme.text, role.Button: theme.panel,
        role.ButtonText: theme.text, role.BrightText: theme.fault, role.Link: theme.accent,
        role.LinkVisited: theme.phases[1], role.Highlight: theme.accent, role.HighlightedText: theme.accent_text,
        role.PlaceholderText: theme.muted, role.Light: theme.panel, role.Midlight: theme.line, role.Mid: theme.line,
        role.Dark: theme.muted, role.Shadow: theme.line, role.Accent: theme.accent,
    }  # fmt: skip
    for which, colour in table.items():
        for state in (group.Active, group.Inactive, group.Disabled):
            made.setColor(state, which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText, role.Link, role.LinkVisited):
        made.setColor(group.Disabled, which, QColor(theme.muted))
    for which in (role.Highlight, role.Accent):
        made.setColor(group.Disabled, which, QColor(theme.line))
    made.setColor(group.Disabled, role.HighlightedText, QColor(theme.text))
    return made


def load_fonts() -> str:
    """Load the shipped fonts and return the family; the system's own where they cannot be read."""
    family = ""
    for file in sorted((paths.resources() / "fonts").glob("*.otf")):
        number = QFontDatabase.addApplicationFont(str(file))
        names = QFontDatabase.applicationFontFamilies(number)
        family = family or (names[0] if names else "")
    return family


def base_font(family: str, theme: Theme) -> QFont:
    """Return the application's font for a theme: figures of equal width, so that digits do not jump."""
    font = QFont(family) if family else QFont()
    font.setPointSizeF(10.0 * theme.scale)
    font.setFeature(QFont.Tag("tnum"), 1)
    font.setFeature(QFont.Tag("calt"), 0)  # else the code 0x0010 is drawn with a sign of multiplication
    return font


def severity_colour(theme: Theme, role: str) -> str:
    """Return the colour of a severity role: fault, warning, good, action or neutral."""
    return {"fault": theme.fault, "warning": theme.warning, "good": theme.good, "action": theme.action}.get(
        role, theme.neutral
    )
