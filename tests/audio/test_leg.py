"""A G.711 leg from sound card blocks to frames and back."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from softphone.audio import g711
from softphone.audio.leg import G711Leg, Law
from softphone.audio.tones import dtmf
from tests.audio.support import Samples, sine, tone_level


def capture_all(leg: G711Leg, sound: Samples) -> None:
    for first in range(0, len(sound), 480):
        leg.capture(sound[first : first + 480])


def test_every_20_ms_give_one_frame_of_160_bytes() -> None:
    frames: list[bytes] = []
    leg = G711Leg("mulaw", frames.append)

    capture_all(leg, sine(1000, 48_000))

    assert len(frames) == leg.stats().frames_sent == 50
    assert {len(frame) for frame in frames} == {160}
    heard = np.frombuffer(g711.decode_mulaw(b"".join(frames)), np.int16)
    assert tone_level(heard[80:], 1000, 8000) == pytest.approx(8000, rel=0.02)


@pytest.mark.parametrize(("law", "code"), [("mulaw", 0xFF), ("alaw", 0xD5)])
def test_silence_is_sent_as_the_code_of_zero(law: Law, code: int) -> None:
    frames: list[bytes] = []

    capture_all(G711Leg(law, frames.append), np.zeros(960, np.int16))

    assert frames == [bytes([code]) * 160]


@pytest.mark.parametrize("size", [1, 100, 160, 333, 800])
def test_payloads_of_any_size_are_heard(size: int) -> None:
    leg, parts, place = G711Leg("alaw", _ignore), [], 0
    voice = g711.encode_alaw(sine(1000, 16_000, 8000).tobytes())

    for tick in range(150):
        while place < (tick + 8) * 80:
            leg.receive(voice[place : place + size], tick * 0.01)
            place += size
        leg.receive(b"", tick * 0.01)
        out = np.zeros(480, np.int16)
        leg.play(out)
        parts.append(out)

    stats = leg.stats()
    assert tone_level(np.concatenate(parts)[24_000:48_000], 1000, 48_000) > 7000
    assert stats.bytes_received == place
    assert stats.frames_received == place // size
    assert 1.4 < (stats.last_received_s or 0) < 1.5
    assert stats.far_dbfs == pytest.approx(-12.2, abs=0.5)
    assert stats.concealed_ms == stats.dropped_ms == 0


def test_packets_with_timestamps_are_put_in_order() -> None:
    leg, parts = G711Leg("mulaw", _ignore), []
    voice = g711.encode_mulaw(sine(1000, 16_000, 8000).tobytes())
    order = list(range(60))
    order[20], order[21] = order[21], order[20]

    for tick, number in enumerate(order):
        payload = voice[number * 160 : number * 160 + 160]
        leg.receive(payload, tick * 0.02, timestamp=number * 160)
        for _ in range(2):
            out = np.zeros(480, np.int16)
            leg.play(out)
            parts.append(out)

    assert leg.stats().concealed_ms == 0
    assert tone_level(np.concatenate(parts)[12_000:48_000], 1000, 48_000) > 7500


def test_a_flood_is_bounded_in_memory_and_depth() -> None:
    leg, out = G711Leg("mulaw", _ignore), np.zeros(480, np.int16)

    for _ in range(5000):
        leg.receive(bytes(20_000), 1.0)
    assert len(leg._arrived) == 512
    leg.play(out)

    assert leg.stats().depth_ms <= 1000
    assert leg.stats().dropped_ms > 0


def test_digits_of_the_far_end_are_heard_and_counted() -> None:
    leg, out = G711Leg("mulaw", _ignore), np.zeros(480, np.int16)
    sound = dtmf("12#", 60, 60, 8000)

    leg.receive(g711.encode_mulaw(sound.tobytes()), 0.0)
    leg.play(out)

    assert (leg.stats().digits, leg.stats().digits_count) == ("12#", 3)


def test_a_frame_leaves_no_memory_behind() -> None:
    leg = G711Leg("mulaw", _ignore)
    block, out = sine(1000, 480), np.zeros(480, np.int16)
    payload = g711.encode_mulaw(sine(1000, 160, 8000).tobytes())

    def run(frames: int, start_s: float) -> None:
        for number in range(frames):
            leg.receive(payload, start_s + number * 0.02)
            for _ in range(2):
                leg.capture(block)
                leg.play(out)

    run(1500, 0.0)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        run(1000, 30.0)
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert after - before < 4_000


def _ignore(_frame: bytes) -> None:
    """Send nowhere."""
