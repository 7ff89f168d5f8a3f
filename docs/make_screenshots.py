"""Renders the pictures of the README from the demo: ``QT_QPA_PLATFORM=offscreen python docs/make_screenshots.py``."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication

sys.path.insert(0, str(Path(__file__).parents[1]))

from evtech.workbench import Workbench
from tests.bench.year_archive import fill
from ui.app import make_application
from ui.main_window import MainWindow
from ui.theme import DARK, LIGHT, load_fonts

TARGET = Path(__file__).parent / "screenshots"


def spin(application: QApplication, seconds: float) -> None:
    """Let the window work for some seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        application.processEvents()
        time.sleep(0.005)


def main() -> None:
    """Walk through the pages and save each."""
    application = make_application()
    TARGET.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        QSettings.setDefaultFormat(QSettings.Format.IniFormat)
        QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, folder)
        bench = Workbench(f"{folder}/demo.evtech")
        window = MainWindow(bench, load_fonts())
        window.show()
        window.connect_page.form.host.setText("127.0.0.1")
        window.connect_page.form.tcp_port.setValue(9)
        window.connect_page.connect_button.click()
        spin(application, 1.0)
        window.grab().save(str(TARGET / "connect.png"))
        window.start_demo()
        spin(application, 40)
        window.grab().save(str(TARGET / "live.png"))
        window.apply_theme(DARK)
        spin(application, 1.0)
        window.grab().save(str(TARGET / "live-dark.png"))
        window.apply_theme(LIGHT)
        assert window.connection is not None
        window.connection.device.link.simulation.behaviour.vehicle.connected = False
        spin(application, 2.0)
        window.rail.go("sessions")
        spin(application, 2.0)
        window.grab().save(str(TARGET / "sessions.png"))
        from evtech.reports.session import write_session_report

        session = bench.archive.sessions()[0]
        write_session_report(bench.archive, session.id, pdf=Path(folder) / "report.pdf")
        words = ["pdftoppm", "-png", "-r", "80", "-singlefile", f"{folder}/report.pdf", str(TARGET / "report")]
        subprocess.run(words, check=True)  # of poppler-utils
        window.go("billing")
        window.task_page("billing").try_example()
        spin(application, 3.0)
        window.grab().save(str(TARGET / "billing.png"))
        window.bridge.connect_to("demo:evtech-trainer?scenario=welded-l2&speed=4", None)
        spin(application, 25)
        window.go("diagnose")
        spin(application, 2.0)
        window.task_page("diagnose").answer.button.click()
        spin(application, 3.0)
        window.grab().save(str(TARGET / "diagnose.png"))
        window.start_demo()
        spin(application, 4.0)
        window.go("calibrate")
        window.task_page("calibrate").start()
        spin(application, 32)
        window.grab().save(str(TARGET / "calibrate.png"))
        window.close()
        show_insights(application, Path(folder))


def show_insights(application: QApplication, folder: Path) -> None:
    """Save the page of insights over an archive of one site's first quarter."""
    file = folder / "fleet.evtech"
    fill(file, sessions=1800, days=90, ports=6)
    window = MainWindow(Workbench(str(file)), load_fonts())
    window.show()
    window.go("insights")
    page = window.task_page("insights")
    page.period.show_month(2025, 3)
    page.load()
    spin(application, 5.0)
    window.grab().save(str(TARGET / "insights.png"))
    window.close()


if __name__ == "__main__":
    main()
