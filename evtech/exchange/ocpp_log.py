"""OCPP 1.6 and 2.0.1 message logs as sessions, attempts that never started, samples and states of ports.

A message is read as ``ocpp_frames.py`` says; what each means is in ``ocpp_16.py`` and ``ocpp_201.py``. Messages that
say nothing of a session are passed over, broken lines are counted. A log of any length is read with little memory: a
session leaves as soon as it is complete.
"""

from collections.abc import Callable, Iterator
from typing import Any

from evtech.errors import InputError
from evtech.exchange import ocpp_16, ocpp_201
from evtech.exchange.incoming import Item, Parcel
from evtech.exchange.json_stream import JsonStream
from evtech.exchange.ocpp_frames import CALL, ERROR, RESULT, Frame, frames_of
from evtech.exchange.ocpp_station import Station
from evtech.exchange.plans import Plan
from evtech.exchange.source_file import SourceFile
from evtech.exchange.times import Clock

SOURCE = "ocpp"
MOST_STATIONS, MOST_LETTERS = 10_000, 200
ENVELOPES = ("messages", "logs", "log", "frames", "hits")  # keys under which exports hold their messages
_DAMAGED = (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError)


def read_log(source: SourceFile, plan: Plan | None = None) -> Parcel:
    """Return the sessions of a log; the file's name is the charge point where the messages name none."""
    parcel = Parcel(SOURCE, (), plan=plan)
    parcel.items = _Reader(source, plan or Plan(), parcel).items()
    return parcel


class _Reader:
    """Reads one log."""

    def __init__(self, source: SourceFile, plan: Plan, parcel: Parcel) -> None:
        self._source, self._plan, self._parcel = source, plan, parcel
        self._clock = Clock(plan.zone, plan.order)
        self._stations: dict[str, Station] = {}
        self._seen = 0

    def items(self) -> Iterator[Item]:
        """Yield sessions as they are complete, then what is left and the states."""
        for line, frames in self._frames():
            for frame in frames:
                self._seen += 1
                station = self._station(frame.station or self._plan.charger or self._source.path.stem)
                station.line = line
                try:
                    _take(station, frame)
                except _DAMAGED as error:
                    said = f"{error} is missing" if isinstance(error, KeyError) else str(error)
                    self._parcel.problems.add(f"line {line}: {said[:200]}; it is left out")
                if station.out:
                    yield from station.out
                    station.out = []
        if not self._seen:
            raise InputError(
                f"{self._source.path} holds no OCPP message.", "One message a line, such as [2, id, action, {…}]."
            )
        for station in self._stations.values():
            yield from station.close()
        self._parcel.remarks += self._clock.warnings()

    def _frames(self) -> Iterator[tuple[int, list[Frame]]]:
        """Yield the messages of each line of text, or of each element of a JSON document, with its number."""
        text = self._source.head().decode("utf-8-sig", "replace").lstrip("\ufeff \t\r\n")
        if (text.startswith("[") and text[1:].lstrip()[:1] in ("[", "{")) or _is_envelope(text):
            yield from self._elements()
            return
        for line in self._source.lines(self._source.encoding()):
            if line.text is None:
                self._parcel.problems.add(f"line {line.number}: longer than any message; it is left out")
            elif line.text.strip():
                found = frames_of(line.text)
                if found:
                    yield line.number, found
                else:
                    self._parcel.problems.add(f"line {line.number}: no OCPP message; it is left out")

    def _elements(self) -> Iterator[tuple[int, list[Frame]]]:
        stream = JsonStream(self._source)
        if stream.peek() == "[":
            yield from self._of_array(stream)
        else:
            for key in stream.keys():  # noqa: SIM118  # no dict: the keys are read from the file
                if key in ENVELOPES and stream.peek() == "[":
                    yield from self._of_array(stream)
                else:
                    stream.value()
        stream.end()

    def _of_array(self, stream: JsonStream) -> Iterator[tuple[int, list[Frame]]]:
        for number in stream.elements():
            line, found = stream.line, frames_of(stream.value())
            if found:
                yield line, found
            else:
                self._parcel.problems.add(f"line {line}, message {number}: no OCPP message; it is left out")

    def _station(self, name: str) -> Station:
        name = name[:MOST_LETTERS]
        if name not in self._stations:
            if len(self._stations) >= MOST_STATIONS:
                raise InputError(
                    f"{self._source.path} names more than {MOST_STATIONS} charge points.",
                    "Is what stands before the messages the charge point's name? Give it with --charger.",
                )
            site = self._plan.site or ""  # no message says where a station stands
            self._stations[name] = Station(name, site, self._clock, self._parcel.problems, self._parcel.remarks)
        return self._stations[name]


def _take(station: Station, frame: Frame) -> None:
    station.note_way(frame)
    if frame.kind == CALL:
        _CALLS.get(frame.action, _pass_over)(station, frame)
        return
    found = station.answered(frame, _always if frame.kind == ERROR else ocpp_16.fits)
    station.hear(None, frame.logged)
    if found is None:
        return
    asked, about = found
    if asked.action == "BootNotification":
        _take_boot(station, frame)
    elif frame.kind == ERROR:
        ocpp_16.take_error(station, about, frame)
    elif "idTokenInfo" in frame.payload:
        ocpp_201.take_answer(station, asked, about, frame)
    elif frame.kind == RESULT and not isinstance(about, tuple):
        ocpp_16.take_answer(station, asked, about, frame)


def _take_boot(station: Station, answer: Frame) -> None:
    interval = answer.payload.get("interval")
    if isinstance(interval, int | float) and not isinstance(interval, bool) and 0 < interval < 7 * 86400:
        station.heartbeat_s = float(interval)


def _status(station: Station, frame: Frame) -> None:
    module = ocpp_201 if ocpp_201.is_status(frame.payload) else ocpp_16
    module.take_status(station, frame.payload, frame.logged)


def _notify(station: Station, frame: Frame) -> None:
    ocpp_201.take_notify(station, frame.payload, frame.logged)


def _authorise(station: Station, frame: Frame) -> None:
    module = ocpp_201 if isinstance(frame.payload.get("idToken"), dict) else ocpp_16
    module.take_authorise(station, frame)


def _boot(station: Station, frame: Frame) -> None:
    station.hear(None, frame.logged)
    station.booted = station.time(None, frame.logged) or station.now
    station.call(frame, None)


def _beat(station: Station, frame: Frame) -> None:
    station.beats += 1
    station.hear(None, frame.logged)


def _pass_over(station: Station, frame: Frame) -> None:
    station.hear(None, frame.logged)


def _always(asked: Frame, payload: dict[str, Any]) -> bool:
    return True


def _is_envelope(text: str) -> bool:
    return text.startswith("{") and any(f'"{key}"' in text[:2000] for key in ENVELOPES) and "\n{" not in text[:65536]


_CALLS: dict[str, Callable[[Station, Frame], None]] = {
    "StatusNotification": _status, "NotifyEvent": _notify, "Authorize": _authorise, "BootNotification": _boot,
    "Heartbeat": _beat, "StartTransaction": ocpp_16.take_start, "StopTransaction": ocpp_16.take_stop,
    "MeterValues": ocpp_16.take_meter, "TransactionEvent": ocpp_201.take_event,
}  # fmt: skip
