"""Checks one charge record: recomputes it, compares, asks the witnesses, and looks for the likely mistake."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from evtech.billing.causes import Cause, likely_causes
from evtech.billing.cdr import Cdr
from evtech.billing.comparison import Figures, compare, figures
from evtech.billing.errors import BillingError
from evtech.billing.findings import Discrepancy
from evtech.billing.ledger import Pricing
from evtech.billing.ocpi import read_cdr, read_tariffs
from evtech.billing.pricing import active_lines, price_lines
from evtech.billing.session import Session
from evtech.billing.splitting import unsplit_dimensions
from evtech.billing.tariff import Tariff
from evtech.billing.tariff_files import TariffSource
from evtech.billing.witnesses import (
    Displayed,
    Recorded,
    Signed,
    compare_recorded,
    compare_signed,
    displayed_price,
    recorded_from,
)
from evtech.billing.zones import Zone, find_zone

if TYPE_CHECKING:
    from evtech.billing.signed_values import VerifyResult
    from evtech.store.records import ChargingSession


@dataclass(frozen=True, slots=True)
class CheckResult:
    """The answer about one record.

    ``result``: match, mismatch or error. With an error ``error`` is its code (see ``BillingError``), ``message`` and
    ``hint`` are for people, and what was known before it is kept; the rest is ``None`` or empty.
    """

    result: str
    error: str | None = None
    message: str | None = None
    hint: str | None = None
    cdr: Cdr | None = None
    zone: Zone | None = None
    pricing: Pricing | None = None
    figures: Figures | None = None
    discrepancies: tuple[Discrepancy, ...] = ()
    causes: tuple[Cause, ...] = ()
    signed: Signed | None = None
    recorded: Recorded | None = None
    displayed: Displayed | None = None
    verified: "VerifyResult | None" = None  # the whole verdict that ``signed`` is taken from
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckOptions:
    """What is given beside the record: zone name, OCPI version, key of the meter, recording, price on the display.

    ``verified``: signed values that came in a file of their own; they count instead of those in the record.
    """

    timezone: str | None = None
    version: str = "auto"
    public_key: str | None = None
    recording: "ChargingSession | None" = None
    displayed: Decimal | None = None
    verified: "VerifyResult | None" = None


def check_cdr(value: Any, tariffs: TariffSource | None = None, options: CheckOptions = CheckOptions()) -> CheckResult:
    """Return the answer about the record in a JSON value (``json_files.read_json``); never raises for a bad one.

    ``tariffs`` gives the tariffs to check against (``tariff_files``); without it those inside the record count.
    """
    known = CheckResult("error")
    try:
        cdr = read_cdr(value, options.version)
        known = replace(known, cdr=cdr)
        notes = list(cdr.notes)
        usable = tariffs(notes) if tariffs else read_tariffs(cdr.tariffs if cdr.tariffs is not None else [], notes)
        zone = find_zone(options.timezone, cdr.time_zone, cdr.country)
        known = replace(known, zone=zone)
        return _check(known, cdr, usable, zone, notes, options)
    except BillingError as error:
        return replace(known, error=error.code, message=str(error), hint=error.hint)


def signed_from(found: "VerifyResult") -> Signed:
    """Return what a verdict on signed values says about the session."""
    return Signed(
        signature=found.result,
        format=found.format,
        energy_kwh=found.transaction.energy_kwh,
        begin=found.transaction.begin,
        end=found.transaction.end,
        meter_serial=found.meter_serial,
        user_id=found.user_id,
        key_source=found.key_source,
    )


def verified_values(cdr: Cdr, options: CheckOptions) -> "VerifyResult | None":
    """Return the verdict on the signed values that were given, else on those in the record."""
    if options.verified is not None or not cdr.signed_data:
        return options.verified
    from evtech.billing.signatures import verify_cdr  # cryptography is loaded only where something is signed

    return verify_cdr(cdr.signed_data, options.public_key)


def _check(
    known: CheckResult, cdr: Cdr, tariffs: list[Tariff], zone: Zone, notes: list[str], options: CheckOptions
) -> CheckResult:
    session = Session(cdr, tariffs, zone.info)
    pricing = price_lines(active_lines(session), session)
    totals = figures(cdr, pricing)
    unsplit = list(unsplit_dimensions(session))
    found = compare(session, pricing, totals, unsplit)
    wrong_total = any(d.code == "amount_mismatch" and d.field.startswith("total_cost.") for d in found)
    verified = verified_values(cdr, options)
    signed = signed_from(verified) if verified else None
    recorded = recorded_from(options.recording, cdr) if options.recording else None
    found += compare_signed(cdr, signed) if signed else []
    found += compare_recorded(cdr, recorded) if recorded else []
    return replace(
        known,
        result="mismatch" if any(d.severity == "error" for d in found) else "match",
        pricing=pricing,
        figures=totals,
        discrepancies=tuple(found),
        causes=tuple(likely_causes(session, tariffs, pricing)) if wrong_total else (),
        signed=signed,
        verified=verified,
        recorded=recorded,
        displayed=None if options.displayed is None else displayed_price(options.displayed, cdr, pricing.total),
        notes=tuple(
            dict.fromkeys(
                [
                    *notes,
                    *_unchecked(session),
                    *_named_tariffs(session),
                    *_unfinished(unsplit),
                    *_two_signed(cdr, options),
                ]
            )
        ),
    )


def _unchecked(session: Session) -> Iterable[str]:
    """Return the restrictions that were taken as met because the periods lack the value, once each."""
    seen: dict[str, int] = {}
    for index, period in enumerate(session.cdr.periods):
        for element in session.tariff_of(index).elements:
            if element.restrictions is not None:
                for name in element.restrictions.unknown_at(period.volumes):
                    seen[name] = seen.get(name, 0) + 1
    return [f"{name} cannot be checked in some periods: they lack {name.upper()}. It is taken as met." for name in seen]


def _named_tariffs(session: Session) -> Iterable[str]:
    names = {period.tariff_id for period in session.cdr.periods if period.tariff_id}
    known = {session.tariff_of(i).id for i in range(len(session.cdr.periods))}
    unknown = sorted(names - known)[:5]
    return [f"Periods name the tariff {', '.join(unknown)}, which is not at hand."] if unknown else []


def _unfinished(unsplit: list[tuple[int, str | None]]) -> Iterable[str]:
    if unsplit and unsplit[-1][1] is None:
        yield f"Whether periods should have been split was looked at up to period {unsplit[-1][0]} only."


def _two_signed(cdr: Cdr, options: CheckOptions) -> Iterable[str]:
    if options.verified is not None and cdr.signed_data:
        yield "The record carries signed values too; those of the given file were used."
