"""What speaks against billing a transaction whose signatures are all valid."""

from decimal import Decimal
from typing import Any

import pytest

from evtech.billing.registers import read_register
from evtech.billing.signatures import VerifyResult, verify_bytes
from tests.evtech.billing.signing import BEGIN, END, container, ocmf, payload, signer

KEY = signer().spki.hex()


def _codes(result: VerifyResult) -> tuple[set[str], set[str]]:
    assert result.result == "valid"
    problems, warnings = result.transaction.problems, result.transaction.warnings
    assert result.transaction.billable == (not problems and result.transaction.complete)
    return {notice.code for notice in problems}, {notice.code for notice in warnings}


def _one(*readings: dict[str, Any], **fields: Any) -> VerifyResult:
    return verify_bytes(ocmf(payload(*readings, **fields)), public_key=KEY)


def _many(*payloads: dict[str, Any]) -> VerifyResult:
    return verify_bytes(b"\n".join(ocmf(content) for content in payloads), public_key=KEY)


@pytest.mark.parametrize(
    ("end", "problems", "warnings"),
    [
        ({"EF": "E"}, {"error_flag_energy"}, set()),
        ({"EF": "t"}, {"error_flag_time"}, set()),
        ({"EF": "Et"}, {"error_flag_energy", "error_flag_time"}, set()),
        ({"ST": "M"}, {"meter_status"}, set()),
        ({"RV": 300.0}, {"energy_decreases"}, set()),
        ({"TM": "2026-03-02T07:30:00,000+0100 S"}, {"time_decreases"}, set()),
        ({"RU": "Wh", "RV": 321750}, {"unit_mismatch"}, set()),
        ({"TX": "A"}, set(), {"ended_abnormally"}),
        ({"TX": "P"}, set(), {"ended_abnormally"}),
        ({"TX": "L"}, set(), set()),
        ({"TX": "R"}, set(), set()),
        ({"TX": "C"}, {"end_missing"}, set()),
        ({"TX": "B"}, {"begin_duplicate", "end_missing"}, set()),
        ({"TX": "X"}, {"reading_exception", "end_missing"}, set()),
        ({"TM": "2026-03-02T09:30:00,000+0100 U"}, set(), {"time_not_synchronised"}),
        ({"TM": "2026-03-02T09:30:00,000+0100 I"}, set(), {"time_informative"}),
        ({"TM": "2026-03-02T09:30:00,000+0100 R"}, set(), set()),
        ({"RV": 99999.0}, set(), {"implausible_energy"}),
    ],
)
def test_one_thing_wrong_at_the_end(end: dict[str, Any], problems: set[str], warnings: set[str]) -> None:
    assert _codes(_one(BEGIN, END | end)) == (problems, warnings)


def test_a_relative_clock_at_the_begin_only_is_inconsistent() -> None:
    begin = BEGIN | {"TM": "2026-03-02T08:00:00,000+0100 R"}

    assert _codes(_one(begin, END))[0] == {"time_status_inconsistent"}


@pytest.mark.parametrize("level", ["MISMATCH", "INVALID", "OUTDATED", "UNKNOWN"])
def test_a_user_who_could_not_be_assigned(level: str) -> None:
    assert _codes(_one(IL=level))[0] == {"user_assignment_error"}


def test_begin_alone_end_alone_and_neither() -> None:
    assert _codes(_one(BEGIN))[0] == {"end_missing"}
    assert _codes(_one(END))[0] == {"begin_missing"}
    assert _codes(_one(RD=[]))[0] == {"begin_missing", "end_missing"}


def test_several_ends_leave_the_energy_unknown() -> None:
    result = _one(BEGIN, END, END | {"TM": "2026-03-02T09:40:00,000+0100 S"})

    assert _codes(result)[0] == {"end_duplicate"}
    assert result.transaction.energy_kwh is None
    assert not result.transaction.complete


def test_several_transactions_in_one_file_are_not_one() -> None:
    second = [BEGIN | {"RV": 400.0}, END | {"RV": 410.0}]

    assert _codes(_many(payload(), payload(*second, PG="T6")))[0] == {"begin_duplicate", "end_duplicate"}


def test_an_end_record_may_repeat_the_begin_but_no_record_may_come_twice() -> None:
    begin = payload(BEGIN)

    assert _codes(_many(begin, payload(BEGIN, END, PG="T6"))) == (set(), set())
    assert _codes(_many(begin, begin, payload(END, PG="T6")))[0] == {"begin_duplicate"}


@pytest.mark.parametrize(
    ("page", "problems", "warnings"),
    [
        ("T6", set(), set()),
        ("T8", set(), {"pagination_gap"}),
        ("T5", set(), {"pagination_gap"}),
        ("T4", {"pagination_order"}, set()),
    ],
)
def test_pages(page: str, problems: set[str], warnings: set[str]) -> None:
    assert _codes(_many(payload(BEGIN), payload(END, PG=page))) == (problems, warnings)


def test_the_order_in_the_file_is_not_the_order_of_the_pages() -> None:
    assert _codes(_many(payload(END, PG="T6"), payload(BEGIN))) == (set(), set())


def test_fiscal_records_have_no_transaction() -> None:
    result = _one(BEGIN | {"TX": None}, PG="F12")

    assert _codes(result) == (set(), set())
    assert not result.transaction.complete
    assert not result.transaction.billable


def test_meters_and_keys_must_be_the_same_in_all_records() -> None:
    other = signer(secret=5)
    meters = _many(payload(BEGIN), payload(END, PG="T6", MS="M-0816"))
    keys = verify_bytes(
        container(
            ("", ocmf(payload(BEGIN)).decode(), KEY),
            ("", ocmf(payload(END, PG="T6"), by=other).decode(), other.spki.hex()),
        )
    )

    assert _codes(meters)[0] == {"meter_mismatch"}
    assert _codes(keys)[0] == {"key_mismatch"}
    assert _codes(_many(payload(BEGIN), payload(END, PG="T6", MS=None)))[0] == set()


def test_fields_left_out_repeat_the_reading_before() -> None:
    later = {"TM": END["TM"], "TX": "E", "RV": "  0321.75"}

    assert _codes(_one(BEGIN, later)) == (set(), set())
    assert _one(BEGIN, later).transaction.energy_kwh == Decimal("11.50")


def test_extra_registers_do_not_disturb() -> None:
    seconds = {"TX": "E", "RV": 5400, "RI": "01-00:00.08.06*FF", "RU": "sec"}
    export = [BEGIN | {"RI": "1-0:2.8.0", "RV": 1}, END | {"RI": "1-0:2.8.0", "RV": 3}]

    assert _codes(_one(BEGIN, END, seconds)) == (set(), set())
    assert _one(*export, BEGIN, END).transaction.energy_kwh == Decimal("11.50")


@pytest.mark.parametrize("code", ["1-0:98.8.0.FF", "01-00:9E.08.00*FF", "01-00:B1.08.00*FF", "01-00:B3.08.00*FF"])
def test_compensated_values_are_preferred_and_said(code: str) -> None:
    result = _one(BEGIN, END, BEGIN | {"RI": code, "RV": 0}, END | {"RI": code, "RV": 11.25})

    assert result.transaction.energy_kwh == Decimal("11.25")
    assert result.transaction.compensated
    assert "cable" in result.transaction.notes[-1]


def test_one_register_in_several_spellings() -> None:
    spellings = ["1-0:1.8.0", "01-00:01.08.00*FF", "1-b:1.8.0", "01-00:01.08.00.FF", "1-0:1.8.0*255", "1.8.0"]

    assert len({read_register(text) for text in spellings}) == 1
    assert read_register("1-0:1.8.0*198") not in {read_register(text) for text in spellings}
    assert _codes(_one(BEGIN, END | {"RI": "01-00:01.08.00*FF"})) == (set(), set())


def test_begin_and_end_of_different_registers_have_no_energy() -> None:
    result = _one(BEGIN, END | {"RI": "1-0:1.8.1"})

    assert result.transaction.energy_kwh is None
    assert not result.transaction.billable


def test_the_sum_of_all_tariffs_is_preferred_to_one_of_them() -> None:
    one_tariff = [BEGIN | {"RI": "1-0:1.8.1", "RV": 5}, END | {"RI": "1-0:1.8.1", "RV": 6}]

    assert _one(*one_tariff, BEGIN, END).transaction.energy_kwh == Decimal("11.50")


def test_records_that_do_not_say_what_they_are_stay_so() -> None:
    silent = [payload(reading | {"TX": None}, PG=page) for reading, page in ((BEGIN, "T5"), (END, "T6"))]
    told = [("Transaction.Begin", ocmf(silent[0]).decode(), KEY), ("Transaction.End", ocmf(silent[1]).decode(), KEY)]

    assert _codes(_many(*silent))[0] == {"begin_missing", "end_missing"}
    assert _codes(verify_bytes(container(*told))) == (set(), set())


def test_the_state_of_a_pcdf_record() -> None:
    from tests.evtech.billing.signing import pcdf

    assert _codes(verify_bytes(pcdf(BV="0")))[0] == {"billing_not_allowed"}
    assert _codes(verify_bytes(pcdf(SP="3")))[0] == {"session_state_invalid"}
