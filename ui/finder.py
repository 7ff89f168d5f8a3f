"""Searches for devices on the I/O thread and tells hits to the window as they come."""

from collections.abc import AsyncIterator
from concurrent.futures import CancelledError, Future

from PySide6.QtCore import QObject, Signal

from evtech.devices.search import Found, Search
from evtech.errors import EvtechError
from evtech.links.targets import parse_target
from evtech.workbench import Workbench
from ui.words import translate

NETWORK_TIMEOUT_S = 0.8
SERIAL_TIMEOUT_S = 0.5


class Finder(QObject):
    """One search at a time."""

    hit = Signal(object)  # Found
    step = Signal(str)
    finished = Signal(str)  # how it ended, in words

    def __init__(self, bench: Workbench) -> None:
        super().__init__()
        self._bench = bench
        self._running: Future[int] | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether a search goes on."""
        return self._running is not None and not self._running.done()

    def look_on_network(self, target: str) -> None:
        """Search hosts; private addresses only."""
        search = Search(self._bench.library, timeout=NETWORK_TIMEOUT_S, progress=self.step.emit)
        self._start(self._network(search, target))

    def look_on_port(self, path: str) -> None:
        """Search a serial line."""
        search = Search(self._bench.library, timeout=SERIAL_TIMEOUT_S, progress=self.step.emit)
        self._start(self._tell(search.serial(path)))

    def cancel(self) -> None:
        """End the search between two steps; what was found stays."""
        if self._running is not None:
            self._running.cancel()

    async def _network(self, search: Search, target: str) -> int:
        import asyncio

        return await self._tell(search.network(await asyncio.to_thread(parse_target, target)))

    async def _tell(self, hits: AsyncIterator[Found]) -> int:
        count = 0
        async for found in hits:
            count += 1
            self.hit.emit(found)
        return count

    def _start(self, work: object) -> None:
        self.cancel()
        self._running = self._bench.io.submit(work)  # type: ignore[arg-type]  # a coroutine of this class
        self._running.add_done_callback(self._end)

    def _end(self, future: "Future[int]") -> None:
        try:
            count = future.result()
        except CancelledError:
            self.finished.emit(translate("Find", "The search was ended."))
        except EvtechError as error:
            self.finished.emit(f"{error} {error.hint}")
        else:
            words = translate("Find", "{n} found.") if count else translate("Find", "Nothing was found.")
            self.finished.emit(words.format(n=count))
