"""Figures of a session: what it can vouch for, and nothing else; the charger's clock in its many forms."""

from dataclasses import replace

import numpy as np
import pytest

from evtech.insights.columns import Idle
from evtech.insights.device_clock import device_times
from evtech.insights.figures import Figures, figures_of, from_json, loop_ohm, to_json
from tests.evtech.insights.traces import COUNT, RATED, changed, direct, sound, without


def stepped(ohm: float, noise: float = 0.1, every: float = 1.0):  # type: ignore[no-untyped-def]
    """Return a charge that starts, pauses and goes on; its voltage sags with the current."""
    source = np.random.default_rng(4)
    amps = np.where((np.arange(COUNT) % 500 > 100) & (np.arange(COUNT) % 500 < 400), 16.0, 0.0)
    volts = 231.0 - ohm * amps + source.normal(0, noise, COUNT)
    return changed(sound(every), slice(None), voltage_l1=volts, current_l1=amps)


@pytest.mark.parametrize("ohm", [0.15, 0.35])
def test_the_loop_resistance_is_seen_in_steps_of_the_load(ohm: float) -> None:
    assert loop_ohm(stepped(ohm), "l1", RATED) == pytest.approx(ohm, abs=0.01)


def test_one_step_alone_is_no_resistance() -> None:
    once = np.where(np.arange(COUNT) > 300, 16.0, 0.0)
    assert loop_ohm(changed(sound(), slice(None), current_l1=once), "l1", RATED) is None
    assert loop_ohm(without(sound(), "voltage_l1"), "l1", RATED) is None


def test_a_sound_session_vouches_for_its_register_and_its_voltage() -> None:
    found = figures_of(sound(), RATED)

    assert found.mismatch_pct == pytest.approx(0, abs=0.05)
    assert (found.first_wh, found.volts, found.volts_out) == (5e6, 3, None)
    assert (found.loop_l1, found.idle_w, found.clock_s, found.efficiency_pct) == (None, None, None, None)


def test_a_short_session_says_nothing_about_the_register() -> None:
    brief = replace(sound(), times=sound().times[:200], columns={n: c[:200] for n, c in sound().columns.items()})
    assert figures_of(brief, RATED).mismatch_pct is None


def test_idle_power_needs_five_minutes_of_rest() -> None:
    def idle(seconds: int) -> float | None:
        times = 1.7e9 - seconds + np.arange(seconds, dtype=float)
        rest = Idle(times, np.full(seconds, 6.5), np.full(seconds, np.nan))
        return figures_of(replace(sound(), idle=rest), RATED).idle_w

    assert (idle(600), idle(200)) == (6.5, None)


def test_a_dc_session_knows_its_efficiency() -> None:
    assert figures_of(direct(), replace(RATED, rated_w=48_000.0)).efficiency_pct == pytest.approx(93.75)


def test_figures_are_kept_short_and_read_again() -> None:
    kept = to_json(Figures(mismatch_pct=0.123456789, first_wh=1284500.123, volts=84))

    assert kept == {"mismatch_pct": 0.123457, "first_wh": 1284500.123, "volts": 84}
    assert from_json(kept | {"of_a_later_version": 1}) == Figures(0.123457, 1284500.123, volts=84)


AT = 1_772_452_800.0  # 2026-03-02 12:00 UTC
PARTS = {"clock_year": 2026, "clock_month": 3, "clock_day": 2, "clock_hour": 13, "clock_minute": 0, "clock_second": 5}


def clock(numbers: dict[str, float], texts: dict[str, str] | None = None) -> tuple[float | None, bool]:
    columns = {name: np.array([float(value)]) for name, value in numbers.items()}
    found, zone = device_times(1, columns, {name: [value] for name, value in (texts or {}).items()})
    return (None if found is None or not np.isfinite(found[0]) else float(found[0]) - AT), zone


@pytest.mark.parametrize(
    ("numbers", "texts", "expected"),
    [
        (PARTS | {"time_zone_offset": 3600}, {}, (5.0, True)),
        (PARTS, {}, (3605.0, False)),
        (PARTS | {"clock_year": 26, "time_zone_offset": 3600}, {}, (5.0, True)),
        (PARTS | {"clock_month": 0}, {}, (None, False)),
        (PARTS | {"clock_month": 2, "clock_day": 30}, {}, (None, False)),
        ({"clock": AT + 7}, {}, (7.0, True)),
        ({"clock": 12_345}, {}, (None, False)),
        ({"clock_date": 260302, "clock_time": 120003}, {}, (3.0, False)),
        ({"clock_date": 20260302, "clock_time": 120003}, {}, (3.0, False)),
        ({}, {"clock": "260302120004"}, (4.0, False)),
        ({}, {"clock": "26 03 02 12 00 04"}, (4.0, False)),
        ({}, {"clock": "2026-03-02T13:00:02+01:00"}, (2.0, True)),
        ({}, {"clock": "noon"}, (None, False)),
        ({"temperature": 20}, {}, (None, False)),
    ],
)
def test_the_charger_s_clock_in_its_forms(
    numbers: dict[str, float], texts: dict[str, str], expected: tuple[float | None, bool]
) -> None:
    assert clock(numbers, texts) == expected
