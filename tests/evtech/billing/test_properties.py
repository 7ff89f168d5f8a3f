"""Properties of every session and tariff, over generated ones."""

from datetime import datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from evtech.billing.ledger import NOTHING
from evtech.measure.money import Cost, rounded
from tests.evtech.billing import oracle
from tests.evtech.billing.records import START, cdr, check, component, element, stamp, tariff

ZONES = ("UTC", "Europe/Amsterdam", "America/New_York", "Asia/Kolkata")
FIELDS = {
    "ENERGY": "total_energy_cost",
    "TIME": "total_time_cost",
    "PARKING_TIME": "total_parking_cost",
    "FLAT": "total_fixed_cost",
}

prices = st.decimals(0, 20, places=4)
steps = st.sampled_from([0, 1, 60, 300, 500, 900, 1000])
vats = st.sampled_from([None, "0", "7", "19", "25.5"])
clocks = st.sampled_from(["00:00", "06:00", "07:30", "09:00", "09:45", "10:00", "17:00", "23:59"])


@st.composite
def components(draw: st.DrawFn) -> dict[str, Any]:
    kind = draw(st.sampled_from(["ENERGY", "TIME", "PARKING_TIME", "FLAT"]))
    return component(kind, str(draw(prices)), draw(vats), draw(steps))


@st.composite
def elements(draw: st.DrawFn) -> dict[str, Any]:
    r: dict[str, Any] = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "start_time": clocks,
                "end_time": clocks,
                "min_kwh": st.sampled_from([0, 3, 10]),
                "max_kwh": st.sampled_from([3, 10, 20]),
                "min_duration": st.sampled_from([0, 600, 1800]),
                "max_duration": st.sampled_from([600, 1800, 7200]),
                "min_power": st.sampled_from([0, 11, 50]),
                "max_power": st.sampled_from([11, 50]),
                "day_of_week": st.sampled_from([["TUESDAY"], ["MONDAY", "SUNDAY"], []]),
                "start_date": st.sampled_from(["2025-03-11", "2025-03-12"]),
                "end_date": st.sampled_from(["2025-03-12", "2025-03-13"]),
            },
        )
    )
    kept = draw(st.sets(st.sampled_from(sorted(r)), max_size=3)) if r else set()
    return element(*draw(st.lists(components(), min_size=1, max_size=3)), **{name: r[name] for name in kept})


tariffs = st.lists(elements(), min_size=1, max_size=5).map(lambda made: tariff(*made))


@st.composite
def sessions(draw: st.DrawFn) -> dict[str, Any]:
    """Periods of whole seconds that fit into each other; volumes have four decimals as in real records."""
    lengths = draw(st.lists(st.integers(60, 5400), min_size=1, max_size=6))
    at, made = 0, []
    for length in lengths:
        hours = (Decimal(length) / 3600).quantize(Decimal("0.0001"))
        kind = draw(st.sampled_from(["TIME", "PARKING_TIME"]))
        dimensions = [{"type": kind, "volume": hours}]
        if kind == "TIME":
            dimensions.append({"type": "ENERGY", "volume": draw(st.decimals(0, 12, places=3))})
        if draw(st.booleans()):
            power = draw(st.sampled_from([Decimal(3), Decimal(11), Decimal(60)]))
            dimensions += [{"type": name, "volume": power} for name in ("MIN_POWER", "MAX_POWER")]
        made.append({"start_date_time": stamp(START + timedelta(seconds=at)), "dimensions": dimensions})
        at += length
    return cdr(*made, minutes=at / 60)


@settings(max_examples=150, deadline=None)
@given(sessions(), tariffs, st.sampled_from(ZONES))
def test_prices_are_those_of_an_independent_reading_of_the_rules(
    record: dict[str, Any], prices: dict[str, Any], zone: str
) -> None:
    expected = {FIELDS[type_]: Cost(*sums) for type_, sums in oracle.costs(record, prices, zone).items()}
    result = check(record, prices, zone=zone)
    assert result.pricing and result.pricing.costs == expected


@settings(max_examples=75, deadline=None)
@given(sessions(), tariffs, st.sampled_from(ZONES))
def test_a_bill_by_the_rules_is_a_match(record: dict[str, Any], prices: dict[str, Any], zone: str) -> None:
    stated: dict[str, Any] = {}
    sums = oracle.costs(record, prices, zone)
    for name, (excl, incl) in [(FIELDS[t], s) for t, s in sums.items()] + [
        ("total_cost", tuple(sum((s[side] for s in sums.values()), Fraction(0)) for side in (0, 1)))
    ]:
        stated[name] = {"excl_vat": rounded(excl), "incl_vat": rounded(incl)}
    result = check(record | stated, prices, zone=zone)
    assert (result.result, result.causes) == ("match", ())


@settings(max_examples=75, deadline=None)
@given(sessions(), tariffs)
def test_the_total_is_the_sum_of_its_lines(record: dict[str, Any], prices: dict[str, Any]) -> None:
    pricing = check(record, prices).pricing
    assert pricing is not None
    assert pricing.total == sum((line.cost for line in pricing.lines), Cost(NOTHING, NOTHING))


@settings(max_examples=75, deadline=None)
@given(sessions(), tariffs, st.data())
def test_splitting_a_period_where_nothing_changes_does_not_change_the_price(
    record: dict[str, Any], prices: dict[str, Any], data: st.DataObject
) -> None:
    result = check(record, prices)
    unsplit = {d.field for d in result.discrepancies if d.code == "period_not_split"}
    index = data.draw(st.integers(0, len(record["charging_periods"]) - 1))
    if f"charging_periods[{index}]" in unsplit or _fee_becomes_active(record, prices):
        return
    assert result.pricing and (again := check(_halved(record, index), prices).pricing)
    assert again.total == result.pricing.total


def _fee_becomes_active(record: dict[str, Any], prices: dict[str, Any]) -> bool:
    """Whether a fee depends on anything: a new period may then be the first in which it is active."""
    return any(c["type"] == "FLAT" and "restrictions" in e for e in prices["elements"] for c in e["price_components"])


def _halved(record: dict[str, Any], index: int) -> dict[str, Any]:
    """The record with one period in two halves; ampere and kilowatt stand in both."""
    old = list(record["charging_periods"])
    starts = [datetime.fromisoformat(p["start_date_time"]) for p in old]
    end = [*starts[1:], datetime.fromisoformat(record["end_date_time"])][index]
    half = [
        {"type": d["type"], "volume": d["volume"] if "POWER" in d["type"] else d["volume"] / 2}
        for d in old[index]["dimensions"]
    ]
    middle = (starts[index] + (end - starts[index]) / 2).isoformat()
    first = {"start_date_time": old[index]["start_date_time"], "dimensions": half}
    new = [*old[:index], first, {"start_date_time": middle, "dimensions": half}, *old[index + 1 :]]
    return record | {"charging_periods": new}


@settings(max_examples=60, deadline=None)
@given(sessions(), tariffs, st.lists(elements(), max_size=3), st.data())
def test_elements_that_can_never_apply_change_nothing_wherever_they_stand(
    record: dict[str, Any], prices: dict[str, Any], extra: list[dict[str, Any]], data: st.DataObject
) -> None:
    expected = check(record, prices).pricing
    mixed = list(prices["elements"])
    for one in extra:
        never = one | {"restrictions": {"end_date": "2001-01-01"}}
        mixed.insert(data.draw(st.integers(0, len(mixed))), never)
    found = check(record, prices | {"elements": mixed}).pricing
    assert expected and found and (found.total, found.costs) == (expected.total, expected.costs)
