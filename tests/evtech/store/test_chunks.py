"""What is packed comes back to the last digit, with its missing values and qualities."""

import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtech.errors import ArchiveError
from evtech.store.chunks import pack, pack_times, plain_quality, unpack, unpack_times

decimals = st.builds(lambda whole, places: whole / 10**places, st.integers(-(10**9), 10**9), st.integers(0, 4))
singles = st.floats(width=32, allow_nan=False, allow_infinity=False)
doubles = st.floats(allow_nan=False, allow_infinity=False)
qualities = st.sampled_from(["good", "derived", "stale", "clipped"])


@given(
    st.one_of(*(st.lists(st.tuples(st.none() | kind, qualities), min_size=1) for kind in (decimals, singles, doubles)))
)
def test_numbers_survive(cells: list[tuple[float | None, str]]) -> None:
    values = [value for value, _ in cells]
    marks = ["missing" if value is None else quality for value, quality in cells]

    column, back = unpack(pack(values, marks))

    assert [None if np.isnan(v) else v for v in column] == values
    if back is None:
        back = [plain_quality(column, i) for i in range(len(values))]
    assert back == marks


@given(st.lists(st.none() | st.text(max_size=8), min_size=1).filter(lambda column: any(column)))
def test_texts_survive(texts: list[str | None]) -> None:
    assert unpack(pack(texts, ["missing" if t is None else "good" for t in texts]))[0] == texts


@given(st.lists(st.integers(0, 4 * 10**15), min_size=1, max_size=50).map(sorted))
def test_times_survive_to_the_microsecond(stamps: list[int]) -> None:
    times = [stamp / 1e6 for stamp in stamps]

    assert unpack_times(pack_times(times)) == pytest.approx(times, abs=1e-6)


def test_a_smooth_curve_is_small() -> None:
    values = [round(230 + 0.3 * np.sin(i / 40), 1) for i in range(1024)]

    assert len(pack(values, ["good"] * 1024)) < 1.0 * 1024


@pytest.mark.parametrize("damage", [b"", b"i\x00\x01", struct.pack("<cBBHII", b"q", 0, 1, 4, 2, 0) + b"xx"])
def test_damage_is_named(damage: bytes) -> None:
    with pytest.raises(ArchiveError, match="damaged"):
        unpack(damage)


BOMBS = [
    struct.pack("<IBqq", 2**32 - 1, 0, 0, 1), struct.pack("<IBqq", 1, 1, 0, 1) + zlib.compress(b"x"),
    struct.pack("<IBqq", 9, 1, 0, 1) + zlib.compress(b"\0" * (17 << 20)), struct.pack("<IBqq", 9, 3, 0, 1),
]  # fmt: skip


@pytest.mark.parametrize("data", BOMBS, ids=range(len(BOMBS)))
def test_times_that_would_fill_memory_are_damaged(data: bytes) -> None:
    with pytest.raises(ArchiveError, match="damaged"):
        unpack_times(data)


@pytest.mark.parametrize("count", [3, 2**32 - 1])
def test_values_that_would_fill_memory_are_damaged(count: int) -> None:
    body = zlib.compress(b"\0" * (17 << 20))
    quality = b'[[999999999, "good"]]'

    for data in (
        struct.pack("<cBBHII", b"i", 0, 1, count & 0xFFFF, len(body), 0) + body,
        pack([1.0, 2.0, 3.0], ["good"] * 3) + quality,
    ):
        with pytest.raises(ArchiveError, match="damaged"):
            unpack(data)
