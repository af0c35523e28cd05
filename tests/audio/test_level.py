"""Meters, the dead microphone, ramps, sums and the ring between threads."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from softphone.audio.level import FLOOR_DBFS, DeadMicDetector, Meter, peak_dbfs, rms_dbfs
from softphone.audio.mixer import Mixer
from softphone.audio.ramp import Ramp
from softphone.audio.ring import SampleRing
from tests.audio.support import sine


def block(value: int) -> np.ndarray[tuple[int], np.dtype[np.int16]]:
    return np.full(480, value, np.int16)


def test_levels_are_in_db_below_full_scale() -> None:
    assert peak_dbfs(block(-32_768)) == 0
    assert peak_dbfs(block(0)) == FLOOR_DBFS
    assert peak_dbfs(block(3277)) == pytest.approx(-20, abs=0.01)
    assert rms_dbfs(sine(1000, 480, peak=32_767)) == pytest.approx(-3.01, abs=0.01)
    assert rms_dbfs(block(0)) == FLOOR_DBFS


def test_nothing_at_all_is_silence() -> None:
    assert peak_dbfs(np.zeros(0, np.int16)) == FLOOR_DBFS
    assert rms_dbfs(np.zeros(0, np.int16)) == FLOOR_DBFS


def test_a_meter_rises_at_once_and_falls_20_db_a_second() -> None:
    meter = Meter()

    meter.feed(block(3277), 0.01)
    assert meter.dbfs == pytest.approx(-20, abs=0.01)
    for _ in range(50):
        meter.feed(block(0), 0.01)

    assert meter.dbfs == pytest.approx(-30, abs=0.01)


@pytest.mark.parametrize("constant", [0, -3])
def test_a_constant_microphone_is_noticed_once_after_five_seconds(constant: int) -> None:
    detector = DeadMicDetector()

    told = [detector.feed(block(constant), 0.01) for _ in range(700)]

    assert told.count(True) == 1
    assert 499 <= told.index(True) <= 501
    assert detector.silent


def test_noise_keeps_the_microphone_alive_and_rearms_the_warning() -> None:
    detector = DeadMicDetector(0.02)
    noise = block(0)
    noise[7] = 1

    assert [detector.feed(b, 0.01) for b in (block(0), noise, block(0), block(0))].count(True) == 1
    assert not detector.feed(noise, 0.01)
    assert not detector.silent
    assert [detector.feed(block(0), 0.01) for _ in range(2)] == [False, True]


def test_a_ramp_closes_without_a_click_to_exact_zeros_and_opens_again() -> None:
    ramp, sound = Ramp(open_=True), block(10_000)

    ramp.apply(sound, False)
    assert np.abs(np.diff(sound.astype(int))).max() <= 22
    assert sound[0] > 9_900
    assert sound[-1] == 0
    assert ramp.closed

    closed = block(10_000)
    ramp.apply(closed, False)
    assert not closed.any()

    opening = block(10_000)
    ramp.apply(opening, True)
    assert opening[0] < 30
    assert opening[-1] == 10_000
    steady = block(123)
    ramp.apply(steady, True)
    assert (steady == 123).all()


@given(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=8))
def test_a_sum_saturates_and_mix_minus_leaves_out_ones_own_voice(values: list[int]) -> None:
    mixer, out = Mixer(), block(0)
    mixer.clear()
    for value in values:
        mixer.add(block(value))

    mixer.write(out)
    assert out[0] == max(-32_768, min(32_767, sum(values)))

    mixer.write_minus(block(values[0]), out)
    assert out[0] == max(-32_768, min(32_767, sum(values[1:])))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 40)), max_size=60))
def test_a_ring_is_a_bounded_queue(steps: list[tuple[bool, int]]) -> None:
    ring, model, number = SampleRing(64), list[int](), 0

    for writing, count in steps:
        if writing:
            values = [(number + i) % 30_000 for i in range(count)]
            if ring.write(np.array(values, np.int16)):
                model += values
                number += count
            else:
                assert len(model) + count > 64
        else:
            out = np.zeros(count, np.int16)
            got = ring.read(out)
            assert out[:got].tolist() == model[:got]
            assert got == min(count, len(model))
            del model[:got]
        assert len(ring) == len(model)
        assert ring.free == 64 - len(model)


def test_a_ring_can_skip() -> None:
    ring, out = SampleRing(8), np.zeros(8, np.int16)
    ring.write(np.arange(6).astype(np.int16))

    ring.skip(4)
    assert ring.read(out) == 2
    assert out[:2].tolist() == [4, 5]
    ring.skip(9)
    assert len(ring) == 0
