"""What the archive keeps, as frozen values: visits, recordings, charging sessions, gaps, events.

Every entity has a UUID (text); a stored fact is never updated, so that archives can be merged. All times are aware
and UTC. Energies are in Wh (VAh for apparent), powers in W, intervals in s.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from evtech.measure.sample import ChargerIdentity


@dataclass(frozen=True, slots=True)
class Visit:
    """One job at one site; starts by itself with a connection and can be named later."""

    id: str
    started: datetime
    site: str = ""
    technician: str = ""
    purpose: str = ""
    notes: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without samples, and why."""

    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PhaseSpan:
    """A stretch of one session phase; ``end`` is ``None`` while it lasts."""

    phase: str
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class ChargingSession:
    """Plug-in to plug-out as it was watched.

    ``energy_source`` says where ``energy_wh`` comes from: register_difference, session_counter or
    integrated_power; ``energy_wh`` is ``None`` where no true energy was measured (a product that counts VAh only has
    ``apparent_energy_vah`` instead). ``partial_start``: the vehicle was already plugged in when watching began.

    ``source`` is ``None`` for what evtech recorded, else what it was imported from (csv, list, cdr, ocpp). Such a
    source may know what no register says: who asked (``token``), when (``authorised``) and with what answer
    (``auth_ok``; ``None`` = nobody had to ask), how it is paid (``payment_method``: rfid, app, ad_hoc,
    plug_and_charge, contract, remote, key_code, local, vehicle, none or other) and its own number of the session
    (``transaction``).
    """

    id: str
    visit_id: str
    recording_id: str
    charger: ChargerIdentity
    started: datetime
    ended: datetime | None = None
    charging_s: float = 0.0
    energy_wh: float | None = None
    energy_source: str | None = None
    register_point: str | None = None
    register_start_wh: float | None = None
    register_end_wh: float | None = None
    apparent_energy_vah: float | None = None
    session_counter_wh: float | None = None
    peak_power_w: float | None = None
    mean_power_w: float | None = None
    stop_reason: str | None = None
    phases: tuple[PhaseSpan, ...] = ()
    gaps: tuple[Gap, ...] = ()
    errors: tuple[dict[str, Any], ...] = ()
    notes: tuple[str, ...] = field(default=())
    samples: int = 0
    simulated: bool = False
    partial_start: bool = False
    last_seen: datetime | None = None
    earlier_recordings: tuple[str, ...] = ()  # of the same session, before evtech was started again
    source: str | None = None
    token: str | None = None
    authorised: datetime | None = None
    auth_ok: bool | None = None
    payment_method: str | None = None
    transaction: str | None = None
