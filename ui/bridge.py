"""The one place that knows both the I/O thread and Qt: futures and events become signals on the GUI thread."""

import logging
from collections.abc import Callable, Coroutine
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Any

from PySide6.QtCore import QObject, Signal

from evtech.errors import EvtechError
from evtech.events import Event
from evtech.workbench import CheckStep, Connection, Workbench

log = logging.getLogger("evtech.ui")


class Bridge(QObject):
    """Sends commands down to the workbench and brings back what happened."""

    step = Signal(object)  # CheckStep
    connected = Signal(object)  # Connection
    failed = Signal(object)  # EvtechError
    disconnected = Signal()
    event = Signal(object)  # Event
    finished_work = Signal(object, object)  # callback, result or error

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self.bench = bench
        self._connecting: Future[Connection] | None = None
        self.finished_work.connect(self._hand_over)

    def connect_to(self, address: str, profile: str | None) -> None:
        """Connect step by step; ``connected`` or ``failed`` follows."""
        self._await(self.bench.check(address, profile, self._report))

    def demo(self) -> None:
        """Connect to the simulated charger."""
        self._report(CheckStep("demo", "running", "Starting the simulated charger"))
        self._await(self.bench.demo())

    def cancel(self) -> None:
        """Give up connecting."""
        if self._connecting is not None:
            self._connecting.cancel()

    def disconnect_from(self, connection: Connection) -> None:
        """Stop watching."""
        self.bench.disconnect(connection).add_done_callback(lambda future: self.disconnected.emit())

    def work(self, task: Callable[[], Any], then: Callable[[Any], None]) -> None:
        """Run a query or an export on a worker thread; ``then`` gets its result or its error on the GUI thread."""
        from PySide6.QtCore import QThreadPool

        def run() -> None:
            try:
                result: Any = task()
            except EvtechError as error:
                result = error
            except Exception as error:  # a bug of ours: the page must not wait for ever
                log.exception("work for a page failed")
                result = _as_failure(error)
            self._give_back(then, result)

        QThreadPool.globalInstance().start(run)

    def run(self, coroutine: Coroutine[Any, Any, Any], then: Callable[[Any], None]) -> None:
        """Run a coroutine on the I/O loop; ``then`` gets its result or its error on the GUI thread."""

        def settled(future: "Future[Any]") -> None:
            try:
                result: Any = future.result()
            except EvtechError as error:
                result = error
            except CancelledError:
                return
            self._give_back(then, result)

        self.bench.io.submit(coroutine).add_done_callback(settled)

    def tell(self, act: Callable[[], object]) -> None:
        """Let something short happen on the I/O loop."""
        self.bench.io.loop.call_soon_threadsafe(act)

    def _await(self, future: "Future[Connection]") -> None:
        self._connecting = future
        future.add_done_callback(self._settled)

    def _settled(self, future: "Future[Connection]") -> None:
        try:
            connection = future.result()
        except CancelledError:
            self.failed.emit(None)
        except EvtechError as error:
            self.failed.emit(error)
        except Exception as error:  # a bug of ours: the page must not wait for ever
            log.exception("connecting failed")
            self.failed.emit(_as_failure(error))
        else:
            connection.subscribe(self._pass_on)
            self.bench.open_desk(connection)
            self.connected.emit(connection)

    def _report(self, step: CheckStep) -> None:
        self.step.emit(step)

    def _pass_on(self, event: Event) -> None:
        self.event.emit(event)

    def _give_back(self, then: Callable[[Any], None], result: object) -> None:
        """Send a result to the GUI thread, if there is still a window to show it."""
        with suppress(RuntimeError):  # Qt's object is gone: the window was closed while this ran
            self.finished_work.emit(then, result)

    def _hand_over(self, then: Callable[[Any], None], result: object) -> None:
        then(result)


def _as_failure(error: Exception) -> EvtechError:
    return EvtechError(f"evtech itself failed: {type(error).__name__}: {error}.", "The log (Ctrl+L) has the details.")
