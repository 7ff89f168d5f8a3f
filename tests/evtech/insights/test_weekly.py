"""The spread of the hour-of-week map over single weeks."""

import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from evtech.insights.overview import overview
from evtech.insights.records import Attempt, Port, Records
from evtech.insights.weekly import by_week, spread_of, week_spread

MONDAY = datetime(2025, 3, 3, tzinfo=UTC)
FRIDAY_17 = 4 * 24 + 17


def _found(weeks: int, minutes: list[float], zone: str = "UTC") -> object:
    end = MONDAY + timedelta(weeks=weeks)
    attempts = [
        Attempt("A", plugged_at=start.timestamp(), unplugged_at=start.timestamp() + 60 * minutes[week])
        for week in range(len(minutes))
        if (start := MONDAY + timedelta(weeks=week, days=4, hours=17))
    ]
    period = MONDAY.timestamp(), end.timestamp()
    return overview(Records({"A": Port("A", timezone=zone)}, attempts), period, period[1])


def test_lowest_median_and_highest_week_of_an_hour() -> None:
    spread = week_spread(_found(5, [60, 30, 15, 45, 0.6]))  # type: ignore[arg-type]

    assert spread.weeks[FRIDAY_17] == 5
    assert spread.low[FRIDAY_17] == pytest.approx(0.01)
    assert spread.median[FRIDAY_17] == pytest.approx(0.5)
    assert spread.high[FRIDAY_17] == pytest.approx(1.0)


def test_three_weeks_have_no_median() -> None:
    spread = week_spread(_found(3, [60, 30, 15]))  # type: ignore[arg-type]

    assert spread.weeks[FRIDAY_17] == 3
    assert math.isnan(spread.median[FRIDAY_17])
    assert spread.high[FRIDAY_17] == pytest.approx(1.0)


def test_an_hour_that_nobody_watched_has_no_share() -> None:
    spread = spread_of(np.zeros((4, 168)), np.zeros((4, 168)))

    assert not spread.weeks.any()
    assert np.isnan(spread.low).all()


def test_weeks_begin_on_a_local_monday() -> None:
    used, open_ = by_week(_found(4, [60, 60, 60, 60], "Pacific/Auckland"))  # type: ignore[arg-type]

    saturday = 5 * 24 + 6  # 17 h UTC is 6 h of the next day there
    assert used[:, saturday].tolist() == pytest.approx([1.0] * 4 + [0.0] * (len(used) - 4))
    assert open_.sum() == pytest.approx(4 * 168)
