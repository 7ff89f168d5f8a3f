"""Charge records and tariffs for tests, built from a few words. Numbers are exact; times are UTC unless said."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from evtech.billing.check import CheckOptions, CheckResult, check_cdr
from evtech.billing.tariff_files import from_values

START = datetime(2025, 3, 11, 9, tzinfo=UTC)  # a Tuesday


def component(type_: str, price: str, vat: str | None = None, step: int = 1) -> dict[str, Any]:
    made: dict[str, Any] = {"type": type_, "price": Decimal(price), "step_size": Decimal(step)}
    return made if vat is None else made | {"vat": Decimal(vat)}


def element(*components: dict[str, Any], **restrictions: Any) -> dict[str, Any]:
    """An element; restrictions by their OCPI names, numbers as int or text."""
    made: dict[str, Any] = {"price_components": list(components)}
    if restrictions:
        made["restrictions"] = {name: exact(value) for name, value in restrictions.items()}
    return made


def exact(value: Any) -> Any:
    return Decimal(str(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


def tariff(*elements: dict[str, Any], **fields: Any) -> dict[str, Any]:
    base = {"country_code": "NL", "party_id": "EVT", "id": "T", "currency": "EUR", "elements": list(elements)}
    return base | {"last_updated": "2025-01-01T00:00:00Z"} | fields


def cost(excl: str, incl: str | None = None) -> dict[str, Decimal]:
    return {"excl_vat": Decimal(excl)} | ({} if incl is None else {"incl_vat": Decimal(incl)})


def period(minutes: float = 0, **volumes: Any) -> dict[str, Any]:
    """A period that starts so many minutes after START; volumes by dimension."""
    dimensions = [{"type": name, "volume": exact(volume)} for name, volume in volumes.items()]
    return {"start_date_time": stamp(START + timedelta(minutes=minutes)), "dimensions": dimensions}


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def cdr(*periods: dict[str, Any], minutes: float = 60, **fields: Any) -> dict[str, Any]:
    """A record of 2.2.1 that starts at START and states a total of 0; other totals are those of its periods."""
    volumes = [(d["type"], d["volume"]) for p in periods for d in p["dimensions"]]
    hours = (Decimal(str(minutes)) / 60).quantize(Decimal("0.0001"))
    base: dict[str, Any] = {
        "id": "C",
        "start_date_time": stamp(START),
        "end_date_time": stamp(START + timedelta(minutes=minutes)),
        "currency": "EUR",
        "cdr_location": {"country": "NLD"},
        "charging_periods": list(periods),
        "total_cost": cost("0"),
        "total_energy": sum((volume for kind, volume in volumes if kind == "ENERGY"), Decimal(0)),
        "total_time": hours,
    }
    return base | fields


def check(record: dict[str, Any], *tariffs: dict[str, Any], zone: str | None = "UTC", **options: Any) -> CheckResult:
    return check_cdr(record, from_values(tariffs) if tariffs else None, CheckOptions(zone, **options))


def total(record: dict[str, Any], *tariffs: dict[str, Any], zone: str | None = "UTC") -> tuple[str, str | None]:
    """What the session costs without and with VAT, rounded to four decimals and without trailing zeros."""
    from evtech.measure.money import rounded

    result = check(record, *tariffs, zone=zone)
    assert result.pricing is not None, result.message
    found = result.pricing.total
    return short(rounded(found.excl_vat)), None if found.incl_vat is None else short(rounded(found.incl_vat))


def short(value: Decimal) -> str:
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def codes(result: CheckResult) -> list[tuple[str, str]]:
    """The discrepancies as (code, field); the total is not looked at, since most tests state none."""
    return [(d.code, d.field) for d in result.discrepancies if not d.field.startswith("total_cost")]
