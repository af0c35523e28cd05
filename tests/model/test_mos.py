"""The opinion score: known points of the E-model, and that worse is never better."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.model.mos import delay_of, mos, rating


@pytest.mark.parametrize(
    ("loss", "delay_ms", "expected"),
    [(0.0, 0.0, 4.41), (0.0, 150.0, 4.34), (0.0, 400.0, 3.05), (0.05, 50.0, 3.89), (1.0, 0, 1.17)],
)
def test_known_points(loss: float, delay_ms: float, expected: float) -> None:
    assert mos(loss, delay_ms) == pytest.approx(expected, abs=0.05)


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 2000), st.floats(0, 2000))
def test_more_loss_or_delay_is_never_better(a: float, b: float, c: float, d: float) -> None:
    assert mos(max(a, b), max(c, d)) <= mos(min(a, b), min(c, d)) + 1e-9
    assert 1.0 <= mos(a, c) <= 4.5


@pytest.mark.parametrize(
    ("lost_percent", "rtt_ms", "buffer_ms", "rated", "expected"),
    [
        (0, 20, 40, 91.5, 4.37),
        (0, 100, 60, 90.1, 4.34),
        (1, 100, 60, 86.4, 4.24),
        (3, 150, 60, 79.3, 4.00),
        (5, 200, 80, 70.1, 3.60),
        (10, 300, 100, 49.5, 2.55),
        (20, 400, 150, 21.0, 1.28),
    ],
)
def test_a_stream_with_round_trip_and_buffer_has_the_score_of_the_reference(
    lost_percent: float, rtt_ms: float, buffer_ms: float, rated: float, expected: float
) -> None:
    delay = delay_of(rtt_ms, buffer_ms)

    assert rating(lost_percent / 100, delay) == pytest.approx(rated, abs=0.06)
    assert mos(lost_percent / 100, delay) == pytest.approx(expected, abs=0.006)
