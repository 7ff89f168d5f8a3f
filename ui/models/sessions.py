"""Lines of sessions as rows of a table, and one session's facts as rich text."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from html import escape

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt

from evtech.measure.quantity import NARROW_SPACE, UNKNOWN
from evtech.store.records import ChargingSession
from evtech.store.session_list import RECORDED, SessionLine
from ui.words import duration, energy_source, grouped, local_time, phase_word, quantity, stop_reason, translate

# texts to the left, numbers to the right
STARTED, CHARGER, SITE, ENDED_BY, DURATION, ENERGY, PEAK, GAPS = range(8)
_RIGHT = (DURATION, ENERGY, PEAK, GAPS)
_AS_THEY_COME = (STARTED, Qt.SortOrder.DescendingOrder)


class SessionsModel(QAbstractTableModel):
    """Sessions as rows."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: Sequence[SessionLine] = []
        self._order = _AS_THEY_COME

    def show_rows(self, rows: Sequence[SessionLine]) -> None:
        """Replace the rows, newest first as they come; they are put into the order that was chosen."""
        self.beginResetModel()
        self.rows = self._ordered(rows)
        self.endResetModel()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Put the rows in the order of a column; what is unknown comes last either way."""
        if (column, order) == self._order:
            return
        self._order = column, order
        self.layoutAboutToBeChanged.emit()
        chosen = [(index, id(self.rows[index.row()])) for index in self.persistentIndexList()]
        self.rows = self._ordered(self.rows)
        places = {id(line): row for row, line in enumerate(self.rows)}
        for index, line in chosen:
            self.changePersistentIndex(index, self.index(places[line], index.column()))
        self.layoutChanged.emit()

    def _ordered(self, rows: Sequence[SessionLine]) -> Sequence[SessionLine]:
        column, order = self._order
        if self._order == _AS_THEY_COME:
            return rows
        is_down = order == Qt.SortOrder.DescendingOrder
        key = _KEYS[column]
        known = [line for line in rows if key(line) is not None]
        unknown = [line for line in rows if key(line) is None]
        return sorted(known, key=key, reverse=is_down) + unknown  # type: ignore[arg-type]  # no None is left

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008  # Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008
        return GAPS + 1

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return _titles()[section] if role == Qt.ItemDataRole.DisplayRole else None

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(index.column())
        return cell(self.rows[index.row()], index.column()) if role == Qt.ItemDataRole.DisplayRole else None


_KEYS: dict[int, Callable[[SessionLine], float | str | None]] = {
    STARTED: lambda line: line.started,
    CHARGER: lambda line: line.port.casefold(),
    SITE: lambda line: line.site.casefold() or None,
    DURATION: lambda line: (time.time() if line.ended is None else line.ended) - line.started,
    ENERGY: lambda line: line.energy_wh,
    PEAK: lambda line: line.peak_power_w,
    ENDED_BY: lambda line: _ended_by(line).casefold(),
    GAPS: lambda line: line.gaps,
}


def cell(line: SessionLine, column: int) -> str:
    """Return the text of one cell."""
    is_open = line.ended is None and line.source != RECORDED  # its end is in no file
    end = time.time() if line.ended is None else line.ended
    gaps = str(line.gaps) if line.gaps else translate("Sessions", "none")
    return {
        STARTED: lambda: _started(line),
        CHARGER: lambda: charger(line),
        SITE: lambda: line.site + _mark(line, "site"),
        DURATION: lambda: "—" if is_open else duration(end - line.started),
        ENERGY: lambda: quantity(line.energy_wh, "Wh"),
        PEAK: lambda: quantity(line.peak_power_w, "W"),
        ENDED_BY: lambda: _ended_by(line),
        GAPS: lambda: gaps,
    }[column]()


def charger(line: SessionLine) -> str:
    """Return the charger's name; a simulated and an imported one say so."""
    name = line.port
    if line.simulated:
        name = translate("Sessions", "{name} (simulated)").format(name=name)
    if line.twin is not None:
        words = (
            translate("Sessions", "{name} (imported: {source}; told twice, not counted)")
            if line.twin.of
            else translate("Sessions", "{name} (imported: {source}; credited, not counted)")
        )
        return words.format(name=name, source=line.source)
    if line.source != RECORDED:
        name = translate("Sessions", "{name} (imported: {source})").format(name=name, source=line.source)
    return name


def totals(shown: Sequence[SessionLine], hidden: int) -> str:
    """Return number and energy of the rows shown that count, and how many a filter hides."""
    counted = [line for line in shown if line.twin is None]
    if not shown:
        text = translate("Sessions", "No session is shown")
    else:
        known = [line.energy_wh for line in counted if line.energy_wh is not None]
        energy = f"{grouped(sum(known) / 1000, 3)}{NARROW_SPACE}kWh" if known else UNKNOWN
        one, many = translate("Sessions", "1 session, {energy}"), translate("Sessions", "{n} sessions, {energy}")
        text = (one if len(counted) == 1 else many).format(n=grouped(len(counted)), energy=energy)
        if without := len(counted) - len(known):
            text += translate("Sessions", " ({n} without energy in kWh)").format(n=grouped(without))
    if len(counted) < len(shown):
        text += translate("Sessions", " · {n} told twice, not counted").format(n=grouped(len(shown) - len(counted)))
    if hidden:
        text += translate("Sessions", " · {n} hidden by the filter").format(n=grouped(hidden))
    return text


def facts(
    session: ChargingSession,
    source: str = RECORDED,
    extras: Sequence[tuple[str, str]] = (),
    *,
    site: str = "",
    shift: float = 0.0,
) -> str:
    """Return a session's facts as rich text, what was added to it afterwards first.

    ``shift`` is what its clock was corrected by (s): facts tell the times that the curves have.
    """
    moved = timedelta(seconds=shift)
    corrected = translate("Sessions", " (corrected)") if shift else ""
    start, stop = quantity(session.register_start_wh, "Wh", 4), quantity(session.register_end_wh, "Wh", 4)
    phases = ", ".join(phase_word(span.phase) for span in session.phases)
    gaps = ", ".join(f"{(gap.end - gap.start).total_seconds():.0f} s: {gap.reason}" for gap in session.gaps)
    faults = ", ".join(str(error.get("code", "?")) for error in session.errors)
    end = session.ended or session.last_seen or datetime.now(UTC)
    simulated = translate("Sessions", " (simulated)") if session.simulated else ""
    rows = [
        *extras,
        (translate("Sessions", "Charger"), f"{session.charger.vendor} {session.charger.model}{simulated}".strip()),
        (translate("Sessions", "Serial number"), session.charger.serial_number or "—"),
        (translate("Sessions", "Site"), site or "—"),
        (translate("Sessions", "From"), local_time(session.started + moved) + corrected),
        (translate("Sessions", "To"), local_time(session.ended + moved) if session.ended else _no_end(source)),
        (translate("Sessions", "Duration"), duration((end - session.started).total_seconds())),
        (translate("Sessions", "Energy"), f"{quantity(session.energy_wh, 'Wh')} ({_source(session)})"),
        (translate("Sessions", "Register"), "—" if start == stop == UNKNOWN else f"{start} → {stop}"),
        (translate("Sessions", "Charging"), duration(session.charging_s)),
        (translate("Sessions", "Mean power"), quantity(session.mean_power_w, "W")),
        (translate("Sessions", "Peak"), quantity(session.peak_power_w, "W")),
        (translate("Sessions", "Phases"), phases or "—"),
        (translate("Sessions", "Gaps"), gaps or translate("Sessions", "none")),
        (translate("Sessions", "Faults"), faults or translate("Sessions", "none")),
        (translate("Sessions", "Notes"), "; ".join(session.notes) or "—"),
        (translate("Sessions", "Id"), session.id[:8]),
    ]
    for words, value in ((translate("Sessions", "Token"), session.token),
                         (translate("Sessions", "Paid by"), _payment(session.payment_method))):  # fmt: skip
        if value:
            rows.append((words, value))
    if source != RECORDED:
        rows.insert(0, (translate("Sessions", "Source"), translate("Sessions", "imported: {s}").format(s=source)))
    if session.apparent_energy_vah is not None:
        rows.append((translate("Sessions", "Apparent energy"), quantity(session.apparent_energy_vah, "VAh")))
    return f"<table cellpadding='1'>{''.join(_row(name, text) for name, text in rows)}</table>"


def twin_facts(line: SessionLine) -> list[tuple[str, str]]:
    """Return why a session is left out of sums, as a name and a text; nothing where it counts."""
    if line.twin is None:
        return []
    if line.twin.of is None:
        return [(translate("Sessions", "Counts"), translate("Sessions", "no: it was credited"))]
    words = translate("Sessions", "no: it tells session {id} once more. Correct… lets it count.")
    return [(translate("Sessions", "Counts"), words.format(id=line.twin.of[:8]))]


def _no_end(source: str) -> str:
    return translate("Sessions", "running") if source == RECORDED else translate("Sessions", "not in the file")


def _row(name: str, text: str) -> str:
    return f"<tr><td style='padding-right:10px'>{escape(name)}</td><td>{escape(text)}</td></tr>"


def _started(line: SessionLine) -> str:
    return local_time(datetime.fromtimestamp(line.started, UTC)) + _mark(line, "clock_s")


def _mark(line: SessionLine, field: str) -> str:
    return translate("Sessions", " (corrected)") if field in line.corrected else ""


def _ended_by(line: SessionLine) -> str:
    if line.ended is None and line.source == RECORDED and line.stop_reason is None:
        return translate("Sessions", "running")
    words = stop_reason(line.stop_reason)
    return f"{words} ({line.error_code})" if line.error_code else words


def _source(session: ChargingSession) -> str:
    return energy_source(session.energy_source)


def _payment(method: str | None) -> str:
    return {
        "rfid": translate("Sessions", "card (RFID)"), "app": translate("Sessions", "app"),
        "ad_hoc": translate("Sessions", "ad hoc (bank card, QR)"), "contract": translate("Sessions", "contract"),
        "plug_and_charge": translate("Sessions", "plug and charge"), "remote": translate("Sessions", "remote start"),
        "key_code": translate("Sessions", "key code"), "local": translate("Sessions", "at the charger"),
        "vehicle": translate("Sessions", "vehicle (Autocharge)"), "none": translate("Sessions", "free"),
        "other": translate("Sessions", "other"),
    }.get(method or "", method or "")  # fmt: skip


def _titles() -> tuple[str, ...]:
    return (
        translate("Sessions", "Started"),
        translate("Sessions", "Charger"),
        translate("Sessions", "Site"),
        translate("Sessions", "Ended by"),
        translate("Sessions", "Duration"),
        translate("Sessions", "Energy"),
        translate("Sessions", "Peak"),
        translate("Sessions", "Gaps"),
    )


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _RIGHT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
