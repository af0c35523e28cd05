"""The opinion score: known points of the E-model, and that worse is never better."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.model.mos import mos


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
