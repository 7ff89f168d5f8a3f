"""What one charge point's messages say: states of its ports, transactions, attempts that never became one.

A port is a connector (1.6) or an EVSE (2.0.1). Number 0 is the station as a whole: when it is out, every port is. The
actions themselves are read in ``ocpp_16.py`` and ``ocpp_201.py``; both tell this file what happened.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from evtech.exchange.incoming import Item, Problems, StateChange, StateLog
from evtech.exchange.ocpp_frames import Frame
from evtech.exchange.ocpp_transaction import Auth, Transaction
from evtech.exchange.ocpp_values import STATES
from evtech.exchange.times import Clock
from evtech.measure.sample import ChargerIdentity

AHEAD_S = 300.0  # a charger's clock further ahead of the log than this is wrong
UNSET = 1_262_304_000.0  # 2010: a clock before it was never set
AUTH_S = 180.0  # an authorisation waits so long for a vehicle (connectionTimeOut is 60 to 120 s with most)
CHAIN_S = 60.0
BOOT_S = 120.0  # after a start, in which a station tells the states of all its connectors
SILENT = 3.0  # heartbeats that may fail before nobody knows the state
LEAST_SILENCE_S = 300.0
_MOST_CALLS = 2000  # that wait for an answer
_MOST_OPEN = 4  # transactions of a port that wait for their end
_OUT_OF_USE = ("FAULTED", "UNAVAILABLE")
_AWAY = ("IDLE", "FAULTED", "UNAVAILABLE", "RESERVED")
WHOLE = "0"
MOST_PORTS = 200
# states of a port as phases of the transaction at it
IN_USE = {"PLUGGED": "PREPARING", "CHARGING": "CHARGING", "PAUSED_BY_EV": "PAUSED_BY_EV",
          "PAUSED_BY_EVSE": "PAUSED_BY_EVSE", "FINISHING": "FINISHING", "FAULTED": "FAULTED"}  # fmt: skip


@dataclass(slots=True)
class Port:
    """One connector or EVSE: its own state, what was reported of it, and who is at it."""

    number: str
    phase: str = ""
    word: str = ""
    code: str | None = None
    connectors: dict[str, tuple[str, str, str | None]] = field(default_factory=dict)  # of an EVSE, 2.0.1
    changes: list[StateChange] = field(default_factory=list)
    plugged: float | None = None
    auth: Auth | None = None
    open: list[Transaction] = field(default_factory=list)
    closing: Transaction | None = None  # ended, the vehicle is still there


class Station:
    """Follows one charge point through a log; ``out`` holds what is complete."""

    def __init__(self, name: str, site: str, clock: Clock, problems: Problems, remarks: list[str]) -> None:
        self.name, self.site = name, site
        self.problems, self.remarks, self.line = problems, remarks, 0
        self.out: list[Item] = []
        self.ports: dict[str, Port] = {}
        self.numbers: dict[str, Transaction] = {}  # open, by the back office's number
        self.done: OrderedDict[str, None] = OrderedDict()  # numbers of ended ones
        self.auths: list[Auth] = []
        self.calls: OrderedDict[str, list[tuple[Frame, Any]]] = OrderedDict()
        self.whole: tuple[str, str, str | None] = ("", "", None)  # phase, word and code of the station as a whole
        self.heartbeat_s: float | None = None  # the pace that the back office asked for
        self.beats = 0
        self.booted: float | None = None
        self._wrong_clock = 0
        self._behind: list[float] = []
        self._clock = clock
        self._logged: tuple[str | None, float | None] = (None, None)
        self._ways: set[str] = set()
        self._heard: list[float] = []
        self._silences: list[tuple[float, float]] = []

    # ---- time ----

    def time(self, said: Any, logged: str | None) -> float | None:
        """Return when something was, by the charger's clock; by the log's where that clock cannot be right."""
        told = self._clock.seconds(said, self.line) if isinstance(said, str) else None
        wrote = self._wrote(logged)
        if said and (told is None or told < UNSET):
            told = None
            self._wrong_clock += 1
        if told is None or wrote is None:
            return told if told is not None else wrote
        if told > wrote + AHEAD_S:
            self._wrong_clock += 1
            return wrote
        if len(self._behind) < 1000:
            self._behind.append(wrote - told)
        return told

    def _wrote(self, logged: str | None) -> float | None:
        """Return the time of a line of the log; it is asked for several times."""
        if logged != self._logged[0]:
            self._logged = (logged, self._clock.seconds(logged, self.line) if logged else None)
        return self._logged[1]

    def hear(self, said: float | None, logged: str | None) -> None:
        """Note that the station said something, by the log's clock where it has one."""
        wrote = self._wrote(logged)
        at = wrote if wrote is not None else said
        if at is None:
            return
        if not self._heard:
            self._heard = [at, at]
        quiet = self._quiet_s() if wrote is not None else None
        if quiet is not None and at - self._heard[1] > quiet:
            self._silences.append((self._heard[1] + (self.heartbeat_s or 0.0), at))
        self._heard = [min(self._heard[0], at), max(self._heard[1], at)]
        self._give_up_waiting(at)

    def _quiet_s(self) -> float | None:
        """Return how long it may be silent; ``None`` where its heartbeats are not in the log."""
        if self.heartbeat_s is None or self.beats < 3:
            return None
        return max(SILENT * self.heartbeat_s, LEAST_SILENCE_S)

    @property
    def now(self) -> float | None:
        """Return the newest moment heard of."""
        return self._heard[1] if self._heard else None

    # ---- calls and their answers ----

    def call(self, frame: Frame, about: Any) -> None:
        """Remember a request whose answer says more."""
        self.calls.setdefault(frame.id, []).append((frame, about))
        if len(self.calls) > _MOST_CALLS:
            self.calls.popitem(last=False)

    def answered(self, frame: Frame, fits: Any) -> tuple[Frame, Any] | None:
        """Return the request that an answer is for: of those with its number the one that ``fits``."""
        if frame.way:
            self._ways.add(frame.way)
        waiting = self.calls.get(frame.id, [])
        for place, (asked, about) in enumerate(waiting):
            both = len(self._ways) > 1 and asked.way is not None and asked.way == frame.way
            if not both and fits(asked, frame.payload):
                del waiting[place]
                if not waiting:
                    del self.calls[frame.id]
                return asked, about
        return None

    def note_way(self, frame: Frame) -> None:
        """Remember which ways of messages the log tells apart."""
        if frame.way:
            self._ways.add(frame.way)

    # ---- states ----

    def port(self, number: Any) -> Port:
        """Return a port by its number."""
        key = str(number)[:40]
        if key not in self.ports and len(self.ports) >= MOST_PORTS:
            raise ValueError(f"more than {MOST_PORTS} connectors are no charger's")
        return self.ports.setdefault(key, Port(key))

    def status(self, number: str, phase: str, word: str, at: float, code: str | None, meaning: str | None) -> None:
        """Take the state of a port, or with number 0 of the whole station."""
        if number == WHOLE:
            self.whole = (phase, word, code)
            for port in self.ports.values():
                self.show(port, at)
            return
        port = self.port(number)
        before, port.phase, port.word, port.code = port.phase, phase, word, code
        self.show(port, at)
        for running in port.open:
            if phase in IN_USE:
                running.phase(at, IN_USE[phase])
            if code:
                running.faults.setdefault(code, meaning)
        self._follow(port, before, at, code, meaning)

    def show(self, port: Port, at: float) -> None:
        """Note the state that a port is in, seen with the station's."""
        phase, word, code = self.whole if self.whole[0] in _OUT_OF_USE else (port.phase, port.word, port.code)
        if not phase:
            return
        last = port.changes[-1] if port.changes else None
        if last is None or (last.phase, last.word, last.code) != (phase, word, code):
            port.changes.append(StateChange(at, phase, word, code))

    def _follow(self, port: Port, before: str, at: float, code: str | None, meaning: str | None) -> None:
        """Note who comes and goes."""
        if port.phase == "PLUGGED" and before in _AWAY:
            for gone in [each for each in port.open if each.unplugged is not None]:
                self.lose(gone)  # its end is not in the log
        if port.phase == "PLUGGED" and not port.open:
            # the first word of a log is a change as well, unless the station began anew and tells all it has
            is_new = before in _AWAY or (not before and (self.booted is None or at - self.booted > BOOT_S))
            if is_new and port.plugged is None:
                self.finish(port, at)
                port.plugged = at
                self._bring_auth(port, at)
        elif port.phase in _AWAY:
            self.finish(port, at if port.phase == "IDLE" else None)
            if port.open:
                for running in port.open:  # its end may still be on its way
                    running.unplugged = at if port.phase == "IDLE" else None
            elif port.plugged is not None or port.auth is not None:
                self._failed(port, at, code if port.phase == "FAULTED" else None, meaning)

    def finish(self, port: Port, unplugged: float | None) -> None:
        """Pass on the transaction that ended, now that the vehicle is gone or another one is there."""
        done, port.closing = port.closing, None
        if done is not None:
            done.unplugged = unplugged if unplugged is not None else done.unplugged
            self.out.append(done.incoming(self.site))

    # ---- authorisation ----

    def authorise(self, auth: Auth) -> None:
        """Take the answer to somebody's card: for the vehicle that waits, else it waits for one."""
        port = self._waiting_port(auth)
        if port is not None:
            if port.open:
                port.open[-1].auth = better(port.open[-1].auth, auth)
            else:
                port.auth = better(port.auth, auth)
        elif auth.ok is False:
            self._rejected(auth)
        else:
            self.auths.append(auth)

    def take_auth(self, token: str | None, at: float) -> Auth | None:
        """Return the authorisation of a token that waits, and forget it."""
        for auth in self.auths:
            if auth.token == token and (auth.at is None or at - auth.at <= 10 * CHAIN_S):
                self.auths.remove(auth)
                return auth
        return None

    def _waiting_port(self, auth: Auth) -> Port | None:
        """Return the port at which somebody waits to be authorised, where it is the only one."""
        waiting = [p for p in self.ports.values() if p.plugged is not None and not p.open]
        waiting += [p for p in self.ports.values() if p.open and p.open[-1].auth is None]
        return waiting[0] if len(waiting) == 1 else None

    def _bring_auth(self, port: Port, at: float) -> None:
        """Give an authorisation that came before the plug to the vehicle that came now."""
        recent = [a for a in self.auths if a.ok is not False and a.at is not None and 0 <= at - a.at <= AUTH_S]
        if len(recent) == 1:
            self.auths.remove(recent[0])
            port.auth = recent[0]

    def _give_up_waiting(self, now: float) -> None:
        late = [a for a in self.auths if a.at is not None and now - a.at > AUTH_S]
        for auth in late:
            self.auths.remove(auth)
            self._rejected(auth)

    def _rejected(self, auth: Auth) -> None:
        """Pass on an authorisation that led to nothing as an attempt."""
        if auth.at is None:
            self.problems.add(f"line {self.line}: an authorisation without a time; it is left out")
            return
        connector = next(iter(self.ports)) if len(self.ports) == 1 else WHOLE
        failed = Transaction(self.name, connector, None, auth.at, None, auth, ended=auth.at, line=self.line)
        failed.reason = "deauthorised" if auth.ok is False else "unknown"
        if auth.ok is False:
            failed.faults[auth.status or "rejected"] = "authorisation"
        self._attempt(failed)

    def _failed(self, port: Port, at: float, code: str | None, meaning: str | None) -> None:
        """Pass on a vehicle that came and left without a transaction as an attempt."""
        auth, began = port.auth, port.plugged
        began = began if began is not None else auth.at if auth is not None else None
        port.plugged, port.auth = None, None
        if began is None:
            return
        failed = Transaction(self.name, port.number, None, began, began, auth, ended=max(at, began), line=self.line)
        failed.reason = "fault" if code else "deauthorised" if auth is not None and auth.ok is False else "unknown"
        if code:
            failed.faults[code] = meaning
        elif auth is not None and auth.ok is False:
            failed.faults[auth.status or "rejected"] = "authorisation"
        self._attempt(failed)

    def _attempt(self, failed: Transaction) -> None:
        failed.meter_start = failed.meter_stop = None
        self.out.append(failed.incoming(self.site))

    # ---- transactions ----

    def begin(self, port: Port, new: Transaction) -> None:
        """Take a transaction that began at a port."""
        self.finish(port, None)
        new.plugged = port.plugged if port.plugged is not None else new.plugged
        new.auth = better(port.auth, new.auth)
        port.plugged, port.auth = None, None
        port.open.append(new)
        if len(port.open) > _MOST_OPEN:
            self.lose(port.open[0])

    def adopt(self, port: Port, found: Transaction) -> None:
        """Take a transaction whose beginning is not in the log: whoever plugged in here before is at it."""
        found.plugged, found.auth = port.plugged, found.auth or port.auth
        port.plugged, port.auth = None, None
        port.open.append(found)

    def end(self, done: Transaction) -> None:
        """Take the end of a transaction: it is complete when the vehicle is gone."""
        self.forget(done)
        port = self.ports.get(done.connector or "")
        if port is not None:
            self.finish(port, None)
        if port is None or done.unplugged is not None or port.phase in _AWAY:
            self.out.append(done.incoming(self.site))
        else:
            port.closing = done

    def lose(self, open_: Transaction) -> None:
        """Pass on a transaction whose end is not in the log."""
        self.forget(open_)
        if open_.unplugged is not None and open_.started is not None:
            open_.ended = max(open_.unplugged, open_.started)
        if open_.started is not None or open_.samples:
            self.out.append(open_.incoming(self.site))

    def forget(self, gone: Transaction) -> None:
        """Take a transaction from those that run."""
        if gone.number is not None:
            self.numbers.pop(gone.number, None)
            self.done[gone.number] = None
            if len(self.done) > _MOST_CALLS:
                self.done.popitem(last=False)
        for port in self.ports.values():
            if gone in port.open:
                port.open.remove(gone)

    def number(self, running: Transaction, number: str) -> None:
        """Give a transaction the number that the back office chose for it."""
        running.number = number
        self.numbers[number] = running

    # ---- the end of the log ----

    def close(self) -> Iterator[Item]:
        """Yield what is left when the log ends."""
        for port in self.ports.values():
            self.finish(port, None)
            for running in list(port.open):
                self.lose(running)
        yield from self.out
        self.out = []
        self._say_clock()
        if not self._heard:
            return
        for port in self.ports.values():
            if port.number != WHOLE and port.changes:
                who = ChargerIdentity("", "", self.name, port.number)
                heard = (self._heard[0], self._heard[1])
                yield StateLog(who, self.site, port.changes, heard, self._silences)

    def _say_clock(self) -> None:
        if self._wrong_clock:
            self.remarks.append(
                f"{self.name}: {self._wrong_clock} messages bear a time that cannot be; the log's own is taken where it"
                " has one"
            )
        behind = sorted(self._behind)
        middle = behind[len(behind) // 2] if len(behind) >= 20 else 0.0
        if middle > AHEAD_S and behind[-1] - behind[0] < CHAIN_S:
            self.remarks.append(f"{self.name}: its clock is {middle:.0f} s behind the log's all the time")


def better(one: Auth | None, other: Auth | None) -> Auth | None:
    """Return of two authorisations the accepted one, else the later, with the time of the first request."""
    if one is None or other is None:
        return one or other
    chosen = one if one.ok and not other.ok else other
    times = [a.at for a in (one, other) if a.at is not None]
    return Auth(chosen.token or one.token, min(times, default=None), chosen.ok, chosen.status,
                chosen.payment or one.payment)  # fmt: skip


def phase_of(word: str) -> str:
    """Return the session phase of a status or a charging state."""
    return STATES.get(word, "UNKNOWN")
