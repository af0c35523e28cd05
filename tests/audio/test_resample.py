"""The resamplers: what they let through, what they stop, how long they take."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.audio.resample import Downsampler, RateConverter, Upsampler
from tests.audio.support import Samples, sine, tone_level


def down(sound: Samples, block: int = 480) -> Samples:
    filter_ = Downsampler(block)
    out = np.zeros(len(sound) // 6, np.int16)
    for first in range(0, len(sound), block):
        part = sound[first : first + block]
        filter_.run(part, out[first // 6 : (first + len(part)) // 6])
    return out


def up(sound: Samples, block: int = 80) -> Samples:
    filter_ = Upsampler(block)
    out = np.zeros(len(sound) * 6, np.int16)
    for first in range(0, len(sound), block):
        part = sound[first : first + block]
        filter_.run(part, out[first * 6 : (first + len(part)) * 6])
    return out


def convert(sound: Samples, from_hz: int, to_hz: int, block: int = 999) -> Samples:
    converter = RateConverter(from_hz, to_hz)
    parts = [converter.push(sound[i : i + block]) for i in range(0, len(sound), block)]
    return np.concatenate([*parts, converter.finish()])


@pytest.mark.parametrize(("frequency_hz", "least", "most"), [(1000, -0.1, 0.1), (3400, -1.0, 0.1)])
def test_speech_frequencies_pass_down_and_up(frequency_hz: int, least: float, most: float) -> None:
    narrow = down(sine(frequency_hz, 48_000))
    wide = up(sine(frequency_hz, 8_000, 8_000))

    for sound, rate in ((narrow[400:7600], 8_000), (wide[2400:45_600], 48_000)):
        gain_db = 20 * np.log10(tone_level(sound, frequency_hz, rate) / 8000)
        assert least < gain_db < most


@pytest.mark.parametrize("frequency_hz", [5_000, 7_000, 9_000, 15_000])
def test_what_would_alias_is_stopped(frequency_hz: int) -> None:
    narrow = down(sine(frequency_hz, 48_000, peak=30_000))

    assert np.abs(narrow[100:]).max() <= 1  # -90 dB


def test_images_are_stopped() -> None:
    wide = up(sine(3_000, 8_000, 8_000, peak=30_000))

    assert tone_level(wide[2400:45_600], 5_000, 48_000) < 1


def test_each_direction_delays_by_two_milliseconds() -> None:
    click = np.zeros(960, np.int16)
    click[0] = 30_000
    narrow_click = np.zeros(160, np.int16)
    narrow_click[0] = 30_000

    assert np.argmax(down(click)) in (15, 16)
    assert np.argmax(up(narrow_click)) == 96


@given(st.lists(st.sampled_from([6, 12, 60, 240, 480]), min_size=1, max_size=30), st.integers(0))
def test_block_sizes_make_no_difference(sizes: list[int], seed: int) -> None:
    sound = np.random.default_rng(seed).integers(-20_000, 20_000, sum(sizes)).astype(np.int16)
    filter_, back = Downsampler(), Upsampler()
    narrow, wide = np.zeros(len(sound) // 6, np.int16), np.zeros(len(sound), np.int16)

    place = 0
    for size in sizes:
        part = narrow[place // 6 : (place + size) // 6]
        filter_.run(sound[place : place + size], part)
        back.run(part, wide[place : place + size])
        place += size

    whole = down(sound, len(sound))
    assert np.abs(narrow.astype(int) - whole).max() <= 1  # sums in another order may round apart
    assert np.abs(wide.astype(int) - up(narrow, len(narrow))).max() <= 1


def test_silence_stays_exactly_zero() -> None:
    assert not down(np.zeros(4_800, np.int16)).any()
    assert not up(np.zeros(800, np.int16)).any()


def test_full_scale_saturates_instead_of_wrapping() -> None:
    square = np.where(np.arange(8_000) // 8 % 2, 32_767, -32_768).astype(np.int16)

    wide = up(square)

    assert wide.max() == 32_767
    assert np.corrcoef(wide[96:].astype(float), np.repeat(square, 6)[:-96])[0, 1] > 0.9


@pytest.mark.parametrize(("block", "out"), [(481, 80), (480, 79), (960, 160)])
def test_sizes_that_do_not_fit_are_refused(block: int, out: int) -> None:
    with pytest.raises(ValueError, match="cannot turn"):
        Downsampler().run(np.zeros(block, np.int16), np.zeros(out, np.int16))
    with pytest.raises(ValueError, match="cannot turn"):
        Upsampler().run(np.zeros(81, np.int16), np.zeros(out, np.int16))


def test_impossible_settings_are_refused() -> None:
    with pytest.raises(ValueError, match="multiples"):
        Downsampler(100)
    with pytest.raises(ValueError, match="positive"):
        RateConverter(0, 8000)


@pytest.mark.parametrize("from_hz", [8_000, 11_025, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000])
@pytest.mark.parametrize("to_hz", [8_000, 48_000])
def test_files_of_any_rate_keep_pitch_length_and_quality(from_hz: int, to_hz: int) -> None:
    made = convert(sine(1000, from_hz, from_hz), from_hz, to_hz)

    error = made[400:-400] - sine(1000, to_hz, to_hz)[400:-400].astype(float)
    assert len(made) == to_hz
    assert np.std(error) < 8000 / np.sqrt(2) / 10 ** (70 / 20)


def test_an_odd_rate_is_converted_too() -> None:
    made = convert(sine(1000, 44_101, 44_101), 44_101, 48_000)

    assert len(made) == 48_000
    assert tone_level(made[480:-480], 1000, 48_000) == pytest.approx(8000, rel=0.01)


@given(st.integers(1, 4000), st.integers(1, 500))
def test_conversion_does_not_depend_on_how_a_file_is_cut(length: int, block: int) -> None:
    sound = sine(440, length, 11_025)

    made = convert(sound, 11_025, 8_000, block)

    assert np.array_equal(made, convert(sound, 11_025, 8_000, length))
    assert len(made) == -(-length * 8_000 // 11_025)
