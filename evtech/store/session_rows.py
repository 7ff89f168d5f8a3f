"""Charging sessions to and from JSON: in the archive, on the command line, in exports."""

import json
from dataclasses import fields
from datetime import UTC, datetime
from typing import Any

from evtech.errors import ArchiveError
from evtech.measure.sample import ChargerIdentity
from evtech.store.records import ChargingSession, Gap, PhaseSpan

_MOMENTS = ("started", "ended", "last_seen", "authorised")
_NAMES = tuple(f.name for f in fields(ChargingSession))
_WHO = tuple(f.name for f in fields(ChargerIdentity))


def iso(moment: datetime | None) -> str | None:
    """Return a moment as ISO 8601 in UTC with milliseconds."""
    if moment is None:
        return None
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return moment.isoformat(timespec="milliseconds")[:-6] + "Z"


def to_json(session: ChargingSession) -> dict[str, Any]:
    """Return a session as JSON values; ``from_json`` is its inverse (to the millisecond)."""
    data: dict[str, Any] = {name: getattr(session, name) for name in _NAMES}
    for name in _MOMENTS:
        data[name] = iso(data[name])
    data["charger"] = {name: getattr(session.charger, name) for name in _WHO}
    data["phases"] = [{"phase": p.phase, "from": iso(p.start), "to": iso(p.end)} for p in session.phases]
    data["gaps"] = [{"from": iso(g.start), "to": iso(g.end), "reason": g.reason} for g in session.gaps]
    data["errors"] = list(session.errors)
    data["notes"] = list(session.notes)
    return data


def from_json(data: dict[str, Any]) -> ChargingSession:
    """Return the session that ``to_json`` wrote."""
    values = {name: data[name] for name in _NAMES if name in data}
    values["started"] = datetime.fromisoformat(data["started"])
    for name in _MOMENTS[1:]:
        values[name] = datetime.fromisoformat(data[name]) if data.get(name) else None
    values["earlier_recordings"] = tuple(data.get("earlier_recordings", ()))
    values["charger"] = ChargerIdentity(**data["charger"])
    values["phases"] = tuple(
        PhaseSpan(p["phase"], datetime.fromisoformat(p["from"]), datetime.fromisoformat(p["to"]) if p["to"] else None)
        for p in data["phases"]
    )
    values["gaps"] = tuple(
        Gap(datetime.fromisoformat(g["from"]), datetime.fromisoformat(g["to"]), g["reason"]) for g in data["gaps"]
    )
    values["errors"], values["notes"] = tuple(data["errors"]), tuple(data["notes"])
    return ChargingSession(**values)


def from_text(body: str) -> ChargingSession:
    """Return the session in a row's text; raise ``ArchiveError`` where the row is damaged."""
    try:
        return from_json(json.loads(body))
    except (ValueError, KeyError, TypeError) as error:
        raise ArchiveError(
            f"A session's row is damaged: {error}.", "`evtech archive check` lists what is; restore a backup."
        ) from error


def contract(session: ChargingSession) -> dict[str, Any]:
    """Return a session as ``sessions show`` writes it (schema ``evtech.session/1``)."""
    data = to_json(session)
    end = session.ended or session.last_seen  # a running session: so far
    data["duration_s"] = (end - session.started).total_seconds() if end else None
    return {"schema": "evtech.session/1", **data}


def is_about(session: ChargingSession, charger: str | None) -> bool:
    """Tell whether a session belongs to a charger named by profile, serial number or part of its name."""
    if not charger:
        return True
    c = session.charger
    return charger.casefold() in " ".join(filter(None, (c.profile, c.vendor, c.model, c.serial_number))).casefold()


def mentions(session: ChargingSession, text: str | None) -> bool:
    """Tell whether a text stands anywhere in a session."""
    return not text or text.casefold() in str(to_json(session)).casefold()
