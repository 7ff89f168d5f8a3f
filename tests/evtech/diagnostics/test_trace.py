"""Recordings as files: every odd one gives an answer or an error with its line; long ones stay small in memory."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtech.diagnostics import trace as module
from evtech.diagnostics.columns import column_name
from evtech.diagnostics.engine import diagnose
from evtech.diagnostics.evidence import Evidence
from evtech.diagnostics.trace import read_trace
from evtech.errors import InputError


def written(folder: Path, text: str) -> Path:
    file = folder / "t.csv"
    file.write_text(text)
    return file


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("I1", "current_l1"), ("State", "cp_state"), ("rcm.dc_idle", "rcm.dc_idle"), ("rcm_dc", "residual_current_dc"),
        ("env_estop", "emergency_stop"), ("m_v1", "voltage_l1"), ("link_crc_ratio", "link.crc_ratio"),
        ("lim_external_change", "foreign_write_seen"), ("evse_state", "cp_state"), ("phase_mode", "phase_switch_state"),
        ("output_voltage_l2", "output_voltage_l2"), ("colour", None),
    ],
)  # fmt: skip
def test_a_title_is_understood_in_every_form(title: str, name: str | None) -> None:
    assert column_name(title) == name


def test_the_hour_that_summer_time_repeats_is_taken_out(tmp_path: Path) -> None:
    times = [f"2026-10-25T0{h}:{m:02d}:00" for h, m in [(1, 30), (2, 0), (2, 30), (2, 59), (2, 0), (2, 30), (3, 0)]]
    trace = read_trace(written(tmp_path, "time,i1\n" + "".join(f"{t},1\n" for t in times)))

    assert len(trace) == 7
    assert list(np.diff(trace.times) / 60) == [30, 30, 29, 1, 30, 30]
    assert "summer time" in trace.warnings[0]


def test_times_with_a_zone_need_no_guess(tmp_path: Path) -> None:
    trace = read_trace(written(tmp_path, "t,i1\n2026-10-25T02:59:00+02:00,1\n2026-10-25T02:00:00+01:00,1\n"))

    assert list(np.diff(trace.times)) == [60]
    assert trace.warnings == ()


def test_missing_is_missing_in_every_way(tmp_path: Path) -> None:
    trace = read_trace(written(tmp_path, "time,i1,state,sw_fb\n-5,nan,,true\n0,,A,\n1,inf\n2, 3 ,b2 ,1\n\n"))

    assert np.isnan(trace.numbers["current_l1"][:3]).all()
    assert trace.numbers["current_l1"][3] == 3
    assert list(trace.texts["cp_state"]) == ["", "A", "", "b2"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time;i1\n1;2\n", "time"),
        ("time,i1\n1,2\nnan,2\n", "line 3: 'nan' is no time"),
        ("time,i1\n1,2\n2,16 A\n", "line 3: '16 A' is no number"),
        ("time,i1\n1,2\n2,3,4\n", "line 3"),
        ("time,i1\n\x00\n", "t.csv"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(InputError, match=said):
        read_trace(written(tmp_path, text))


def test_a_long_recording_is_thinned_but_keeps_every_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_ROWS", 1000)
    monkeypatch.setattr(module, "_CHUNK", 300)
    rows = "".join(f"{t},{'F' if t == 15_001 else 'A'},{t % 7}\n" for t in range(30_000))
    told: list[int] = []
    trace = read_trace(written(tmp_path, "time,state,i1\n" + rows), told.append)

    assert len(trace) <= 1000
    assert trace.times[-1] > 29_900
    assert list(trace.times[trace.texts["cp_state"] == "F"]) == [15_001]
    assert "one row of" in trace.warnings[0]


CELLS = st.one_of(
    st.floats(-1e6, 1e6).map(str),
    st.sampled_from(["", "A", "C2", "nan", "0", "open", "closed", "-1", "1e400", "x", "F"]),
)


@given(st.lists(st.tuples(st.integers(-100, 100), CELLS, CELLS, CELLS, CELLS), min_size=1, max_size=30))
def test_any_file_gives_an_answer_or_a_clear_error(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[int, ...]]
) -> None:
    text = "t,state,i1,v1,e\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)
    file = written(tmp_path_factory.mktemp("t"), text)
    try:
        result = diagnose(Evidence(read_trace(file))).result
    except InputError as error:
        assert "line" in str(error)
    else:
        assert result in ("healthy", "findings", "inconclusive")
