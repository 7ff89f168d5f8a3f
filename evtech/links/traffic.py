"""The newest frames on a link, for the traffic view and for export."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

KEPT_FRAMES = 2000


@dataclass(frozen=True, slots=True)
class Frame:
    """Bytes as they went over the wire; ``note`` says why received bytes were not taken as an answer."""

    time: datetime
    sent: bool
    data: bytes
    note: str = ""


class Traffic:
    """A bounded list of frames, oldest first; appending is cheap enough for every exchange."""

    def __init__(self, kept: int = KEPT_FRAMES) -> None:
        self._frames: deque[Frame] = deque(maxlen=kept)
        self.tap: Callable[[Frame], None] | None = None  # hears each frame, on the thread of the wire; returns at once

    def add(self, sent: bool, data: bytes, note: str = "") -> None:
        """Keep one frame, stamped now."""
        frame = Frame(datetime.now(UTC), sent, data, note)
        self._frames.append(frame)
        if self.tap is not None:
            self.tap(frame)

    def frames(self) -> list[Frame]:
        """Return the kept frames, oldest first."""
        return list(self._frames)
