"""Rare facts that are sent at once: link lost, state changed, alarm raised.

A stream of values never comes this way; it sits in buffers that a view reads on its own timer.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """The events of the contract (``monitor`` lines in the manual)."""

    STATE_CHANGED = "state_changed"
    SESSION_STARTED = "session_started"
    SESSION_ENDED = "session_ended"
    ALARM_RAISED = "alarm_raised"
    ALARM_CLEARED = "alarm_cleared"
    LINK_LOST = "link_lost"
    LINK_RESTORED = "link_restored"
    NOTE = "note"
    FINDING_RAISED = "finding_raised"
    FINDING_CLEARED = "finding_cleared"
    CONTROL = "control"  # armed, disarmed, written, restored or not
    RETESTED = "retested"


@dataclass(frozen=True, slots=True)
class Event:
    """One fact at one moment (UTC), with what belongs to it."""

    time: datetime
    kind: EventKind
    details: Mapping[str, Any] = field(default_factory=dict)  # JSON values: the details differ by kind


EventListener = Callable[[Event], None]
