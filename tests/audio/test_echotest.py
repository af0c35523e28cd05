"""The echo test finds delay, level and reduction of an echo in rooms made of numbers."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softphone.audio.block import BLOCK_SAMPLES
from softphone.audio.echotest import PROBE_S, EchoTest, estimate, probe
from softphone.audio.report import EchoFigures
from tests.audio.rooms import echo_of

PLAYED = probe()


def test_the_probe_is_the_same_each_time_and_of_a_bearable_level() -> None:
    assert (probe() == PLAYED).all()
    assert len(PLAYED) == PROBE_S * 48_000
    assert not PLAYED[: 24_000 - 480].any()
    assert np.abs(PLAYED.astype(int)).max() < 16_000


@settings(max_examples=12, deadline=None)
@given(
    delay_ms=st.floats(1, 400), level_db=st.floats(-35, 12), tail_ms=st.sampled_from([1, 60, 150])
)
def test_delay_and_level_are_found_in_any_room(
    delay_ms: float, level_db: float, tail_ms: float
) -> None:
    heard = echo_of(PLAYED // 4, delay_ms=delay_ms, level_db=level_db, tail_ms=tail_ms)

    found = estimate(PLAYED // 4, heard, None)

    assert found.delay_ms == pytest.approx(delay_ms, abs=0.5)
    assert found.level_db == pytest.approx(level_db, abs=1.0)
    assert found.reduction_db is None


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(-70, -10))
def test_a_room_without_an_echo_is_not_taken_for_one(seed: int, noise_dbfs: float) -> None:
    noise = np.random.default_rng(seed).normal(0, 32768 * 10 ** (noise_dbfs / 20), len(PLAYED))

    assert estimate(PLAYED, np.asarray(np.clip(noise, -32768, 32767), np.int16), None) == (
        EchoFigures()
    )


def test_silence_has_no_echo() -> None:
    assert estimate(PLAYED, np.zeros_like(PLAYED), np.zeros_like(PLAYED)) == EchoFigures()


def test_the_reduction_is_what_cancelling_took() -> None:
    heard = echo_of(PLAYED, noise_dbfs=-90)

    found = estimate(PLAYED, heard, heard // 10)

    assert found.reduction_db == pytest.approx(20, abs=0.3)
    assert "cancelling takes 20 dB" in found.words


def test_no_reduction_is_told_of_an_echo_that_drowns_in_the_noise() -> None:
    heard = echo_of(PLAYED, level_db=-30, noise_dbfs=-45)

    found = estimate(PLAYED, heard, heard // 10)

    assert found.delay_ms == pytest.approx(40, abs=0.5)
    assert found.reduction_db is None


def test_a_later_start_of_the_recording_counts_into_the_delay() -> None:
    heard = echo_of(PLAYED, delay_ms=60)[480:]

    found = estimate(PLAYED, np.append(heard, np.zeros(480, np.int16)), None, ahead_s=0.01)

    assert found.delay_ms == pytest.approx(60, abs=0.5)


def test_a_run_plays_the_probe_once_and_measures_what_comes_back() -> None:
    test, heard = EchoTest(cancelling=True), echo_of(PLAYED)
    played = []
    for first in range(0, len(heard), BLOCK_SAMPLES):
        played.append(test.next_block().copy())
        block = heard[first : first + BLOCK_SAMPLES]
        test.hear(block, block // 10)

    assert test.done
    assert (np.concatenate(played) == PLAYED).all()
    assert not test.next_block().any()
    found = test.figures()
    assert found.level_db == pytest.approx(-10, abs=0.5)
    assert found.reduction_db == pytest.approx(20, abs=0.5)


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        (EchoFigures(), "nothing of the speaker"),
        (EchoFigures(42.4, -18.2), "after 42 ms, 18 dB below what is played."),
        (EchoFigures(42.4, 3.0, 31.0), "3 dB above what is played; cancelling takes 31 dB"),
    ],
)
def test_the_figures_make_a_sentence(figures: EchoFigures, words: str) -> None:
    assert words in figures.words
