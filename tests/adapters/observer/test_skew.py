"""How far the service's clock is from ours."""

from __future__ import annotations

from softphone.adapters.observer.skew import Skew


def told(*offsets: float) -> list[str]:
    skew = Skew()
    return [text for offset in offsets if (text := skew.note(1000.0 + offset, 1000.0))]


def test_a_clock_that_is_right_is_not_spoken_of() -> None:
    assert told(*[0.3] * 20, *[-1.9] * 20) == []


def test_a_clock_that_is_wrong_is_told_once_and_which_way() -> None:
    assert told(*[90.0] * 20) == ["the service's clock is 90 s behind this one"]
    assert told(*[-90.0] * 20) == ["the service's clock is 90 s ahead of this one"]


def test_a_few_rows_that_were_late_say_nothing_of_the_clock() -> None:
    assert told(0.1, 60.0, 0.1, 60.0, 0.1, 0.2, 0.1) == []
    assert told(*[90.0] * 4) == []
