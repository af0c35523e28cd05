"""Warnings about a call's sound: when they are raised, when they end, and what they are not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.audio.level import PeakRange
from softphone.engine.quality import QualityWatch
from softphone.model.call import CallId
from softphone.model.quality import QualitySample, Warned

GOOD = QualitySample(CallId("c"), 0.0, jitter_ms=2.0, round_trip_ms=30.0, loss=0.0, mos=4.3)
VOICE = PeakRange(-12.0, -50.0)


def feed(watch: QualityWatch, *bad: bool, **figures: Any) -> list[str]:
    """Let seconds go by, bad ones with these figures; return what was said, "+" or "-"."""
    said = []
    for second in bad:
        values = figures if second else {}
        sample = QualitySample(CallId("c"), 0.0, **values) if second else GOOD
        raised, ended = watch.second(sample, None, silent=False, sent=50, unsent=0)
        said += [f"+{kind}" for kind in raised] + [f"-{kind}" for kind in ended]
    return said


@pytest.mark.parametrize(
    ("figures", "kind"),
    [
        ({"round_trip_ms": 401.0}, Warned.DELAY),
        ({"jitter_ms": 31.0}, Warned.JITTER),
        ({"loss": 0.031}, Warned.LOSS_IN),
        ({"loss_out": 0.031}, Warned.LOSS_OUT),
        ({"mos": 3.4}, Warned.SCORE_IN),
        ({"mos_out": 3.4}, Warned.SCORE_OUT),
    ],
)
def test_three_bad_seconds_of_five_raise_a_warning_once(
    figures: dict[str, float], kind: Warned
) -> None:
    watch = QualityWatch()

    assert feed(watch, True, False, True, False, **figures) == []
    assert feed(watch, True, True, True, **figures) == [f"+{kind}"]
    assert watch.standing == (kind,)


@pytest.mark.parametrize(
    "figures",
    [
        {"round_trip_ms": 400.0, "jitter_ms": 30.0, "loss": 0.03, "mos": 3.5},
        {"round_trip_ms": None, "jitter_ms": None, "loss": None, "mos": None},
    ],
)
def test_limits_themselves_and_unknown_figures_are_no_reason(figures: dict[str, Any]) -> None:
    assert feed(QualityWatch(), *[True] * 10, **figures) == []


def test_a_warning_ends_after_five_good_seconds_in_a_row() -> None:
    watch = QualityWatch()
    feed(watch, True, True, True, loss=0.1)

    assert feed(watch, False, False, False, False, True, loss=0.1) == []
    assert feed(watch, False, False, False, False, loss=0.1) == []
    assert feed(watch, False) == ["-loss_in"]
    assert watch.standing == ()


@given(st.lists(st.booleans(), max_size=60))
def test_what_is_raised_ends_before_it_is_raised_again(seconds: list[bool]) -> None:
    said = feed(QualityWatch(), *seconds, jitter_ms=99.0)

    assert said == ["+jitter", "-jitter"] * (len(said) // 2) + ["+jitter"] * (len(said) % 2)


def spoken(watch: QualityWatch, peaks: PeakRange, seconds: int) -> tuple[Warned, ...]:
    for _ in range(seconds):
        watch.second(GOOD, peaks, silent=False, sent=50, unsent=0)
    return watch.standing


def test_a_quiet_voice_is_told_but_a_silent_room_is_not() -> None:
    assert spoken(QualityWatch(), PeakRange(-40.0, -70.0), 30) == (Warned.QUIET,)
    assert spoken(QualityWatch(), PeakRange(-60.0, -80.0), 30) == ()
    assert spoken(QualityWatch(), PeakRange(-40.0, -45.0), 30) == ()
    assert spoken(QualityWatch(), VOICE, 30) == ()


def test_a_loud_word_ends_the_doubt_about_a_quiet_microphone() -> None:
    watch = QualityWatch()
    spoken(watch, PeakRange(-40.0, -70.0), 30)

    assert spoken(watch, VOICE, 5) == ()


def test_a_microphone_at_full_scale_distorts() -> None:
    assert spoken(QualityWatch(), PeakRange(0.0, -50.0), 3) == (Warned.CLIPPING,)


def test_silence_from_the_far_end_is_told_at_once_and_ends_at_once() -> None:
    watch = QualityWatch()

    first = watch.second(GOOD, None, silent=True, sent=50, unsent=0)
    second = watch.second(GOOD, None, silent=False, sent=50, unsent=0)

    assert first == (frozenset({Warned.NO_AUDIO_IN}), frozenset())
    assert second == (frozenset(), frozenset({Warned.NO_AUDIO_IN}))


@pytest.mark.parametrize(("sent", "unsent", "stands"), [(0, 50, True), (30, 20, False)])
def test_a_connection_that_takes_nothing_is_told(sent: int, unsent: int, stands: bool) -> None:
    watch = QualityWatch()
    for _ in range(3):
        watch.second(GOOD, None, silent=False, sent=sent, unsent=unsent)

    assert (Warned.NO_AUDIO_OUT in watch.standing) is stands


def test_every_warning_has_words_for_the_operator() -> None:
    assert len({kind.words for kind in Warned}) == len(Warned)


def test_nothing_is_called_better_while_the_line_is_silent() -> None:
    watch = QualityWatch()
    feed(watch, True, True, True, mos=2.0)

    said = [watch.second(GOOD, None, silent=True, sent=50, unsent=0) for _ in range(8)]

    assert [ended for _, ended in said] == [frozenset()] * 8
    assert watch.standing == (Warned.NO_AUDIO_IN, Warned.SCORE_IN)
