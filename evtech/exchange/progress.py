"""How far a long import is, and whether it may go on: both are asked for every few thousand rows."""

import threading
import time
from collections.abc import Callable

from evtech.errors import EvtechError

Tell = Callable[[str, int, int], None]  # what is done, how much of it, of how much
LOOKING, READING, WRITING = "looking", "reading", "writing"
_PAUSE_S = 0.1


class GivenUpError(EvtechError):
    """Somebody gave up an import; nothing of the file was kept."""

    exit_code = 130


class Progress:
    """Tells how far a piece of work is, at most ten times a second, and ends it when ``stop`` is set."""

    def __init__(self, tell: Tell = lambda what, done, total: None, stop: threading.Event | None = None) -> None:
        self._tell = tell
        self._stop = stop
        self._told = ("", 0.0)

    def step(self, what: str, done: int, total: int) -> None:
        """Say how much is done; raise ``GivenUpError`` where it is to end."""
        if self._stop is not None and self._stop.is_set():
            raise GivenUpError("The import was given up; nothing of the file was kept.", "")
        now = time.monotonic()
        if what != self._told[0] or now - self._told[1] >= _PAUSE_S or done >= total:
            self._told = (what, now)
            self._tell(what, done, total)
