"""A session from a file of somebody else's: what cannot be is refused with its name, never taken or crashed on."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evtech.measure.sample import ChargerIdentity
from evtech.store import session_rows
from evtech.store.foreign import checked_session
from evtech.store.records import ChargingSession, Gap, PhaseSpan

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def told() -> dict[str, Any]:
    session = ChargingSession(
        "s", "v", "r", ChargerIdentity("p", "KEBA", "P30", "4711", "3.1", "tcp"), AT, AT + timedelta(hours=1),
        phases=(PhaseSpan("CHARGING", AT, None),), gaps=(Gap(AT, AT + timedelta(minutes=1), "cut"),),
        errors=({"code": "F1", "meaning": None},), notes=("wet",),
    )  # fmt: skip
    return dict(json.loads(json.dumps(session_rows.to_json(session))))


def test_what_was_written_is_read() -> None:
    assert json.loads(json.dumps(session_rows.to_json(checked_session(told())))) == told()


@pytest.mark.parametrize(
    ("where", "value", "said"),
    [
        (("phases", 0, "phase"), [], "phases.phase"),
        (("phases", 0, "phase"), None, "phases.phase"),
        (("phases", 0), "CHARGING", "phases holds"),
        (("gaps", 0, "reason"), {"x": 1}, "gaps.reason"),
        (("errors", 0, "code"), ["F1"], "errors.code"),
        (("errors", 0, "meaning"), 5, "errors.meaning"),
        (("notes", 0), 7, "notes"),
        (("energy_wh",), "1", "energy_wh"),
        (("phases", 0, "from"), "yesterday", "yesterday"),
    ],
)
def test_what_cannot_be_is_refused_with_its_name(where: tuple[Any, ...], value: Any, said: str) -> None:
    data = told()
    inner: Any = data
    for step in where[:-1]:
        inner = inner[step]
    inner[where[-1]] = value

    with pytest.raises(ValueError, match=said):
        checked_session(data)
