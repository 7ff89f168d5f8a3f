"""The buttons of a calibration: which of them are there depends on how far it is."""

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QWidget

from evtech.calibration.calibrator import Calibration
from evtech.calibration.procedure import Step
from ui.widgets.dress import LargeButton
from ui.words import translate


class CalibrationButtons(QWidget):
    """One row; at any time one of them is the primary one."""

    def __init__(self) -> None:
        super().__init__()
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self.connect_first = self._button(translate("Calibrate", "Connect to a charger"), primary=True)
        self.start = self._button(translate("Calibrate", "Start the calibration"), primary=True)
        self.report = self._button(translate("Calibrate", "Report as PDF…"), primary=True)
        self.accept = self._button(translate("Calibrate", "Measure at this load"), primary=True)
        self.pause = self._button(translate("Calibrate", "Pause"))
        self.skip = self._button(translate("Calibrate", "Leave this load point"))
        self.stop = self._button(translate("Calibrate", "Stop"))
        self.again = self._button(translate("Calibrate", "Adjusted: measure again"))
        self.new = self._button(translate("Calibrate", "New calibration"))
        self._row.addStretch()

    def on_click(self, acts: dict[LargeButton, Callable[[], object]]) -> None:
        """Say what each button does."""
        for button, act in acts.items():
            button.clicked.connect(lambda _=False, act=act: act())

    def show_for(self, calibration: Calibration | None, *, is_connected: bool) -> None:
        """Show the buttons that make sense now."""
        snapshot = calibration.snapshot if calibration is not None else None
        is_done = calibration is not None and calibration.outcome is not None
        is_over = is_done or (calibration is not None and calibration.failure is not None)
        runs = calibration is not None and not is_over
        paused = snapshot is not None and snapshot.paused
        is_off = snapshot is not None and snapshot.step is Step.LOAD and not paused
        flows = is_off and snapshot is not None and snapshot.load is not None and snapshot.load.flows is True
        self.pause.setText(translate("Calibrate", "Go on") if paused else translate("Calibrate", "Pause"))
        shown = {
            self.connect_first: not is_connected and calibration is None,
            self.start: is_connected and calibration is None,
            self.report: is_done,
            self.accept: runs and flows,
            self.pause: runs,
            self.skip: runs,
            self.stop: runs,
            self.again: is_done and is_connected,
            self.new: is_over,
        }
        for button, visible in shown.items():
            button.setVisible(bool(visible))

    def _button(self, text: str, *, primary: bool = False) -> LargeButton:
        button = LargeButton(text, primary=primary)
        self._row.addWidget(button)
        return button
