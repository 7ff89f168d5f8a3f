"""The header: which charger it is, what it does and for how long, and how many problems stand."""

import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QIcon
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from evtech.workbench import Connection
from ui.theme import LIGHT, Theme
from ui.widgets.badge import Badge, shape_icon
from ui.words import duration, phase_role, phase_word, translate


class Header(QWidget):
    """One line above the pages."""

    diagnose_wanted = Signal()
    disarm_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.theme = LIGHT
        self._standing: list[tuple[str, str]] = []
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 14, 6)
        row.setSpacing(18)
        self.identity = QLabel(translate("Header", "No charger connected"))
        self.identity.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.identity.setWordWrap(True)
        self.badge = Badge()
        self.problems = QToolButton()
        self.problems.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.problems.setAutoRaise(True)
        self.menu = QMenu(self)
        self.problems.clicked.connect(self._open_menu)
        self.problems.setToolTip(translate("Header", "Lists what is wrong now and what to do"))
        row.addWidget(self.identity, 1)
        self.armed = QToolButton()
        self.armed.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.armed.setToolTip(translate("Header", "Ends the arming and puts back what was changed (Ctrl+Shift+D)"))
        self.armed.clicked.connect(self.disarm_wanted)
        row.addWidget(self.badge)
        row.addWidget(self.armed)
        row.addWidget(self.problems)

    def apply_theme(self, theme: Theme) -> None:
        """Use the theme's colours."""
        self.theme = self.badge.theme = theme
        self._standing = [("", "")]  # so that the icon is drawn anew
        self.badge.updateGeometry()

    def refresh(self, connection: Connection | None) -> None:
        """Show a connection as it is now."""
        self.badge.setVisible(connection is not None)
        self._refresh_armed(connection)
        self.problems.setVisible(connection is not None)
        if connection is None:
            self.identity.setText(translate("Header", "No charger connected"))
            return
        self.identity.setText(_identity(connection))
        self._refresh_problems(connection)
        self._refresh_badge(connection)

    def _refresh_armed(self, connection: Connection | None) -> None:
        """Show on every page that somebody can write, or that something could not be put back."""
        arming = connection.desk.arming if connection is not None and connection.desk is not None else None
        state = arming.state if arming is not None else None
        self.armed.setVisible(state is not None and (state.is_armed or state.is_loud))
        if arming is None or state is None:
            return
        role = "fault" if state.is_loud else "action"
        left = int(arming.left())
        words = translate("Header", "ARMED {m}:{s:02d}, disarm").format(m=left // 60, s=left % 60)
        self.armed.setText(translate("Header", "NOT PUT BACK") if state.is_loud else words)
        self.armed.setIcon(shape_icon(role, self.theme))

    def _open_menu(self) -> None:
        self.menu.popup(self.problems.mapToGlobal(self.problems.rect().bottomLeft()))

    def _refresh_problems(self, connection: Connection) -> None:
        standing = _standing(connection)
        if (problem := connection.problem) is not None:
            standing.insert(0, (f"{problem} {problem.hint}".strip(), "fault"))
        if standing == self._standing:
            return
        self._standing = standing
        self.menu.clear()
        for text, severity in standing or [(translate("Header", "Nothing is wrong."), "")]:
            self.menu.addAction(QAction(shape_icon(_role(severity), self.theme), text, self.menu))
        self.menu.addSeparator()
        self.menu.addAction(translate("Header", "Open Diagnose"), self.diagnose_wanted.emit)
        count = len(standing)
        if count == 0:
            words = translate("Header", "No problem")
        elif count == 1:
            words = translate("Header", "1 problem")
        else:
            words = translate("Header", "{n} problems").format(n=count)
        worst = "fault" if any(_role(s) == "fault" for _, s in standing) else "warning"
        self.problems.setText(words)
        self.problems.setIcon(shape_icon(worst, self.theme) if count else QIcon())
        self.problems.setAccessibleName(words)

    def _refresh_badge(self, connection: Connection) -> None:
        session, reading = connection.session, connection.latest
        if connection.problem is not None:
            self.badge.show_state("stale", translate("Header", "NO ANSWER, connecting again"))
        elif session is not None and session.phases:
            phase = session.phases[-1]
            lasted = time.time() - phase.start.timestamp()
            pilot = (reading.state.pilot if reading and reading.state else None) or ""
            self.badge.show_state(phase_role(phase.phase), f"{pilot}  {phase_word(phase.phase)}  {duration(lasted)}")
        elif reading is not None and reading.state is not None:
            state = reading.state
            word = phase_word(state.phase.value)
            self.badge.show_state(phase_role(state.phase.value), f"{state.pilot or ''}  {word}")
        else:
            self.badge.show_state("neutral", translate("Header", "Meter"))


def _standing(connection: Connection) -> list[tuple[str, str]]:
    """Return what stands now with its severity: findings, and alarms that no finding speaks of."""
    problems = connection.desk.watch.outlook.standing if connection.desk else ()
    found = []
    for problem in problems:
        where = f" ({problem.finding.phase})" if problem.finding.phase else ""
        found.append((problem.finding.fault.title + where, problem.finding.fault.severity))
    points = {proof.point for problem in problems for proof in problem.finding.proofs}
    for key, alarm in connection.alarms.standing.items():
        covered = "error_code" in points if key.startswith("fault_") else bool(points & {"voltage", key[:10]})
        if not covered:
            found.append((alarm.text, alarm.severity))
    return found


def _identity(connection: Connection) -> str:
    who = connection.identity
    unknown = translate("Header", "unknown")
    return translate("Header", "<b>{name}</b> · SN {serial} · fw {firmware}").format(
        name=f"{who.vendor} {who.model}",
        serial=who.serial_number or unknown,
        firmware=who.firmware_version or unknown,
    )


def _role(severity: str) -> str:
    return "fault" if severity in ("fault", "critical") else "warning" if severity == "warning" else "neutral"
