"""The right fault first, the right pole, and no accusation of a healthy charge."""

from pathlib import Path

import numpy as np
import pytest

from evtech.diagnostics.engine import Diagnosis, diagnose
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.facts import Facts
from evtech.diagnostics.trace import Trace, read_trace
from evtech.errors import InputError
from tests.evtech.diagnostics.recordings import Charge, outputs, pause


def answer(trace: Trace, facts: Facts | None = None, profile: str | None = None) -> Diagnosis:
    return diagnose(Evidence(trace, facts), profile)


def names(diagnosis: Diagnosis) -> list[str]:
    return [finding.fault.id for finding in diagnosis.findings]


# ---- healthy ----


def three_phase() -> Charge:
    return Charge(seconds=4 * 3600, unplug_at=14000)


def one_phase() -> Charge:
    return Charge(seconds=4 * 3600, phases=1, amps=32)


def one_phase_box() -> Charge:
    charge = Charge(seconds=3600, phases=1)
    charge.base_v[1][:] = charge.base_v[2][:] = 0.0
    return charge


def tapering() -> Charge:
    charge = Charge(seconds=3 * 3600)
    fall = np.clip((charge.t - 5000) / 4000, 0, 0.9)
    charge.i = [amps * (1 - fall) for amps in charge.i]
    return charge


def paused_by_schedule() -> Charge:
    charge = Charge(seconds=4 * 3600)
    pause(charge, 3000, 7200)
    pause(charge, 9000, 9900)
    return charge


def delayed_start() -> Charge:
    charge = Charge(seconds=3 * 3600)
    pause(charge, 65, 5400)
    return charge


def coarse_and_slow() -> Charge:
    return Charge(seconds=6 * 3600, step=120.0)


def solar_surplus() -> Charge:
    charge = Charge(seconds=2 * 3600)
    wanted = 6 + 8 * np.abs(np.sin(charge.t / 1300))
    charge.limit = np.round(wanted)
    charge.i = [np.where(charge.charging & (charge.t > 80), charge.limit - 0.2, 0.0) for _ in range(3)]
    return charge


@pytest.mark.parametrize(
    "make",
    [
        three_phase,
        one_phase,
        one_phase_box,
        tapering,
        paused_by_schedule,
        delayed_start,
        coarse_and_slow,
        solar_surplus,
    ],
)
@pytest.mark.parametrize("drop", [(), ("energy_total",), ("power_total", "frequency"), ("current_limit_actual",)])
def test_a_healthy_charge_is_accused_of_nothing(make: object, drop: tuple[str, ...]) -> None:
    diagnosis = answer(make().trace(drop))  # type: ignore[operator]

    assert [f.fault.id for f in diagnosis.findings if f.fault.severity != "info"] == []
    assert diagnosis.result == "healthy"


def test_a_register_of_100_wh_steps_is_not_frozen() -> None:
    charge = Charge(seconds=2 * 3600, phases=1, amps=6)
    trace = charge.trace()
    trace.numbers["energy_total"][:] = np.floor(trace.numbers["energy_total"] / 100) * 100  # type: ignore[index]

    assert answer(trace).result == "healthy"


# ---- faults ----


def welded() -> Charge:
    charge = Charge(unplug_at=1200)
    out = outputs(charge)
    out[1] = np.where(charge.t > 80, charge.base_v[1], out[1])  # L2 never opens again
    charge.numbers |= {f"output_voltage_l{n + 1}": np.round(out[n], 1) for n in range(3)}
    charge.command = np.where(charge.charging, "closed", "open")  # type: ignore[attr-defined]
    return charge


def phase_lost() -> Charge:
    charge = Charge()
    lost = charge.between(900)
    charge.base_v[2][lost] = 12.0
    charge.i[2][lost] = 0.0
    return charge


def pole_does_not_close() -> Charge:
    charge = Charge()
    out = outputs(charge)
    out[2] = np.full(len(charge.t), 5.0)
    charge.i[2][:] = 0.0
    charge.numbers |= {f"output_voltage_l{n + 1}": out[n] for n in range(3)}
    charge.command = np.where(charge.charging, "closed", "open")  # type: ignore[attr-defined]
    return charge


def never_starts() -> Charge:
    charge = Charge()
    pause(charge, 60, 1e9)
    return charge


def takes_too_much() -> Charge:
    charge = Charge()
    charge.limit = np.where(charge.t > 600, 8.0, 16.0)
    return charge


def dc_leak() -> Charge:
    charge = Charge()
    charge.numbers["residual_current_dc"] = np.where(charge.between(700, 720), 7.2, 0.4)
    return charge


def hot() -> Charge:
    charge = Charge(seconds=7200)
    charge.numbers["temperature"] = 30 + 38 * (1 - np.exp(-charge.t / 2000))
    charge.numbers["current_limit"] = np.full(len(charge.t), 16.0)
    derate = charge.numbers["temperature"] > 60
    charge.limit = np.where(derate, 10.0, 16.0)
    charge.i = [np.where(derate, np.minimum(amps, 10.0), amps) for amps in charge.i]
    return charge


def retries() -> Charge:
    charge = Charge(seconds=3600)
    for start in range(300, 3500, 300):
        pause(charge, start + 20, start + 300)
    return charge


def floating_neutral() -> Charge:
    charge = Charge(phases=1)
    shifted = charge.between(600)
    charge.base_v[0][shifted] -= 45
    charge.base_v[1][shifted] += 32
    charge.base_v[2][shifted] += 30
    return charge


def slow_register() -> Charge:
    charge = Charge(seconds=7200)
    charge.energy_error = 0.94
    return charge


def loose_terminal() -> Charge:
    charge = Charge(seconds=5400)
    growing = np.where(charge.t > 400, 0.25 + 0.55 * np.clip((charge.t - 1200) / 3000, 0, 1), 0.25)
    charge.base_v[1] = charge.base_v[1] - (growing - 0.25) * charge.i[1]
    charge.ohm = (0.25, 0.25, 0.25)
    return charge


def stuck_register() -> Charge:
    charge = Charge()
    charge.energy_error = 0.0
    return charge


def fell_back() -> Charge:
    return Charge()


@pytest.mark.parametrize(
    ("make", "fault", "phase"),
    [
        (welded, "SW-WELD", "L2"),
        (phase_lost, "SUP-PHASE-LOSS", "L3"),
        (pole_does_not_close, "SW-NO-CLOSE", "L3"),
        (never_starts, "EV-NO-START", None),
        (takes_too_much, "EV-OVERCURRENT", None),
        (dc_leak, "RCD-DC", None),
        (hot, "TMP-DERATE", None),
        (floating_neutral, "GND-OPEN-PEN", None),
        (slow_register, "MTR-MISMATCH", None),
        (loose_terminal, "SUP-HIGH-Z", "L2"),
        (stuck_register, "MTR-FREEZE", None),
    ],
)
def test_the_right_fault_stands_first(make: object, fault: str, phase: str | None) -> None:
    diagnosis = answer(make().trace())  # type: ignore[operator]

    assert names(diagnosis)[:1] == [fault]
    assert diagnosis.findings[0].phase == phase
    assert diagnosis.findings[0].proofs


def test_a_retrying_vehicle_is_not_the_chargers_fault() -> None:
    diagnosis = answer(retries().trace())

    assert "EV-RETRY" in names(diagnosis)
    assert diagnosis.result == "healthy"


def test_a_register_that_falls_back_is_found() -> None:
    trace = Charge().trace()
    trace.numbers["energy_total"][900:] -= 5000  # type: ignore[index]

    assert names(answer(trace))[0] == "MTR-ROLLBACK"


def test_consequences_stand_under_their_cause() -> None:
    (first, *_) = answer(phase_lost().trace()).findings

    assert "PH-MISSING" in first.explains or "SUP-UNDERVOLT" in first.explains or first.explains == ()
    assert "SUP-UNDERVOLT" not in names(answer(phase_lost().trace()))


def test_without_state_and_current_nothing_is_decided() -> None:
    drop = ("cp_state", "current_l1", "current_l2", "current_l3", "power_total")

    assert answer(Charge().trace(drop)).result == "inconclusive"


def test_a_makers_code_leads_to_its_fault() -> None:
    trace = Charge().trace()
    trace.texts["error_code"][1000:] = "5"  # type: ignore[index]
    trace = Trace(
        trace.times, trace.numbers, {**trace.texts, "error_code": np.where(trace.times > trace.times[1000], "1", "0")}
    )

    diagnosis = answer(trace, profile="abb-terra-ac")

    assert names(diagnosis)[0] == "RCD-AC"
    assert "reported code 1" in diagnosis.findings[0].proofs[0].text


@pytest.mark.parametrize(
    ("outcome", "kind", "fault"),
    [
        ({"ok_pct": 95.5, "crc_pct": 3.0, "timeout_pct": 1.5}, "rtu", "COM-CRC-NOISE"),
        ({"ok_pct": 0, "crc_pct": 0, "timeout_pct": 100}, "rtu", "COM-RTU-SILENT"),
        ({"ok_pct": 0, "crc_pct": 0, "timeout_pct": 100}, "tcp", "COM-TCP-NO-REPLY"),
        ({"ok_pct": 92, "crc_pct": 0, "timeout_pct": 0, "exception_pct": 8}, "tcp", "COM-EXCEPTION"),
    ],
)
def test_the_link_is_judged_by_what_was_probed(outcome: dict[str, float], kind: str, fault: str) -> None:
    facts = Facts(link={"kind": kind, "outcomes": [{"condition": "idle", "unit": 1, **outcome}]})

    assert names(answer(Charge(seconds=120).trace(), facts))[0] == fault


def test_a_duplicate_id_is_told_from_noise() -> None:
    outcomes = [{"unit": 1, "ok_pct": 88, "crc_pct": 12, "timeout_pct": 0}, {"unit": 2, "ok_pct": 100, "crc_pct": 0}]

    diagnosis = answer(Charge(seconds=120).trace(), Facts(link={"kind": "rtu", "outcomes": outcomes}))

    assert names(diagnosis)[0] == "COM-DUP-ID"


def test_the_watchdog_is_told_from_an_ignored_write() -> None:
    charge = Charge()
    charge.numbers["current_limit"] = np.full(len(charge.t), 16.0)
    charge.limit = np.where(charge.t > 700, 6.0, 16.0)
    charge.i = [np.minimum(amps, charge.limit) for amps in charge.i]

    diagnosis = answer(charge.trace(), Facts(registers={"watchdog_s": 600, "failsafe_a": 6}))

    assert names(diagnosis)[0] == "LIM-WATCHDOG"


def test_trips_in_the_heat_with_several_vehicles_point_at_the_sensor() -> None:
    charge = Charge(seconds=7200)
    charge.numbers["temperature"] = 25 + 20 * np.clip(charge.t / 6000, 0, 1)
    charge.numbers["residual_trip_count"] = np.searchsorted([6300, 6600, 6900], charge.t).astype(float)
    trips = [{"vehicle": f"car {n}", "temperature": 45} for n in range(4)]

    several = answer(charge.trace(), Facts(trips=trips))
    one = answer(charge.trace(), Facts(trips=[{"vehicle": "car", "temperature": 45}] * 4))

    assert "RCD-NUISANCE" in names(several)
    assert "RCD-NUISANCE" not in names(one)


# ---- reading recordings ----


def test_short_names_odd_rows_and_gaps_are_read(tmp_path: Path) -> None:
    file = tmp_path / "t.csv"
    file.write_text("time,state,i1,v1,nonsense\n2,C,16,230,x\n0,A,0,231,\n1,B,,231,\n1,B,0.1,nan,\n900,C,15.9,,\n")

    trace = read_trace(file)

    assert list(trace.times) == [0, 1, 2, 900]
    assert list(trace.texts["cp_state"]) == ["A", "B", "C", "C"]
    assert trace.numbers["current_l1"][1] == 0.1
    assert np.isnan(trace.numbers["voltage_l1"][1])
    assert len(trace.warnings) == 3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "does not begin with a column time"),
        ("a,b\n1,2\n", "does not begin with a column time"),
        ("time,i1\n", "no samples"),
        ("time,i1\n1,abc\n", "line 2: 'abc' is no number"),
        ("time,i1\nyesterday,1\n", "line 2: 'yesterday' is no time"),
        ("time,i1\n1,2,3\n", "3 fields, 2 columns"),
        ("time,i1,current_l1\n1,2,3\n", "two columns for current_l1"),
    ],
)
def test_a_malformed_recording_names_the_line(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "t.csv"
    file.write_text(text)

    with pytest.raises(InputError, match=said):
        read_trace(file)
