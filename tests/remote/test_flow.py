"""How much is sent while nothing is heard: bounded, and going again when the other side hears."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from softphone.remote.frames import MASK
from softphone.remote.leg import Flow


def test_a_prompt_connection_takes_everything_and_tells_its_round_trip() -> None:
    flow = Flow()
    for number in range(1, 500):
        now_s = number * 0.02
        assert flow.takes(number, now_s)
        if number > 5:
            flow.heard(number - 5, now_s)

    assert flow.round_trip_ms is not None
    assert 99 < flow.round_trip_ms < 101


def test_a_stalled_connection_takes_half_a_second_at_most_and_goes_on_when_it_is_heard() -> None:
    flow = Flow()
    for number in range(1, 101):
        flow.takes(number, number * 0.02)
        flow.heard(number, number * 0.02 + 0.01)

    taken = [flow.takes(number, number * 0.02) for number in range(101, 201)]
    flow.heard(100 + sum(taken), 4.1)

    assert 15 <= sum(taken) <= 25
    assert taken == sorted(taken, reverse=True)
    assert flow.takes(206, 4.12)


@given(st.integers(0, MASK))
def test_numbers_may_wrap(first: int) -> None:
    flow = Flow()
    for step in range(100):
        number = (first + step) & MASK
        assert flow.takes(number, step * 0.02)
        flow.heard(number, step * 0.02 + 0.005)
