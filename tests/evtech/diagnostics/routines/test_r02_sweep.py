"""R02: what bytes look like; who answers on real links is in ``test_communication.py``."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evtech.diagnostics.facts import Facts
from evtech.diagnostics.probing import doubled, foreign_frames, frames_in, guess_of, is_inverted
from evtech.diagnostics.routine import Verdict
from evtech.links.traffic import Traffic
from tests.evtech.diagnostics.bad_servers import frame
from tests.evtech.diagnostics.recordings import Charge
from tests.evtech.diagnostics.running import over

ANSWER = frame(7, bytes([3, 4, 0, 1, 0, 2]))


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_a_frame_is_found_at_any_offset(before: bytes, after: bytes) -> None:
    assert frames_in(before + ANSWER + after)


def test_turned_bytes_are_recognised() -> None:
    assert is_inverted(bytes(byte ^ 0xFF for byte in ANSWER))
    assert not is_inverted(ANSWER[:-1])


@pytest.mark.parametrize(
    ("data", "guess"),
    [(b":010302E61400\r\n", "ascii"), (bytes([0, 255] * 8), "inverted"), (b"\x31\x9c\x55\x7a", "settings")],
)
def test_bytes_without_a_frame_are_guessed(data: bytes, guess: str) -> None:
    assert guess_of(data) == guess


def test_a_frame_of_another_unit_is_foreign_and_two_answers_are_two_devices() -> None:
    traffic = Traffic()
    traffic.add(True, b"request")
    traffic.add(False, ANSWER)
    traffic.add(False, frame(7, bytes([3, 4, 0, 1, 0, 3])), "around an answer")

    assert doubled(traffic.frames(), 7)
    assert foreign_frames(traffic.frames(), 1) == [7]
    assert foreign_frames(traffic.frames(), 7) == []


def test_a_recording_cannot_be_asked_and_a_told_suspicion_fails() -> None:
    trace = Charge(seconds=30).trace()

    assert over("R02", trace).verdict is Verdict.INCONCLUSIVE
    assert over("R02", trace, Facts(answers={"duplicate_suspect": 1})).verdict is Verdict.FAIL
