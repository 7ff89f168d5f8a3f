"""What others say about the session: the meter's signed values, and the technician's own recording.

The signed values bind energy, times, meter and user. The recording was made by evtech beside the charger; the
charger's clock may be off against the laptop's, which shows as begin and end shifted by the same amount.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING

from evtech.billing.cdr import Cdr
from evtech.billing.comparison import TOLERANCE_KWH, stated_total
from evtech.billing.findings import Discrepancy, of_numbers
from evtech.measure.money import Cost

if TYPE_CHECKING:
    from evtech.store.records import ChargingSession

TOLERANCE_S = 60  # between the clocks of a meter, a back office and a laptop
COUNTED_KWH = Fraction("0.01")  # both readings of a register are taken up to a poll late, at a step of some Wh
INTEGRATED_SHARE = Fraction(2, 100)  # energy added up from power is no counter


@dataclass(frozen=True, slots=True)
class Signed:
    """What the signed values of a record say; ``signature`` is the verdict on them.

    ``signature``: valid, invalid, no_key, unsupported or malformed. ``key_source``: option, container or record.
    """

    signature: str
    format: str
    energy_kwh: Decimal | None = None
    begin: datetime | None = None
    end: datetime | None = None
    meter_serial: str | None = None
    user_id: str | None = None
    key_source: str | None = None


@dataclass(frozen=True, slots=True)
class Recorded:
    """What the technician's recording says: kWh, begin and end in UTC, and how far it can be relied on.

    ``clock_offset_s`` is how much later the record's clock is than the recording's, where begin and end agree on it;
    ``complete`` is false where the recording began late or is still running, so its energy is no witness.
    """

    session_id: str
    energy_kwh: Decimal | None
    energy_source: str | None
    begin: datetime
    end: datetime | None
    complete: bool
    gaps: int
    begin_difference_s: float
    end_difference_s: float | None
    clock_offset_s: float | None


@dataclass(frozen=True, slots=True)
class Displayed:
    """The price that somebody read from the charger's display, and how far calculation and record are from it.

    Displays show the price with VAT; where VAT is unknown the amounts without VAT are compared.
    """

    amount: Decimal
    calculated_difference: Fraction
    stated_difference: Fraction | None


def displayed_price(amount: Decimal, cdr: Cdr, calculated: Cost) -> Displayed:
    """Return how far a price on a display is from the calculated and from the stated total, display minus total."""
    excl, incl = stated_total(cdr)
    stated = excl if calculated.incl_vat is None else incl
    total = calculated.excl_vat if calculated.incl_vat is None else calculated.incl_vat
    shown = Fraction(amount)
    return Displayed(amount, shown - total, None if stated is None else shown - Fraction(stated))


def compare_signed(cdr: Cdr, signed: Signed) -> Iterator[Discrepancy]:
    """Yield in what the record and its signed values disagree.

    A meter may sign the card's number or the contract's, in either case of letters: both are the same customer.
    """
    yield from _signature(signed)
    stated = cdr.quantities["total_energy"]
    if signed.energy_kwh is not None:
        energy = Fraction(signed.energy_kwh)
        if abs(Fraction(stated) - energy) > TOLERANCE_KWH:
            text = f"The energy is stated as {stated} kWh, the signed readings differ by {signed.energy_kwh} kWh."
            yield of_numbers("signed_energy_mismatch", "total_energy", text, stated, energy)
    for field, moment, word in (("start_date_time", signed.begin, "begin"), ("end_date_time", signed.end, "end")):
        if moment is not None and not _inside(cdr, moment):
            text = f"The signed {word} lies outside the session."
            own = cdr.start if word == "begin" else cdr.end
            yield Discrepancy("signed_time_mismatch", field, text, _clock(own), _clock(moment))
    if cdr.meter_id and signed.meter_serial and cdr.meter_id != signed.meter_serial:
        text = f"The record names meter {cdr.meter_id}, the signed values come from {signed.meter_serial}."
        yield Discrepancy("meter_mismatch", "meter_id", text, cdr.meter_id, signed.meter_serial)
    own_ids = {name.casefold() for name in (cdr.token_uid, cdr.contract_id) if name}
    if cdr.token_uid and signed.user_id and signed.user_id.casefold() not in own_ids:
        text = f"The record is for token {cdr.token_uid}, the signed values for {signed.user_id}."
        yield Discrepancy("token_mismatch", "cdr_token.uid", text, cdr.token_uid, signed.user_id)


def recorded_from(session: "ChargingSession", cdr: Cdr) -> Recorded:
    """Return what a recording says about a record."""
    begin_off = (cdr.start - session.started).total_seconds()
    end_off = (cdr.end - session.ended).total_seconds() if session.ended else None
    agree = end_off is not None and abs(begin_off - end_off) <= 5
    energy = None if session.energy_wh is None else Decimal(str(round(session.energy_wh / 1000, 6)))
    return Recorded(
        session_id=session.id,
        energy_kwh=energy,
        energy_source=session.energy_source,
        begin=session.started,
        end=session.ended,
        complete=session.ended is not None and not session.partial_start,
        gaps=len(session.gaps),
        begin_difference_s=begin_off,
        end_difference_s=end_off,
        clock_offset_s=round((begin_off + (end_off or 0)) / 2, 1) if agree else None,
    )


def compare_recorded(cdr: Cdr, recorded: Recorded) -> Iterator[Discrepancy]:
    """Yield in what the record and the technician's recording disagree; what was not recorded proves nothing."""
    stated = cdr.quantities["total_energy"]
    if recorded.energy_kwh is not None and recorded.complete:
        energy = Fraction(recorded.energy_kwh)
        counted = recorded.energy_source != "integrated_power"
        allowed = COUNTED_KWH if counted else max(COUNTED_KWH, abs(energy) * INTEGRATED_SHARE)
        if abs(Fraction(stated) - energy) > allowed:
            text = f"The energy is stated as {stated} kWh, the recording measured {recorded.energy_kwh} kWh."
            yield of_numbers("recorded_energy_mismatch", "total_energy", text, stated, energy)
    ends = (
        ("start_date_time", cdr.start, recorded.begin, recorded.begin_difference_s),
        ("end_date_time", cdr.end, recorded.end, recorded.end_difference_s),
    )
    for field, own, seen, difference in ends:
        if seen is None or difference is None or (field == "start_date_time" and not recorded.complete):
            continue
        if abs(difference) > TOLERANCE_S:
            text = f"The record says {_clock(own)}, the recording {_clock(seen)}: {difference:+.0f} s."
            yield Discrepancy("recorded_time_mismatch", field, text, _clock(own), _clock(seen))


def _signature(signed: Signed) -> Iterator[Discrepancy]:
    if signed.signature in ("invalid", "malformed"):
        how = "does not verify" if signed.signature == "invalid" else "cannot be read"
        yield Discrepancy("signature_invalid", "signed_data", f"The signature of the meter values {how}.")
    elif signed.signature == "no_key":
        text = "The meter values are signed, but no key is at hand: take it from the charger's label."
        yield Discrepancy("signature_no_key", "signed_data.public_key", text)


def _inside(cdr: Cdr, moment: datetime) -> bool:
    slack = timedelta(seconds=TOLERANCE_S)
    return cdr.start - slack <= moment <= cdr.end + slack


def _clock(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"
