"""The long-term charts of ports and the signed records of bills, kept as rows beside the sessions.

A port's history is read from the compact rows of its sessions and from its calibrations. Its findings are one row; the
row changes only when they do.
"""

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from evtech.errors import ArchiveError, EvtechError, InputError
from evtech.insights.anomalies import Anomaly
from evtech.insights.figures import from_json
from evtech.insights.kept_findings import KIND, TREND, in_force, is_same, result_of, subject_of
from evtech.insights.rule_limits import SampleLimits, load_limits
from evtech.insights.signed_rules import signed_anomalies
from evtech.insights.trend_rules import Dated, PortHistory, Seen, trend_anomalies
from evtech.store.check_rows import of_port, ports
from evtech.store.imports import port_names
from evtech.store.records import ChargingSession
from evtech.store.results import Result

if TYPE_CHECKING:
    from evtech.store.archive import Archive

ADJUSTMENT = "adjustment"
CALIBRATION = "calibration"
BILL = "billing"
Errors = dict[str, dict[str, list[Dated]]]  # by port and load point


def check_ports(
    archive: "Archive", names: Sequence[str], limits: SampleLimits, stop: Callable[[], bool] = lambda: False
) -> list[Anomaly]:
    """Draw the charts of ports anew, keep what changed, and return all that they say; ``stop`` is asked before each."""
    if not names:
        return []
    by_subject = {subject_of(row): row for row in in_force(archive.results(TREND))}
    errors, adjusted = _calibrated(archive)
    found: list[Anomaly] = []
    for name in names:
        if stop():
            break
        with archive.reading() as connection:
            checks = of_port(connection, name)
        sessions = [Seen(c.session_id, c.started, c.ended, from_json(c.figures)) for c in checks]
        own = PortHistory(name, sessions, errors.get(name, {}), adjusted.get(name, ()))
        found += _kept(archive, name, trend_anomalies(own, limits), by_subject)
    return found


def redraw(archive: "Archive", names: Iterable[str]) -> None:
    """Draw the charts of ports anew after sessions came from elsewhere; names as sources write them.

    What came is in already: where nothing more can be written, a chart is drawn with its port's next session.
    """
    with archive.reading() as connection:
        known = port_names(connection)
    with suppress(ArchiveError):
        check_ports(archive, sorted({known.of(name) for name in names}), load_limits())


def check_bills(archive: "Archive", limits: SampleLimits, only: Result | None = None) -> list[Anomaly]:
    """Look at the signed records of kept bills that belong to a session, and keep what is wrong with them."""
    found: list[Anomaly] = []
    for bill in [only] if only is not None else archive.results(BILL):
        if bill.session_id is None:
            continue
        try:
            session = archive.session(bill.session_id)
        except EvtechError:
            continue  # a bill that came without its session
        anomalies = signed_anomalies(bill, session, limits)
        rows = in_force([r for r in archive.results(session_id=session.id) if r.kind == KIND])
        found += _kept(archive, f"bill {bill.id}", anomalies, {subject_of(r): r for r in rows}, KIND, session)
    return found


def adjusted(archive: "Archive", port: str, at: datetime, *, reason: str, technician: str) -> Result:
    """Keep that a port was adjusted: its charts begin anew from then on; raise ``InputError`` for an unknown port."""
    with archive.reading() as connection:
        known = ports(connection)
    fits = [name for name in known if port.casefold() in name.casefold()]
    if len(fits) != 1:
        said = f"{len(fits)} ports have {port!r} in their name." if fits else f"There is no port {port!r}."
        raise InputError(said, f"Ports: {', '.join(known[:10]) or 'none'}.")
    if not reason.strip() or not technician.strip():
        raise InputError("An adjustment needs its reason and who made it.", "Give --reason and --technician.")
    body = {"port": fits[0], "at": at.timestamp(), "reason": reason.strip(), "technician": technician.strip()}
    row = Result(ADJUSTMENT, f"{fits[0]} was adjusted: {reason.strip()}", body)
    archive.add_result(row)
    return row


def calibrated_ports(archive: "Archive", part: str | None = None) -> set[str]:
    """Return the ports that have calibrations and whose name holds ``part``."""
    names = {_port(row.body.get("record", {})) for row in archive.results(CALIBRATION)}
    return {name for name in names if name and (part or "").casefold() in name.casefold()}


def _calibrated(archive: "Archive") -> tuple[Errors, dict[str, list[float]]]:
    """Return errors by port and load point, and when each port was adjusted (s since 1970)."""
    adjusted: dict[str, list[float]] = {}
    for row in archive.results(ADJUSTMENT):
        adjusted.setdefault(str(row.body.get("port")), []).append(float(row.body.get("at") or row.at.timestamp()))
    errors: Errors = {}
    for row in sorted(archive.results(CALIBRATION), key=lambda r: r.at):
        record = row.body.get("record", {})
        name, at = _port(record), row.at.timestamp()
        if record.get("adjustment") == "as_left" and name:
            adjusted.setdefault(name, []).append(at)
        for point in row.body.get("result", {}).get("points", ()):
            if name and point.get("error_pct") is not None:
                series = errors.setdefault(name, {}).setdefault(str(point.get("name")), [])
                series.append(Dated(at, at, float(point["error_pct"])))
    return errors, adjusted


def _port(record: dict[str, Any]) -> str:
    """Return a calibrated device's name as sessions name their port."""
    device = record.get("device") or {}
    return " ".join(str(device[key]) for key in ("vendor", "model", "serial_number") if device.get(key))


def _kept(
    archive: "Archive", subject: str, found: Sequence[Anomaly], rows: dict[str, Result], kind: str = TREND,
    session: ChargingSession | None = None,
) -> Sequence[Anomaly]:  # fmt: skip
    before = rows.get(subject)
    if not (is_same(before, found) if before is not None else not found):
        row = result_of(found, kind=kind, subject=subject, replaces=before.id if before else None, session=session)
        archive.add_result(row)
    return found
