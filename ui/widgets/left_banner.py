"""Says that a calibration was not finished, and offers to go on with it or to leave it."""

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton

from evtech.calibration.journal import Unfinished
from ui.words import local_time, translate


class LeftBanner(QFrame):
    """Going on needs the charger; leaving does not."""

    go_on_wanted = Signal()
    leave_wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        row = QHBoxLayout(self)
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.resume = QPushButton(translate("Calibrate", "Go on"))
        self.resume.clicked.connect(self.go_on_wanted)
        leave = QPushButton(translate("Calibrate", "Leave it"))
        leave.clicked.connect(self.leave_wanted)
        row.addWidget(self.words, 1)
        row.addWidget(self.resume)
        row.addWidget(leave)

    def show_left(self, left: Unfinished | None, *, is_connected: bool) -> None:
        """Show what was left, or with ``None`` nothing."""
        self.setVisible(left is not None)
        if left is None:
            return
        from evtech.calibration.journal import title_of

        words = translate("Calibrate", "{what} was not finished: {n} runs are kept, the last of {when}.")
        if not is_connected:
            words += " " + translate("Calibrate", "Connect to the charger to go on.")
        self.words.setText(
            words.format(what=title_of(left.record), n=left.finished_runs, when=local_time(left.at))
        )  # fmt: skip
        self.resume.setEnabled(is_connected)
        why = translate("Calibrate", "Connect to the charger first")
        self.resume.setToolTip("" if is_connected else why)
