"""Signed values and the technician's recording against the record."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from evtech.billing.ocpi import read_cdr
from evtech.billing.witnesses import Signed, compare_recorded, compare_signed, recorded_from
from evtech.measure.sample import ChargerIdentity
from evtech.store.records import ChargingSession, Gap
from tests.evtech.billing.records import START, cdr, period

RECORD = read_cdr(cdr(period(ENERGY=10), meter_id="M-1", cdr_token={"uid": "04AB", "contract_id": "DE-X-1"}))
END = RECORD.end
SIGNED = Signed("valid", "ocmf", Decimal(10), START, END, "M-1", "04AB", "container")
MINUTE = timedelta(seconds=60)


def told(signed: Signed) -> list[tuple[str, str, str]]:
    return [(d.code, d.field, d.severity) for d in compare_signed(RECORD, signed)]


def test_signed_values_that_agree_have_nothing_to_say() -> None:
    assert told(SIGNED) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({"signature": "invalid"}, ("signature_invalid", "signed_data", "error")),
        ({"signature": "malformed"}, ("signature_invalid", "signed_data", "error")),
        ({"signature": "no_key"}, ("signature_no_key", "signed_data.public_key", "warning")),
        ({"energy_kwh": Decimal("10.0011")}, ("signed_energy_mismatch", "total_energy", "error")),
        ({"begin": START - MINUTE - timedelta(seconds=1)}, ("signed_time_mismatch", "start_date_time", "error")),
        ({"end": END + MINUTE + timedelta(seconds=1)}, ("signed_time_mismatch", "end_date_time", "error")),
        ({"begin": END + 2 * MINUTE}, ("signed_time_mismatch", "start_date_time", "error")),
        ({"meter_serial": "M-2"}, ("meter_mismatch", "meter_id", "error")),
        ({"user_id": "04CD"}, ("token_mismatch", "cdr_token.uid", "warning")),
    ],
)
def test_each_disagreement_is_told(change: dict[str, Any], expected: tuple[str, str, str]) -> None:
    assert told(replace(SIGNED, **change)) == [expected]


@pytest.mark.parametrize(
    "change",
    [
        {"signature": "unsupported"},
        {"energy_kwh": Decimal("10.001")},
        {"energy_kwh": None, "begin": None, "end": None, "meter_serial": None, "user_id": None},
        {"begin": START - MINUTE, "end": END + MINUTE},
        {"begin": START + 10 * MINUTE, "end": END - 10 * MINUTE},  # inside the session
        {"user_id": "04ab"},
        {"user_id": "DE-X-1"},
    ],
)
def test_what_is_within_tolerance_or_unknown_is_no_disagreement(change: dict[str, Any]) -> None:
    assert told(replace(SIGNED, **change)) == []


def recording(**changes: Any) -> ChargingSession:
    base = ChargingSession(
        id="S",
        visit_id="V",
        recording_id="R",
        charger=ChargerIdentity("p", "v", "m", None, None, "demo:"),
        started=START,
        ended=END,
        energy_wh=10_000.0,
        energy_source="register_difference",
    )
    return replace(base, **changes)


def seen(**changes: Any) -> list[tuple[str, str]]:
    return [(d.code, d.field) for d in compare_recorded(RECORD, recorded_from(recording(**changes), RECORD))]


def test_a_recording_that_agrees_has_nothing_to_say() -> None:
    assert seen() == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"energy_wh": 10_011.0}, [("recorded_energy_mismatch", "total_energy")]),
        ({"energy_wh": 10_010.0}, []),
        ({"energy_wh": 10_150.0, "energy_source": "integrated_power"}, []),
        ({"energy_wh": 11_000.0, "energy_source": "integrated_power"}, [("recorded_energy_mismatch", "total_energy")]),
        ({"energy_wh": 3_000.0, "partial_start": True}, []),
        ({"energy_wh": None}, []),
        ({"started": START + 2 * MINUTE}, [("recorded_time_mismatch", "start_date_time")]),
        ({"ended": END - 2 * MINUTE}, [("recorded_time_mismatch", "end_date_time")]),
        ({"ended": None, "energy_wh": 1.0}, []),
        ({"started": START + 2 * MINUTE, "partial_start": True}, []),
    ],
)
def test_a_recording_is_compared_as_far_as_it_goes(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert seen(**changes) == expected


def test_begin_and_end_shifted_alike_show_the_chargers_clock() -> None:
    shifted = recorded_from(recording(started=START - MINUTE, ended=END - MINUTE), RECORD)
    assert shifted.clock_offset_s == 60
    assert recorded_from(recording(started=START - MINUTE), RECORD).clock_offset_s is None


def test_gaps_are_counted() -> None:
    assert recorded_from(recording(gaps=(Gap(START, START + MINUTE, "link lost"),)), RECORD).gaps == 1
