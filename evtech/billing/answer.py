"""The answer of ``evtech billing check`` as JSON values (schema ``evtech.billing.check/1``)."""

from dataclasses import asdict
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from evtech.billing.cdr import COSTS, QUANTITIES, Cdr
from evtech.billing.check import CheckResult
from evtech.billing.ledger import Line
from evtech.measure.money import Cost, rounded


def check_json(result: CheckResult) -> dict[str, Any]:
    """Return the answer; numbers have at most four decimals, those of the record stay as stated."""
    cdr, zone, pricing = result.cdr, result.zone, result.pricing
    return {
        "schema": "evtech.billing.check/1",
        "cdr_id": cdr.id if cdr else None,
        "result": result.result,
        "error": result.error,
        "message": result.message,
        "ocpi_version": cdr.version if cdr else None,
        "timezone": zone.name if zone else None,
        "timezone_source": zone.source if zone else None,
        "currency": cdr.currency if cdr else None,
        "tariff_id": pricing.tariff.id if pricing else None,
        "limit_applied": pricing.limit_applied if pricing else None,
        "calculated": _calculated(result),
        "stated": _stated(cdr) if cdr else None,
        "periods": _periods(result),
        "discrepancies": [
            {
                "code": d.code,
                "field": d.field,
                "severity": d.severity,
                "stated": plain(d.stated),
                "calculated": plain(d.calculated),
                "difference": plain(d.difference),
                "message": d.message,
            }
            for d in result.discrepancies
        ],
        "likely_causes": [cause.code for cause in result.causes],
        "causes": [{"code": c.code, "detail": c.detail, "total_cost": _cost(c.total)} for c in result.causes],
        "signed": {name: plain(value) for name, value in asdict(result.signed).items()} if result.signed else None,
        "recorded": (
            {name: plain(value) for name, value in asdict(result.recorded).items()} if result.recorded else None
        ),
        "displayed": (
            {name: plain(value) for name, value in asdict(result.displayed).items()} if result.displayed else None
        ),
        "notes": list(result.notes),
    }


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: exact numbers rounded to four decimals, moments in UTC."""
    if isinstance(value, Fraction):
        value = rounded(value)
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() and value.as_tuple().exponent == 0 else float(value)
    return moment(value) if isinstance(value, datetime) else value


def moment(value: datetime) -> str:
    """Return a moment in UTC with milliseconds and ``Z``."""
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _cost(cost: Cost) -> dict[str, Any]:
    return {"excl_vat": plain(cost.excl_vat), "incl_vat": plain(cost.incl_vat)}


def _calculated(result: CheckResult) -> dict[str, Any] | None:
    if result.figures is None:
        return None
    costs = {name: _cost(cost) for name, cost in result.figures.costs.items()}
    return costs | {name: plain(value) for name, value in result.figures.quantities.items()}


def _stated(cdr: Cdr) -> dict[str, Any]:
    costs = {
        name: {"excl_vat": plain(cdr.costs[name].excl_vat), "incl_vat": plain(cdr.costs[name].incl_vat)}
        for name in COSTS
        if name in cdr.costs
    }
    return costs | {name: plain(cdr.quantities[name]) for name in QUANTITIES if name in cdr.quantities}


def _periods(result: CheckResult) -> list[dict[str, Any]]:
    cdr, zone, pricing = result.cdr, result.zone, result.pricing
    if cdr is None or zone is None or pricing is None:
        return []
    dimensions: list[dict[str, Any]] = [{} for _ in cdr.periods]
    for line in pricing.lines:
        dimensions[line.period][line.dimension] = _line(line, cdr.has_vat)
    return [
        {
            "index": index,
            "start": moment(period.start),
            "end": moment(cdr.end_of(index)),
            "local_start": period.start.astimezone(zone.info).isoformat(),
            "dimensions": dimensions[index],
        }
        for index, period in enumerate(cdr.periods)
    ]


def _line(line: Line, has_vat: bool) -> dict[str, Any]:
    component, cost = line.component, line.cost
    return {
        "volume": plain(line.volume),
        "billed": plain(line.billed) if component else 0,
        "price": plain(component.price) if component else None,
        "vat": plain(component.vat) if component else None,
        "step_size": component.step_size if component else None,
        "element": line.element,
        "cost": _cost(cost if has_vat else Cost(cost.excl_vat, None)) if component else None,
    }
