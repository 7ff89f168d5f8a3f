"""Charging sessions as rows of a table, and their facts as lines."""

from datetime import UTC, datetime
from html import escape

from PySide6.QtCore import QAbstractTableModel, QModelIndex, Qt

from evtech.store.records import ChargingSession
from ui.words import duration, energy_source, local_time, phase_word, quantity, stop_reason, translate

STARTED, CHARGER, DURATION, ENERGY, PEAK, ENDED_BY, GAPS = range(7)
_RIGHT = (DURATION, ENERGY, PEAK, GAPS)


class SessionsModel(QAbstractTableModel):
    """Sessions as rows."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[ChargingSession] = []
        self.imported: dict[str, str] = {}  # from whom, by visit

    def show_rows(self, rows: list[ChargingSession]) -> None:
        """Replace the rows."""
        self.beginResetModel()
        self.rows = rows
        self.endResetModel()

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
        if role != Qt.ItemDataRole.DisplayRole:
            return None
        session = self.rows[index.row()]
        signer = self.imported.get(session.visit_id) if index.column() == CHARGER else None
        text = cell(session, index.column())
        return translate("Sessions", "{name} · imported from {who}").format(name=text, who=signer) if signer else text


def cell(session: ChargingSession, column: int) -> str:
    """Return the text of one cell."""
    end = session.ended or session.last_seen or datetime.now(UTC)
    gaps = str(len(session.gaps)) if session.gaps else translate("Sessions", "none")
    return {
        STARTED: lambda: local_time(session.started),
        CHARGER: lambda: charger(session),
        DURATION: lambda: duration((end - session.started).total_seconds()),
        ENERGY: lambda: energy(session),
        PEAK: lambda: quantity(session.peak_power_w, "W"),
        ENDED_BY: lambda: stop_reason(session.stop_reason) if session.ended else translate("Sessions", "running"),
        GAPS: lambda: gaps,
    }[column]()


def charger(session: ChargingSession) -> str:
    """Return the charger's name; a simulated one says so."""
    name = f"{session.charger.vendor} {session.charger.model}"
    return translate("Sessions", "{name} (simulated)").format(name=name) if session.simulated else name


def energy(session: ChargingSession) -> str:
    """Return the session's energy; apparent energy where the device counts nothing else."""
    if session.energy_wh is None and session.apparent_energy_vah is not None:
        return quantity(session.apparent_energy_vah, "VAh")
    return quantity(session.energy_wh, "Wh")


def totals(shown: list[ChargingSession], hidden: int) -> str:
    """Return number and energy of the rows shown, and how many a filter hides."""
    sum_wh = quantity(sum(session.energy_wh or 0.0 for session in shown), "Wh")
    if len(shown) == 1:
        text = translate("Sessions", "1 session, {energy}").format(energy=sum_wh)
    else:
        text = translate("Sessions", "{n} sessions, {energy}").format(n=len(shown), energy=sum_wh)
    apparent = sum(1 for session in shown if session.energy_wh is None)
    if apparent:
        text += translate("Sessions", " ({n} without energy in kWh)").format(n=apparent)
    return text + (translate("Sessions", " · {n} hidden by the filter").format(n=hidden) if hidden else "")


def facts(session: ChargingSession) -> str:
    """Return a session's facts as rich text."""
    start, stop = quantity(session.register_start_wh, "Wh", 4), quantity(session.register_end_wh, "Wh", 4)
    phases = ", ".join(phase_word(span.phase) for span in session.phases)
    gaps = ", ".join(f"{(gap.end - gap.start).total_seconds():.0f} s: {gap.reason}" for gap in session.gaps)
    faults = ", ".join(str(error.get("code", "?")) for error in session.errors)
    rows = [
        (translate("Sessions", "Charger"), charger(session)),
        (translate("Sessions", "Serial number"), session.charger.serial_number or "—"),
        (translate("Sessions", "From"), local_time(session.started)),
        (translate("Sessions", "To"), local_time(session.ended) if session.ended else cell(session, ENDED_BY)),
        (translate("Sessions", "Energy"), f"{quantity(session.energy_wh, 'Wh')} ({_source(session)})"),
        (translate("Sessions", "Register"), f"{start} → {stop}"),
        (translate("Sessions", "Charging"), duration(session.charging_s)),
        (translate("Sessions", "Mean power"), quantity(session.mean_power_w, "W")),
        (translate("Sessions", "Phases"), phases or "—"),
        (translate("Sessions", "Gaps"), gaps or translate("Sessions", "none")),
        (translate("Sessions", "Faults"), faults or translate("Sessions", "none")),
        (translate("Sessions", "Notes"), "; ".join(session.notes) or "—"),
        (translate("Sessions", "Id"), session.id[:8]),
    ]
    if session.apparent_energy_vah is not None:
        rows.insert(5, (translate("Sessions", "Apparent energy"), quantity(session.apparent_energy_vah, "VAh")))
    cells = "".join(f"<tr><td style='padding-right:10px'>{n}</td><td>{escape(text)}</td></tr>" for n, text in rows)
    return f"<table cellpadding='1'>{cells}</table>"


def _source(session: ChargingSession) -> str:
    return energy_source(session.energy_source)


def _titles() -> tuple[str, ...]:
    return (
        translate("Sessions", "Started"),
        translate("Sessions", "Charger"),
        translate("Sessions", "Duration"),
        translate("Sessions", "Energy"),
        translate("Sessions", "Peak"),
        translate("Sessions", "Ended by"),
        translate("Sessions", "Gaps"),
    )


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in _RIGHT else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter
