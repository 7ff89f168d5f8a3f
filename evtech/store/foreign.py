"""A session that somebody else wrote down: its types and ranges are checked before it goes into an archive.

What evtech reads from its own archive it trusts; what a file says may be anything.
"""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from evtech.store import session_rows
from evtech.store.records import ChargingSession

EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)
_LONGEST = 100_000  # letters of a text
_MOST = 1e15
_NUMBER, _TEXT, _FLAG = (int, float), (str,), (bool,)
_KINDS: dict[str, tuple[type, ...]] = {
    "id": _TEXT, "visit_id": _TEXT, "recording_id": _TEXT, "charging_s": _NUMBER, "energy_wh": _NUMBER,
    "energy_source": _TEXT, "register_point": _TEXT, "register_start_wh": _NUMBER, "register_end_wh": _NUMBER,
    "apparent_energy_vah": _NUMBER, "session_counter_wh": _NUMBER, "peak_power_w": _NUMBER, "mean_power_w": _NUMBER,
    "stop_reason": _TEXT, "samples": (int,), "simulated": _FLAG, "partial_start": _FLAG, "source": _TEXT,
    "token": _TEXT, "auth_ok": _FLAG, "payment_method": _TEXT, "transaction": _TEXT,
}  # fmt: skip
_NEEDED = ("id", "visit_id", "recording_id", "charging_s", "samples", "simulated", "partial_start")
_TOLD: dict[str, dict[str, tuple[type, ...]]] = {
    "phases": {"phase": _TEXT}, "gaps": {"reason": _TEXT}, "errors": {"code": (str, int), "meaning": _TEXT},
}  # fmt: skip
_LISTS = ("phases", "gaps", "errors", "notes", "earlier_recordings")


def checked_session(data: Mapping[str, Any]) -> ChargingSession:
    """Return the session of foreign JSON values; raise ``ValueError`` saying which one cannot be."""
    for name, kinds in _KINDS.items():
        _check(name, data.get(name), kinds, may_lack=name not in _NEEDED)
    for name in _LISTS:
        if not isinstance(data.get(name, []), list):
            raise ValueError(f"{name} is no list")
    for note in (*data.get("notes", ()), *data.get("earlier_recordings", ())):
        _check("notes", note, _TEXT, may_lack=False)
    for name, words in _TOLD.items():
        for each in data.get(name, ()):
            if not isinstance(each, dict):
                raise ValueError(f"{name} holds something else than {name}")
            for word, kinds in words.items():
                _check(f"{name}.{word}", each.get(word), kinds, may_lack=word == "meaning")
    who = data.get("charger")
    if not isinstance(who, dict):
        raise ValueError("charger is not told")
    for name, value in who.items():
        _check(f"charger.{name}", value, _TEXT)
    try:
        session = session_rows.from_json(dict(data))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it lacks {error}" if isinstance(error, KeyError) else str(error)) from error
    _check_times(session)
    return session


def _check(name: str, value: Any, kinds: tuple[type, ...], may_lack: bool = True) -> None:
    if value is None and may_lack:
        return
    is_flag = isinstance(value, bool)
    if not isinstance(value, kinds) or (is_flag and bool not in kinds):
        raise ValueError(f"{name} is {str(value)[:40]!r}")
    if isinstance(value, str) and len(value) > _LONGEST:
        raise ValueError(f"{name} has {len(value)} letters")
    if not is_flag and isinstance(value, int | float) and not (math.isfinite(value) and abs(value) < _MOST):
        raise ValueError(f"{name} is out of range")


def _check_times(session: ChargingSession) -> None:
    moments = [session.started, session.ended, session.last_seen, session.authorised]
    moments += [m for p in session.phases for m in (p.start, p.end)] + [
        m for g in session.gaps for m in (g.start, g.end)
    ]
    for moment in moments:
        if moment is None:
            continue
        if moment.tzinfo is None:
            raise ValueError(f"the time {moment.isoformat()} has no zone")
        if not EARLIEST <= moment < LATEST:
            raise ValueError(f"the time {moment.isoformat()} cannot be")
    if session.ended is not None and session.ended < session.started:
        raise ValueError("it ends before it begins")
