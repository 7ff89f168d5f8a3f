"""Times as people write them, in every zone, and what is no time."""

import pytest

from evtech.errors import InputError
from evtech.exchange.times import Clock


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01T12:00:00Z",
        "2026-03-01 12:00:00",
        "2026-03-01T13:00:00+01:00",
        "2026-03-01 12:00:00 UTC",
        "2026-03-01T12:00:00.000Z",
        "2026-03-01 12:00:00,000",
        "01.03.2026 12:00:00",
        "1.3.2026 12:00",
        "01/03/2026 12:00:00 PM",
        "01-03-26 12:00",
        "2026/03/01 12:00:00",
        "1772366400",
        "1772366400000",
        " 1772366400.0 ",
    ],
)
def test_one_moment_in_many_writings(text: str) -> None:
    assert Clock().seconds(text) == 1772366400.0


@pytest.mark.parametrize(
    "text",
    ["", "x", "12:00", "2026-13-01 12:00", "31.02.2026 12:00", "01.03.2026 25:00", "0001-01-01T00:00:00+14:00",
     "9999-12-31T23:59:59-12:00", "1e400", "nan", "-5", "2026-03-01T12:00:00Z\0", "1/2/3 13:00 PM", "9" * 400],
)  # fmt: skip
def test_what_is_no_time(text: str) -> None:
    assert Clock().seconds(text) is None


def test_day_and_month_are_told_apart_by_the_order() -> None:
    assert Clock(order="month").seconds("03/01/2026 12:00") == 1772366400.0
    assert Clock(order="day").seconds("01/03/2026 12:00") == 1772366400.0


def test_a_zone_that_is_none_is_refused() -> None:
    for name in ("Mars/Base", "../etc/passwd", ""):
        with pytest.raises(InputError, match="is no time zone"):
            Clock(zone=name)


def test_an_hour_that_comes_twice_follows_what_came_before() -> None:
    clock = Clock("Europe/Berlin")
    first = clock.seconds("2025-10-26 02:30:00", 5)
    assert first is not None
    second = clock.seconds("2025-10-26 02:10:00", 6, first)

    assert second is not None
    assert second - first == 2400
    assert "(lines 5, 6)" in clock.warnings()[0]


def test_zones_that_shift_by_half_an_hour_or_at_odd_times() -> None:
    assert Clock("Australia/Lord_Howe").seconds("2026-04-05 01:45:00") == 1775313900.0
    assert Clock("Asia/Kathmandu").seconds("2026-03-01 17:45:00") == 1772366400.0
