"""What an archive proves about an attempt: an end that nobody saw is no failure."""

from dataclasses import replace

import pytest

from evtech.insights.archive_records import attempts_of
from evtech.insights.success import success
from evtech.store.session_columns import SessionColumns
from evtech.store.session_list import SessionLine

LINE = SessionLine(
    "s", "r", "v", 1000.0, 5000.0, "KEBA P30 1", "KEBA P30 1", "keba-kecontact-p30", 9000.0, 11e3, 3000.0, 1060.0,
    4900.0,
    None, None, None, "vehicle", None, 0, False, "recorded",
)  # fmt: skip


@pytest.mark.parametrize(
    ("line", "judged", "good"),
    [
        (LINE, 1, 1),
        (replace(LINE, stop_reason="fault", error_code="0x40"), 1, 0),
        (replace(LINE, stop_reason="unknown"), 0, 0),
        (replace(LINE, ended=None, stop_reason=None), 0, 0),
        (replace(LINE, source="cdr"), 0, 0),
        (replace(LINE, energy_started=None, energy_ended=None, energy_wh=0.0, stop_reason="unknown"), 1, 0),
    ],
)
def test_only_what_is_known_is_judged(line: SessionLine, judged: int, good: int) -> None:
    found = success(attempts_of(SessionColumns.of([line])), {})

    assert found.attempts == judged
    assert (found.attempt.k if found.attempt else 0) == good
