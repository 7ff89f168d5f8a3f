"""Where a command's words go: JSON alone on standard output, everything for people on standard error.

Without ``--json`` the result itself is for people and goes to standard output.
"""

import json
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from evtech.errors import EvtechError


def iso(moment: datetime | None) -> str | None:
    """Return a moment as ISO 8601 in UTC with milliseconds and ``Z``; ``None`` stays ``None``."""
    if moment is None:
        return None
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class Output:
    """Writes one command's results."""

    def __init__(self, as_json: bool, verbose: bool, stream: TextIO | None = None) -> None:
        self.as_json = as_json
        self.verbose = verbose
        self._stream = stream or sys.stdout

    def result(self, data: dict[str, Any], text: str) -> None:
        """Write the one result of a command: the object, or ``text`` for people."""
        self._write(json.dumps(data, ensure_ascii=False, indent=None) if self.as_json else text)

    def line(self, data: dict[str, Any], text: str) -> None:
        """Write one line of a stream and flush it."""
        self.result(data, text)

    def say(self, text: str) -> None:
        """Tell a person something that is not the result."""
        print(text, file=sys.stderr)  # noqa: T201

    def detail(self, text: str) -> None:
        """Tell a person more, with ``-v``."""
        if self.verbose:
            self.say(text)

    def error(self, error: EvtechError) -> None:
        """Say what failed and what to do."""
        self.say(f"evtech: {error}")
        if error.hint:
            self.say(f"  {error.hint}")

    def _write(self, text: str) -> None:
        self._stream.write(text + "\n")
        self._stream.flush()
