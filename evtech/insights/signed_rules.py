"""Rules over signed meter values that belong to a recorded session, as a kept bill holds them.

A signature that does not verify and a signed energy that is not the register's are both critical: one of them was
changed, or the record is another transaction's.
"""

from evtech.insights.anomalies import Anomaly, Evidence
from evtech.insights.finding_words import finding_text, finding_todo
from evtech.insights.rule_limits import SampleLimits
from evtech.insights.session_samples import profile_step
from evtech.store.records import ChargingSession
from evtech.store.results import Result
from evtech.store.session_list import line_of


def signed_anomalies(bill: Result, session: ChargingSession, limits: SampleLimits) -> list[Anomaly]:
    """Return what is wrong with a bill's signed values beside the session that was recorded."""
    signed = bill.body.get("signed") or {}
    found = []
    if signed.get("signature") == "invalid":
        found.append(_made(bill, session, "signature", None, None, meter=str(signed.get("meter_serial") or "?")))
    energy, own = signed.get("energy_kwh"), session.energy_wh
    is_register = session.energy_source == "register_difference" and not session.partial_start
    if energy is not None and own is not None and is_register:
        # the record is rounded too, and not taken at the very instant of a poll: a fine register's step is too little
        step = max(profile_step(session.charger.profile, session.register_point or "") or 0.0, limits.step_wh)
        limit = limits.session_steps * step
        difference = 1000 * float(energy) - own
        if abs(difference) > limit:
            found.append(_made(bill, session, "signed_energy", difference, limit, signed=float(energy),
                               recorded=own / 1000))  # fmt: skip
    return found


def _made(
    bill: Result, session: ChargingSession, said: str, value: float | None, limit: float | None, **figures: float | str
) -> Anomaly:
    start = session.started.timestamp()
    end = (session.ended or session.started).timestamp()
    told: dict[str, float | str] = {**figures}
    if value is not None and limit is not None:
        told |= {"value": value, "limit": limit}
    registers = [
        Evidence(at, session.register_point or "register", wh)
        for at, wh in ((start, session.register_start_wh), (end, session.register_end_wh))
        if wh is not None
    ]
    return Anomaly(
        "signature", "critical", line_of(session).port, start, end, value, limit, finding_text(said, told),
        finding_todo(said), session.id, f"{said} {bill.id[:8]}", tuple(registers), said, told,
    )  # fmt: skip
