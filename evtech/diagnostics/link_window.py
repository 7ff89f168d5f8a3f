"""What the link did in the last minute: counters grow for ever, but a fault of the line is of now."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from evtech.links.link import LinkStatistics

SPAN_S = 60.0
FEWEST_REQUESTS, FEWEST_ERRORS = 30, 3  # fewer prove nothing
_Count = tuple[float, int, int, int, int]


class LinkWindow:
    """Takes the counters now and then, and tells their growth over the newest minute."""

    def __init__(self, statistics: LinkStatistics, kind: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._statistics, self._kind, self._clock = statistics, kind, clock
        self._counts: deque[_Count] = deque()

    def facts(self) -> dict[str, Any]:
        """Return what a diagnosis wants to know of the link (``link`` of the facts), empty while it proves nothing."""
        s = self._statistics
        now: _Count = (self._clock(), s.requests, s.answers, s.timeouts, s.bad_answers)
        self._counts.append(now)
        while now[0] - self._counts[0][0] > SPAN_S:
            self._counts.popleft()
        requests, answers, timeouts, bad = (new - old for new, old in zip(now[1:], self._counts[0][1:], strict=True))
        if requests < FEWEST_REQUESTS or timeouts + bad < FEWEST_ERRORS:
            return {}
        outcome = {
            "condition": "the last minute",
            "requests": requests,
            "ok_pct": 100 * answers / requests,
            "crc_pct": 100 * bad / requests,
            "timeout_pct": 100 * timeouts / requests,
        }
        return {"kind": self._kind, "connected": True, "outcomes": [outcome]}
