"""Which sessions met an hour of the week, in zones whose offset is no whole hour."""

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from evtech.insights.attempts import Attempts
from evtech.insights.records import Attempt
from evtech.insights.suggestions import in_hours


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Adelaide"])
@pytest.mark.parametrize(
    ("begin", "end", "is_met"),
    [
        ((16, 10), (16, 59), False),
        ((16, 10), (17, 1), True),
        ((17, 40), (17, 50), True),
        ((17, 59), (20, 0), True),
        ((18, 0), (20, 0), False),
    ],
)
def test_a_session_meets_the_hours_of_its_wall_clock(
    zone: str, begin: tuple[int, int], end: tuple[int, int], is_met: bool
) -> None:
    start, stop = (datetime(2026, 3, 6, *time, tzinfo=ZoneInfo(zone)).timestamp() for time in (begin, end))  # a Friday
    found = in_hours(Attempts.of([Attempt("A", plugged_at=start, unplugged_at=stop)]), zone, 4, 17, 18)

    assert found.tolist() == [is_met]
    assert not np.any(in_hours(Attempts.of([Attempt("A", plugged_at=start, unplugged_at=stop)]), zone, 3, 17, 18))
