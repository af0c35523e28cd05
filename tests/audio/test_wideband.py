"""Jitter buffer, concealment and stretching at 48 kHz: the same behaviour as at 8 kHz."""

from __future__ import annotations

import time

import numpy as np
import numpy.typing as npt
import pytest

from softphone.audio.conceal import Concealer, best_lag_at, conceal_between, pitch_lag, scale_of
from softphone.audio.jitter import JitterBuffer
from softphone.audio.stretch import StretchQueue

RATE_HZ = 48_000
FRAME = 960


def voice(count: int, start: int = 0, pitch_hz: float = 125.0) -> npt.NDArray[np.int16]:
    """Return a buzz with a pitch, as a vowel has."""
    place = np.arange(start, start + count) / RATE_HZ
    made = sum(np.sin(2 * np.pi * pitch_hz * k * place) / k for k in range(1, 40))
    return np.asarray(np.rint(3000 * made), np.int16)


def test_the_pitch_is_found_to_the_sample() -> None:
    sound = voice(4000, pitch_hz=RATE_HZ / 385).astype(np.float32)

    assert pitch_lag(sound, 6) == 385


def test_the_search_keeps_within_its_bounds() -> None:
    random = np.random.default_rng(3)
    for _ in range(50):
        noise = random.normal(0, 1000, 2400).astype(np.float32)
        lag, alike = best_lag_at(noise, 40, 120, 160, 6)
        assert 240 <= lag <= 720 and -1.0 <= alike <= 1.0


@pytest.mark.parametrize("rate_hz", [0, 4_000, 11_025, 44_100])
def test_only_multiples_of_8_khz_are_taken(rate_hz: int) -> None:
    with pytest.raises(ValueError, match="multiples"):
        scale_of(rate_hz)


def test_a_lost_frame_of_a_vowel_sounds_like_it_and_fades_to_nothing() -> None:
    concealer = Concealer(RATE_HZ)
    concealer.heard(voice(2400))
    made = [np.zeros(480, np.int16) for _ in range(8)]
    for block in made:
        concealer.conceal(block)

    truth = voice(480, 2400)
    error = made[0].astype(float) - truth
    assert np.sqrt(np.mean(error**2)) < 0.25 * np.sqrt(np.mean(truth.astype(float) ** 2))
    assert concealer.missing_samples == 3840
    assert not made[6].any() and not made[7].any()


def test_a_gap_between_two_known_sides_is_filled_like_them() -> None:
    made = conceal_between(voice(2400), voice(2400, 2400 + FRAME), FRAME, RATE_HZ)

    truth = voice(FRAME, 2400).astype(float)
    assert np.sqrt(np.mean((made - truth) ** 2)) < 0.3 * np.sqrt(np.mean(truth**2))


def test_a_queue_is_shortened_and_lengthened_by_whole_periods() -> None:
    queue = StretchQueue(20_000, RATE_HZ)
    queue.push(voice(4800))
    out = np.zeros(960, np.int16)
    queue.pull(out)

    taken = queue.shorten(0.6)
    given = queue.lengthen(0.6)

    assert taken % 384 <= 12 and given % 384 <= 12 and taken > 0 < given
    assert len(queue) == 4800 - 960 - taken + given


def play(buffer: JitterBuffer, frames: int, lost: set[int]) -> npt.NDArray[np.int16]:
    heard = []
    for number in range(frames):
        if number not in lost:
            at = 0xFFFFF000 + number * FRAME  # the timestamp wraps
            buffer.push_packet(voice(FRAME, number * FRAME), number * 0.02, at & 0xFFFFFFFF)
        for _ in range(2):
            out = np.zeros(480, np.int16)
            buffer.pull(out)
            heard.append(out)
    return np.concatenate(heard)


def test_what_goes_in_comes_out_unchanged_when_nothing_is_lost() -> None:
    buffer = JitterBuffer(40, rate_hz=RATE_HZ)

    heard = play(buffer, 50, set())

    first = int(np.argmax(heard != 0))
    sent = voice(50 * FRAME)
    shift = int(np.argmax(sent != 0))
    length = 20_000
    assert np.array_equal(heard[first : first + length], sent[shift : shift + length])
    assert buffer.stats().concealed_ms == 0


def test_one_lost_packet_is_concealed_and_adds_no_delay() -> None:
    whole, holed = JitterBuffer(40, rate_hz=RATE_HZ), JitterBuffer(40, rate_hz=RATE_HZ)

    play(whole, 200, set())
    heard = play(holed, 200, {60})

    assert holed.stats().concealed_ms == 20
    assert abs(holed.stats().depth_ms - whole.stats().depth_ms) <= 20
    level = np.sqrt(np.mean(heard[50 * 960 : 70 * 960].reshape(-1, 480).astype(float) ** 2, axis=1))
    assert level.min() > 0.5 * level.max()


def test_another_timeline_is_taken_as_it_comes() -> None:
    buffer = JitterBuffer(40, rate_hz=RATE_HZ)
    play(buffer, 50, set())

    buffer.new_timeline()
    buffer.push_packet(voice(FRAME), 1.0, 12_345)

    assert buffer.stats().received_samples == 51 * FRAME
    assert buffer.stats().concealed_ms == 0


def test_wideband_costs_little_more_than_narrowband() -> None:
    def cost(scale: int) -> float:
        sound = voice(2400)[:: 6 // scale].copy()
        concealer, out = Concealer(8_000 * scale), np.zeros(80 * scale, np.int16)
        best = float("inf")
        for _ in range(30):
            start = time.process_time_ns()
            for _ in range(20):
                concealer.heard(sound)
                concealer.conceal(out)
            best = min(best, time.process_time_ns() - start)
        return best / 20_000

    narrow, wide = cost(1), cost(6)
    print(f"a concealed block: {narrow:.0f} us at 8 kHz, {wide:.0f} us at 48 kHz")

    assert wide < 6 * narrow
