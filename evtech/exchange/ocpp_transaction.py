"""One OCPP transaction as it grows, and the session that it was."""

import bisect
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from evtech.exchange.incoming import Incoming, made_id
from evtech.exchange.ocpp_values import DC_NAMES, interval_of, point_of, signed_of, value_of
from evtech.measure.sample import ChargerIdentity
from evtech.measure.vocabulary import TERMS
from evtech.store.records import ChargingSession, PhaseSpan
from evtech.store.session_extras import Attachment
from evtech.store.spool import Block

FLOWS_W = 100.0  # power from which energy flows (kpis: 0.1 kW)
MAINS_V = 300.0  # a voltage without a phase above it is none between phase and neutral
MOST_SIGNED = 65_536  # letters of a signed value that are kept
MOST_SAMPLES = 500_000  # of one transaction
REGISTER = "energy_import_total"


@dataclass(slots=True)
class Auth:
    """Somebody asked to charge: ``ok`` is the answer, ``None`` while or because there is none."""

    token: str | None
    at: float | None
    ok: bool | None = None
    status: str = ""
    payment: str | None = None


@dataclass(slots=True)
class Transaction:
    """What is known of a transaction; moments in s since 1970. ``started`` is ``None`` where the log begins later."""

    station: str
    connector: str | None
    number: str | None
    started: float | None
    plugged: float | None = None
    auth: Auth | None = None
    meter_start: float | None = None
    meter_stop: float | None = None
    ended: float | None = None
    unplugged: float | None = None
    reason: str | None = None
    faults: dict[str, str | None] = field(default_factory=dict)
    samples: dict[float, dict[str, float]] = field(default_factory=dict)
    phases: list[tuple[float, str]] = field(default_factory=list)
    signed: dict[str, tuple[float, str]] = field(default_factory=dict)
    interval_wh: float | None = None
    meter: str | None = None
    last: float | None = None
    line: int = 0

    def phase(self, at: float, phase: str) -> None:
        """Note a state of the connector while the transaction runs."""
        if not self.phases or self.phases[-1][1] != phase:
            bisect.insort(self.phases, (at, phase), key=lambda each: each[0])
        self.seen(at)

    def seen(self, at: float) -> None:
        """Note that something was heard of it."""
        self.last = at if self.last is None else max(self.last, at)

    def sample(self, at: float, sampled: list[Any]) -> None:
        """Take the values of one moment."""
        if len(self.samples) >= MOST_SAMPLES:
            return
        row = self.samples.setdefault(at, {})
        for each in sampled:
            if not isinstance(each, dict):
                continue
            if (signed := signed_of(each)) is not None and len(signed[1]) <= MOST_SIGNED:
                self.signed[signed[0]] = (at, signed[1])
            point = point_of(each)
            number = value_of(each) if point is not None else None
            if point is not None and number is not None:
                row[point] = number
            elif (energy := interval_of(each)) is not None:
                self.interval_wh = (self.interval_wh or 0.0) + energy
        if not row:
            del self.samples[at]
        else:
            self.seen(at)

    # ---- the session ----

    def incoming(self, site: str) -> Incoming:
        """Return the session, with what could not be known marked so."""
        if self.started is None and self.samples:
            is_partial, start = True, min([min(self.samples), *(at for at, _ in self.phases)])
        else:
            is_partial, start = self.started is None, self._known_start()
        begin = min(start, self.plugged) if self.plugged is not None else start
        first, last = self._register()
        energy, how, notes = self._energy(first, last)
        end = self.ended if self.unplugged is None or self.ended is None else max(self.unplugged, self.ended)
        phases = self._phases(start, energy)
        charging_s = sum((p.end - p.start).total_seconds() for p in phases if p.phase == "CHARGING" and p.end)
        points, blocks = self._series()
        powers = [row["power_total"] for row in self.samples.values() if "power_total" in row]
        auth = self.auth or Auth(None, None)
        number = self.number
        session = ChargingSession(
            id=made_id("ocpp", self.station, self.connector, *self._key(begin, is_partial)), visit_id="",
            recording_id="", charger=ChargerIdentity("", "", self.station, self.connector), started=_at(begin),
            ended=_at(end) if end is not None else None, charging_s=charging_s, energy_wh=energy,
            energy_source=how, register_point=REGISTER if first is not None else None, register_start_wh=first,
            register_end_wh=last, peak_power_w=max(powers, default=None),
            mean_power_w=energy * 3600 / charging_s if energy and charging_s else None,
            stop_reason=(self.reason or "unknown") if self.ended is not None else None, phases=phases,
            errors=tuple({"code": code, "meaning": said} for code, said in self.faults.items()),
            notes=(*notes, *((f"meter {self.meter}",) if self.meter else ())), samples=len(self.samples),
            partial_start=is_partial, last_seen=_at(max(filter(None, (self.last, end, begin)))), token=auth.token,
            authorised=_at(auth.at) if auth.at is not None else None, auth_ok=auth.ok, payment_method=auth.payment,
            transaction=number,
        )  # fmt: skip
        return Incoming(
            session, site, points, blocks, attachments=self._signed_values(session.id), open_start=is_partial,
            open_end=self.ended is None,
        )  # fmt: skip

    def _known_start(self) -> float:
        known = [t for t in (self.started, self.ended, self.last) if t is not None]
        return known[0]

    def _key(self, begin: float, is_partial: bool) -> tuple[object, ...]:
        """Return what makes it the same session in another file: its beginning, and how much of it is known."""
        start = self.started if self.started is not None else begin
        if self.ended is None or is_partial:
            return ("part", self.number, start, self.last, self.ended)
        return (round(start, 3),)

    def _register(self) -> tuple[float | None, float | None]:
        """Return the meter at the beginning and at the end (Wh)."""
        times = sorted(t for t, row in self.samples.items() if REGISTER in row)
        first, last = self.meter_start, self.meter_stop
        if first is None and times:
            first = self.samples[times[0]][REGISTER]
        if last is None and times:
            last = self.samples[times[-1]][REGISTER]
        return first, last

    def _energy(self, first: float | None, last: float | None) -> tuple[float | None, str | None, tuple[str, ...]]:
        if first is not None and last is not None:
            if last < first:
                return None, None, (f"the meter went back from {first:.0f} to {last:.0f} Wh: no energy is told",)
            return last - first, "register_difference", ()
        if self.interval_wh is not None and self.interval_wh >= 0:
            return self.interval_wh, "session_counter", ()
        return None, None, ()

    def _phases(self, start: float, energy: float | None) -> tuple[PhaseSpan, ...]:
        """Return the states from plug-in to unplugging; without any, charging where energy flowed."""
        end = self.ended
        marks = [(at, phase) for at, phase in self.phases if end is None or at <= end]
        if not any(phase == "CHARGING" for _, phase in marks) and energy != 0:
            since = self._flow_start()
            if energy is not None or since is not None:
                since = max(start, since) if since is not None else start
                marks = [*(mark for mark in marks if mark[0] < since), (since, "CHARGING")]
        if energy == 0:  # a contactor that closed is no energy
            marks = [(at, "PREPARING" if phase == "CHARGING" else phase) for at, phase in marks]
        if self.plugged is not None and (not marks or self.plugged < marks[0][0]):
            marks.insert(0, (self.plugged, "PLUGGED"))
        if self.unplugged is not None and end is not None and self.unplugged > end:
            marks.append((end, "FINISHING"))
            end = self.unplugged
        end = end if end is not None else self.last
        spans = []
        for place, (at, phase) in enumerate(marks):
            until = marks[place + 1][0] if place + 1 < len(marks) else end
            if until is None or until > at:
                spans.append(PhaseSpan(phase, _at(at), _at(until) if until is not None else None))
        return tuple(spans)

    def _flow_start(self) -> float | None:
        """Return when energy began to flow by the samples: the first power, or the first step of the register."""
        before = self.meter_start
        for at in sorted(self.samples):
            row = self.samples[at]
            register = row.get(REGISTER)
            if row.get("power_total", 0.0) > FLOWS_W or (None not in (register, before) and register > before):  # type: ignore[operator]
                return at
            before = register if register is not None else before
        return None

    def _series(self) -> tuple[list[tuple[str, str]], list[Block]]:
        times = sorted(self.samples)
        names = sorted({name for row in self.samples.values() for name in row})
        if not names:
            return [], []
        columns = [np.array([self.samples[t].get(name, np.nan) for t in times]) for name in names]
        shown = [self._direct(name, names) for name in names]
        return [(n, TERMS[n].unit) for n in shown], [Block(times, columns, [None] * len(names))]

    def _direct(self, name: str, names: list[str]) -> str:
        """Return the name of a value without a phase: a DC charger's, where the vehicle or the voltage tells so."""
        if name not in DC_NAMES:
            return name
        volts = max((row.get("voltage_ln_average", 0.0) for row in self.samples.values()), default=0.0)
        return DC_NAMES[name] if "soc" in names or volts > MAINS_V else name

    def _signed_values(self, session_id: str) -> list[Attachment]:
        """Return the signed values at begin and end, for `billing verify`."""
        found = []
        for context in ("Transaction.Begin", "Transaction.End"):
            if context in self.signed:
                at, text = self.signed[context]
                name = f"signed-{context.rpartition('.')[2].lower()}.txt"
                key = made_id("signed", session_id, context)
                found.append(Attachment(session_id, name, "text/plain", text.encode(), at=at, id=key))
        return found


def _at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
