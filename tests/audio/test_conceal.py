"""Concealment continues the pitch, fits at both ends and fades away."""

from __future__ import annotations

import numpy as np
import pytest

from softphone.audio.conceal import Concealer, conceal_between
from tests.audio.support import Samples, sine


def heard(sound: Samples) -> Concealer:
    concealer = Concealer()
    concealer.heard(sound)
    return concealer


@pytest.mark.parametrize("frequency_hz", [80, 120, 200])
def test_a_voice_goes_on_at_its_pitch(frequency_hz: int) -> None:
    whole = sine(frequency_hz, 960, 8000)
    concealer, out = heard(whole[:800]), np.zeros(160, np.int16)

    concealer.conceal(out)

    assert np.corrcoef(out, whole[800:])[0, 1] > 0.95
    assert abs(int(out[0]) - int(whole[800])) < 800
    assert concealer.missing_samples == 160


def test_a_long_gap_fades_to_exact_zeros_at_60_ms() -> None:
    concealer, out = heard(sine(200, 800, 8000)), np.zeros(80, np.int16)
    peaks = []

    for _ in range(8):
        concealer.conceal(out)
        peaks.append(int(np.abs(out).max()))

    assert peaks[0] > 7000
    assert peaks == sorted(peaks, reverse=True)
    assert peaks[6:] == [0, 0]


@pytest.mark.parametrize("gap_blocks", [1, 3, 10])
def test_sound_comes_back_without_a_click(gap_blocks: int) -> None:
    concealer, out = heard(sine(200, 800, 8000)), np.zeros(80, np.int16)
    for _ in range(gap_blocks):
        concealer.conceal(out)
    last = int(out[-1])
    back = -sine(200, 160, 8000)  # the opposite phase, the worst case
    back[:] = np.roll(back, 10)

    concealer.heard(back)

    assert abs(int(back[0]) - last) < 1800
    assert np.abs(np.diff(back.astype(int))).max() < 2500
    assert concealer.missing_samples == 0


def test_silence_is_continued_by_silence() -> None:
    concealer, out = Concealer(), np.ones(160, np.int16)

    concealer.conceal(out)

    assert not out.any()


def test_with_both_sides_known_the_gap_fits_better_than_with_one() -> None:
    place = np.arange(1600) / 8000
    glide = np.asarray(8000 * np.sin(2 * np.pi * (100 * place + 150 * place**2)), np.int16)
    one = np.zeros(160, np.int16)
    heard(glide[:800]).conceal(one)

    two = conceal_between(glide[:800], glide[960:], 160)

    def error(made: Samples) -> float:
        return float(np.std(made - glide[800:960].astype(float)))

    assert error(two) < error(one)


def test_a_gap_without_a_past_takes_the_future_alone() -> None:
    after = sine(100, 480, 8000)

    made = conceal_between(np.zeros(0, np.int16), after, 160)

    assert np.abs(made[-40:]).max() > 2000


def test_a_long_gap_goes_over_into_the_noise_of_the_far_ends_room() -> None:
    room = np.random.default_rng(3).normal(0, 40, 8000 * 3)
    words = sine(200, 8000 * 3, 8000) * (np.arange(8000 * 3) % 8000 < 6000)
    sound = np.asarray(np.rint(room + words), np.int16)
    concealer, out = Concealer(), np.zeros(80, np.int16)
    for first in range(0, len(sound), 80):
        concealer.heard(sound[first : first + 80].copy())

    made = []
    for _ in range(40):
        concealer.conceal(out)
        made.append(out.copy())

    levels = [float(np.sqrt(np.mean(block.astype(float) ** 2))) for block in made]
    assert min(levels[6:]) > 20
    assert max(levels[6:]) < 60
    assert np.abs(np.diff(np.concatenate(made).astype(int))).max() < 1800
