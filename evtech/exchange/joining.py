"""Puts a transaction together of which one file holds the beginning and another the end.

Logs are cut at midnight or by size, not at the end of a session. Each part is kept as its file tells it; the whole is a
session of its own, and the parts are left out of sums.
"""

from dataclasses import replace
from datetime import timedelta

from evtech.exchange.incoming import Incoming, made_id
from evtech.store.archive import Archive
from evtech.store.imports import unfinished
from evtech.store.records import ChargingSession
from evtech.store.session_rows import from_text

LONGEST = timedelta(days=30)  # between two parts; a number may come again after a back office was set up anew


class Parts:
    """The parts of transactions that an archive holds, by station and the source's number; looked for when needed."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._parts: dict[tuple[str, str], list[ChargingSession]] | None = None

    def _known(self) -> dict[tuple[str, str], list[ChargingSession]]:
        if self._parts is None:
            self._parts = {}
            with self._archive.reading() as connection:
                bodies = unfinished(connection, "ocpp")
            for session in map(from_text, bodies):
                if session.transaction is not None:
                    self._parts.setdefault((session.charger.model, session.transaction), []).append(session)
        return self._parts

    def counterpart(self, item: Incoming) -> ChargingSession | None:
        """Return the part that an incoming one lacks: its beginning, else its end."""
        session = item.session
        for other in self._known().get((session.charger.model, str(session.transaction)), ()):
            is_first = item.open_start and other.ended is None and other.started <= session.started
            is_last = item.open_end and other.partial_start and other.started >= session.started
            if (is_first or is_last) and abs(other.started - session.started) <= LONGEST and other.id != session.id:
                return other
        return None


def joined(one: ChargingSession, other: ChargingSession) -> ChargingSession:
    """Return the session of which two parts are known, in a recording of the later part."""
    first, last = sorted((one, other), key=lambda s: (s.started, s.ended is not None))
    start = first.register_start_wh
    end = last.register_end_wh if last.register_end_wh is not None else first.register_end_wh
    energy = end - start if start is not None and end is not None and end >= start else None
    peaks = [p for p in (first.peak_power_w, last.peak_power_w) if p is not None]
    charging_s = first.charging_s + last.charging_s
    return replace(
        last,
        id=made_id("joined", first.charger.model, first.transaction, first.started.isoformat(),
                   (last.ended or last.last_seen or last.started).isoformat()),
        charger=first.charger if first.charger.serial_number else last.charger,
        started=first.started, partial_start=first.partial_start, charging_s=charging_s,
        energy_wh=energy, energy_source="register_difference" if energy is not None else None,
        register_point=first.register_point or last.register_point, register_start_wh=start, register_end_wh=end,
        peak_power_w=max(peaks, default=None),
        mean_power_w=energy * 3600 / charging_s if energy and charging_s else None,
        phases=(*first.phases, *last.phases), gaps=(*first.gaps, *last.gaps),
        errors=(*first.errors, *last.errors), notes=tuple(dict.fromkeys((*first.notes, *last.notes))),
        samples=first.samples + last.samples,
        earlier_recordings=(*first.earlier_recordings, first.recording_id, *last.earlier_recordings),
        token=first.token or last.token, authorised=first.authorised or last.authorised,
        auth_ok=first.auth_ok if first.auth_ok is not None else last.auth_ok,
        payment_method=first.payment_method or last.payment_method,
    )  # fmt: skip
