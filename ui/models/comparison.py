"""Two sessions beside each other, with the difference where there is one."""

from datetime import timedelta
from html import escape

from evtech.store.records import ChargingSession
from ui.words import duration, quantity, stop_reason, translate


def comparison(one: ChargingSession, other: ChargingSession, shift: float = 0.0, shift_other: float = 0.0) -> str:
    """Return a table of both as rich text; the difference is the second minus the first, shifts correct clocks (s)."""
    rows = [("", translate("Sessions", "first"), translate("Sessions", "second"), translate("Sessions", "difference"))]
    for name, part in ((translate("Sessions", "Date"), "%Y-%m-%d"), (translate("Sessions", "From"), "%H:%M %z")):
        rows.append((name, _clock(one, shift, part), _clock(other, shift_other, part), ""))
    rows.append((translate("Sessions", "Charger"), one.charger.model, other.charger.model, ""))
    rows.append((translate("Sessions", "Serial number"), _serial(one), _serial(other), ""))
    for name, field, unit in (
        (translate("Sessions", "Energy"), "energy_wh", "Wh"),
        (translate("Sessions", "Mean power"), "mean_power_w", "W"),
        (translate("Sessions", "Peak"), "peak_power_w", "W"),
    ):
        a, b = getattr(one, field), getattr(other, field)
        difference = None if a is None or b is None else b - a
        rows.append((name, quantity(a, unit), quantity(b, unit), quantity(difference, unit)))
    for name, seconds in (
        (translate("Sessions", "Duration"), [_length(s) for s in (one, other)]),
        (translate("Sessions", "Charging"), [s.charging_s for s in (one, other)]),
    ):
        a, b = seconds
        sign = "−" if b < a else ""
        rows.append((name, duration(a), duration(b), sign + duration(abs(b - a))))
    rows.append((translate("Sessions", "Ended by"), stop_reason(one.stop_reason), stop_reason(other.stop_reason), ""))
    rows.append((translate("Sessions", "Faults"), _faults(one), _faults(other), ""))
    rows.append((translate("Sessions", "Gaps"), str(len(one.gaps)), str(len(other.gaps)), ""))
    cells = ("".join(f"<td style='{_STYLE}'>{escape(text)}</td>" for text in row) for row in rows)
    return "<table cellpadding='1'>" + "".join(f"<tr>{row}</tr>" for row in cells) + "</table>"


_STYLE = "padding-right:8px; white-space:nowrap"  # a unit below its number is hard to read


def one_line(session: ChargingSession, shift: float = 0.0) -> str:
    """Return when a session began and at which charger."""
    return (
        f"{_clock(session, shift, '%Y-%m-%d %H:%M %z')} · {session.charger.model} {session.charger.serial_number or ''}"
    )


def _clock(session: ChargingSession, shift: float, form: str) -> str:
    return (session.started + timedelta(seconds=shift)).astimezone().strftime(form)


def _serial(session: ChargingSession) -> str:
    return session.charger.serial_number or "—"


def _length(session: ChargingSession) -> float:
    end = session.ended or session.last_seen or session.started
    return (end - session.started).total_seconds()


def _faults(session: ChargingSession) -> str:
    return ", ".join(str(error.get("code", "?")) for error in session.errors) or "—"
