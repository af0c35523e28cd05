"""Tones that are sent, and the DTMF detector on digits, speech and hostile signals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softphone.audio import g711
from softphone.audio.dtmf import DtmfDetector, classify
from softphone.audio.tones import (
    BUSY,
    DTMF_FREQUENCIES,
    RING,
    Clip,
    dtmf,
    milliwatt,
    sequence,
    tone,
)
from softphone.model.error import AudioError
from tests.audio.support import Samples, sine, tone_level

ALL = "0123456789*#ABCD"


def detect(sound: Samples, chunk: int = 160) -> str:
    detector = DtmfDetector()
    return "".join(detector.feed(sound[i : i + chunk]) for i in range(0, len(sound), chunk))


@pytest.mark.parametrize(("on_ms", "gap_ms"), [(40, 40), (50, 45), (100, 100), (400, 60)])
@pytest.mark.parametrize("offset", [0, 33, 77])
def test_every_digit_we_send_is_heard_once(on_ms: int, gap_ms: int, offset: int) -> None:
    sound = np.concatenate([np.zeros(offset, np.int16), dtmf(ALL, on_ms, gap_ms, 8000)])

    assert detect(sound) == ALL


def test_digits_survive_mulaw_and_noise() -> None:
    random = np.random.default_rng(5)
    sound = dtmf(ALL, 60, 60, 8000) + random.normal(0, 150, 16 * 960)

    coded = g711.decode_mulaw(g711.encode_mulaw(np.rint(sound).astype("<i2").tobytes()))

    assert detect(np.frombuffer(coded, np.int16)) == ALL


def test_a_digit_repeated_is_heard_twice_and_a_long_one_once() -> None:
    assert detect(dtmf("11", 80, 80, 8000)) == "11"
    assert detect(dtmf("1", 1500, 80, 8000)) == "1"


@settings(max_examples=40, deadline=None)
@given(st.text(ALL, min_size=1, max_size=8), st.integers(1, 900))
def test_chunk_size_makes_no_difference(digits: str, chunk: int) -> None:
    assert detect(dtmf(digits, 60, 60, 8000), chunk) == digits


@pytest.mark.parametrize("low_db", [-12.0, 10.0])
def test_too_much_twist_is_no_digit(low_db: float) -> None:
    sound = tone((770, 1336), 0.2, (low_db - 12, -12.0), 8000)

    assert detect(sound) == ""


@pytest.mark.parametrize("frequencies", [(697,), (1209,), (697, 770), (350, 440), (697, 941, 1209)])
def test_other_tones_are_no_digit(frequencies: tuple[float, ...]) -> None:
    assert detect(tone(frequencies, 0.3, -12.0, 8000)) == ""


def test_too_short_or_too_soft_is_no_digit() -> None:
    assert detect(dtmf("5", 100, 100, 8000)[:150]) == ""
    assert classify((dtmf("5", 100, 100, 8000)[:102] // 100).astype(np.int16)) == ""


def test_a_digit_with_strong_harmonics_is_speech() -> None:
    pair = DTMF_FREQUENCIES["5"]
    sound = tone((*pair, 2 * pair[1]), 0.2, (-12.0, -12.0, -17.0), 8000)

    assert detect(sound) == ""


def test_speech_like_sounds_and_noise_do_not_talk_off() -> None:
    random = np.random.default_rng(3)
    place = np.arange(8000 * 20) / 8000
    pitch = 2 * np.pi * np.cumsum(120 + 40 * np.sin(2 * np.pi * 0.7 * place)) / 8000
    voice = sum(np.sin(k * pitch) / k for k in range(1, 20)) * 4000
    noise = random.normal(0, 3000, len(place))

    assert detect(np.asarray(voice, np.int16)) == ""
    assert detect(np.asarray(noise, np.int16)) == ""


def test_dtmf_has_the_right_pair_levels_and_length() -> None:
    sound = dtmf("1", 100, 50)

    low, high = tone_level(sound[480:4320], 697, 48_000), tone_level(sound[480:4320], 1209, 48_000)
    assert len(sound) == 7200
    assert 20 * np.log10(high / low) == pytest.approx(2, abs=0.3)
    assert np.abs(sound).max() < 32_767 * 0.52
    assert not sound[4800:].any()


@pytest.mark.parametrize("digits", ["", "12x", "1 2", "E", "1" * 65, "１"])
def test_what_is_not_dtmf_is_refused(digits: str) -> None:
    with pytest.raises(AudioError, match="DTMF can be"):
        dtmf(digits)


@pytest.mark.parametrize(("on_ms", "gap_ms"), [(39, 100), (100, 2001)])
def test_times_receivers_need_not_accept_are_refused(on_ms: int, gap_ms: int) -> None:
    with pytest.raises(AudioError, match="40 to 2000 ms"):
        dtmf("1", on_ms, gap_ms)


def test_tones_start_and_end_softly() -> None:
    sound = tone((425.0,), 0.1).astype(int)

    assert abs(sound[0]) < 10
    assert abs(sound[-1]) < 10
    assert np.abs(np.diff(sound)).max() < 700


def test_cadences_have_their_length() -> None:
    assert len(sequence(BUSY)) == 48_000
    assert len(sequence(RING, rate_hz=8000)) == 24_000


def test_a_clip_ends_in_silence_or_starts_again() -> None:
    once, again = Clip(np.arange(1, 6).astype(np.int16)), Clip(np.arange(3).astype(np.int16), True)
    out = np.ones(8, np.int16)

    once.read(out)
    assert out.tolist() == [1, 2, 3, 4, 5, 0, 0, 0]
    assert once.ended
    again.read(out)
    assert out.tolist() == [0, 1, 2, 0, 1, 2, 0, 1]
    assert not again.ended
    assert Clip(np.zeros(0, np.int16), repeat=True).ended


def test_the_test_tone_repeats_without_a_seam() -> None:
    clip, out = milliwatt(), np.zeros(48_000, np.int16)

    clip.read(out)

    assert np.abs(out - sine(1004, 48_000, peak=32_767 * 10**-0.5).astype(int)).max() <= 1
