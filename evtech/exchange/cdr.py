"""OCPI charge detail records (2.1.1 and 2.2.1) as sessions, to lay a back office's view beside the laptop's.

A CDR says when a session was and what it took, but not how it ended: such sessions count for energy and use and are
left out of success rates.
"""

from datetime import UTC, datetime
from typing import Any

from evtech.errors import InputError
from evtech.exchange.incoming import Incoming, Parcel, made_id
from evtech.measure.sample import ChargerIdentity
from evtech.store.records import ChargingSession, PhaseSpan

SOURCE = "cdr"


def is_cdr(data: Any) -> bool:
    """Return whether JSON values are one CDR, a list of them, or an answer with a list in ``data``."""
    rows = _rows(data)
    return bool(rows) and all(isinstance(r, dict) and "start_date_time" in r and "total_energy" in r for r in rows)


def read_cdrs(data: Any, name: str) -> Parcel:
    """Return CDRs as sessions; raise ``InputError`` for one without id, times or energy."""
    found = []
    for number, row in enumerate(_rows(data), 1):
        try:
            found.append(_incoming(row))
        except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise InputError(f"{name}: CDR {number} cannot be read: {error!r}.", "Nothing was imported.") from error
    return Parcel(SOURCE, found)


def _rows(data: Any) -> list[Any]:
    if isinstance(data, dict) and isinstance(data.get("data"), list):
        return list(data["data"])
    return data if isinstance(data, list) else [data]


def _incoming(row: dict[str, Any]) -> Incoming:
    place = row.get("cdr_location") or row.get("location") or {}
    evses = place.get("evses") or [{}]
    port = place.get("evse_id") or place.get("evse_uid") or evses[0].get("evse_id") or evses[0].get("uid")
    start, end = _moment(row["start_date_time"]), _moment(row.get("end_date_time") or row["stop_date_time"])
    site = place.get("name") or place.get("address") or ""
    port, key = str(port or f"{site} EVSE"), (str(row.get("party_id", "")), str(row["id"]))
    wh = 1000.0 * float(row["total_energy"])
    parked = 3600.0 * float(row.get("total_parking_time") or 0.0)
    flowed = max(0.0, (end - start).total_seconds() - parked)
    until = datetime.fromtimestamp(start.timestamp() + flowed, UTC)
    session = ChargingSession(
        id=made_id("cdr", *key), visit_id=made_id("cdr visit", port), recording_id=made_id("cdr recording", port),
        charger=ChargerIdentity("", "", port), started=start, ended=end, charging_s=flowed if wh > 0 else 0.0,
        energy_wh=wh, energy_source="session_counter", peak_power_w=_peak(row),
        phases=(PhaseSpan("CHARGING", start, until),) if wh > 0 else (), notes=(f"CDR {row['id']}",),
    )  # fmt: skip
    token = (row.get("cdr_token") or {}).get("uid") or row.get("auth_id")
    return Incoming(session, str(site), extra={"port": port, "token": token})


def _peak(row: dict[str, Any]) -> float | None:
    """Return the highest power (W) that the periods state, ``None`` where none does."""
    found = [
        float(each["volume"]) * 1000
        for period in row.get("charging_periods") or ()
        for each in period.get("dimensions") or ()
        if each.get("type") in ("MAX_POWER", "POWER")
    ]
    return max(found, default=None)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
