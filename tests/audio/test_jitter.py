"""The jitter buffer under the networks of this world; time is an argument, nothing sleeps."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from softphone.audio.arrival import Arrivals
from softphone.audio.jitter import JitterBuffer
from softphone.audio.stretch import StretchQueue
from tests.audio.support import Samples, sine

FRAME = 160


def voice(seconds: float) -> Samples:
    """Return a voiced sound of 150 Hz with syllables."""
    place = np.arange(int(seconds * 8000)) / 8000
    syllables = 1 + 0.5 * np.sin(2 * np.pi * 3 * place)
    return np.asarray(5000 * syllables * np.sin(2 * np.pi * 150 * place), np.int16)


@dataclass
class Run:
    """One simulated call: 20 ms frames arrive at `arrivals_s`, 10 ms are played every 10 ms."""

    arrivals_s: list[float]
    seconds: float
    sound: Samples = field(default_factory=lambda: voice(1))
    buffer: JitterBuffer = field(default_factory=JitterBuffer)
    depths_ms: list[tuple[float, int]] = field(default_factory=list)
    played: list[Samples] = field(default_factory=list)

    def go(self) -> Run:
        waiting = iter(sorted(enumerate(self.arrivals_s), key=lambda item: item[1]))
        following = next(waiting, None)
        for tick in range(round(self.seconds * 100)):
            now_s = tick * 0.01 + 0.003
            while following and following[1] <= now_s:
                self.buffer.push(frame_of(self.sound, following[0]), following[1])
                following = next(waiting, None)
            out = np.zeros(80, np.int16)
            self.buffer.pull(out)
            self.played.append(out)
            self.depths_ms.append((now_s, self.buffer.stats().depth_ms))
        return self

    def depth_ms(self, from_s: float, to_s: float) -> float:
        return float(np.mean([depth for at, depth in self.depths_ms if from_s <= at < to_s]))


def frame_of(sound: Samples, number: int) -> Samples:
    return np.take(sound, np.arange(number * FRAME, (number + 1) * FRAME), mode="wrap")


def steady(seconds: float, stalls: tuple[tuple[float, float], ...] = ()) -> list[float]:
    """Return arrival times over TCP: during a stall nothing comes, then all at once."""
    times = [(number + 1) * 0.02 for number in range(int(seconds * 50))]
    for start, length in stalls:
        times = [start + length if start <= t < start + length else t for t in times]
    return times


def test_nothing_is_played_before_60_ms_have_come() -> None:
    buffer, out = JitterBuffer(), np.ones(80, np.int16)

    buffer.push(voice(0.05), 0.0)
    buffer.pull(out)
    assert not out.any()

    buffer.push(voice(0.02), 0.02)
    buffer.pull(out)
    assert out.any()
    assert buffer.stats().concealed_ms == 0


def test_a_good_network_gets_a_small_delay_and_no_concealment() -> None:
    run = Run(steady(10), 10).go()

    stats = run.buffer.stats()
    assert (stats.concealed_ms, stats.dropped_ms) == (0, 0)
    assert stats.target_ms == 20
    assert run.depth_ms(5, 10) < 45
    assert stats.received_samples == 80_000 - FRAME
    assert stats.jitter_ms < 1


@pytest.mark.parametrize("stall_s", [0.2, 0.3, 0.5])
def test_delay_is_back_within_five_seconds_after_a_stall(stall_s: float) -> None:
    run = Run(steady(20, ((8.0, stall_s),)), 20).go()

    before = run.depth_ms(6, 8)
    assert run.depth_ms(8 + stall_s, 8.2 + stall_s) > before + stall_s * 500
    assert run.depth_ms(13 + stall_s, 14 + stall_s) < before + 30
    assert run.buffer.stats().concealed_ms < stall_s * 1000


def test_stalls_that_repeat_keep_the_buffer_deep() -> None:
    stalls = tuple((3.0 + 5 * number, 0.3) for number in range(7))

    run = Run(steady(40, stalls), 40).go()

    late = Run(steady(14, stalls[:2]), 14).go().buffer.stats().concealed_ms
    assert run.buffer.stats().concealed_ms - late < 5 * 50
    assert run.depth_ms(35, 40) > 200


def test_jitter_raises_the_target_and_nothing_is_lost() -> None:
    random = np.random.default_rng(4)
    times = np.maximum.accumulate([t + random.random() * 0.08 for t in steady(20)])

    run = Run(list(times), 20).go()

    assert 60 <= run.buffer.stats().target_ms <= 110
    assert run.buffer.stats().concealed_ms < 200
    assert run.buffer.stats().jitter_ms > 5


@pytest.mark.parametrize("drift", [-0.001, 0.001])
def test_a_drifting_clock_neither_starves_nor_fills_the_buffer(drift: float) -> None:
    run = Run([t * (1 + drift) for t in steady(60)], 59).go()

    assert 10 < run.depth_ms(50, 59) < 60
    assert run.buffer.stats().concealed_ms < 100


def test_a_sender_that_pauses_does_not_look_like_jitter() -> None:
    times = [t if t < 5 else t + 0.4 for t in steady(12)]

    run = Run(times, 12).go()

    assert run.buffer.stats().target_ms <= 40
    assert run.depth_ms(10, 12) < 60


def test_above_one_second_all_but_60_ms_is_dropped_and_counted() -> None:
    buffer = JitterBuffer()

    buffer.push(np.zeros(8000, np.int16), 0.0)
    assert buffer.stats().depth_ms == 1000
    buffer.push(np.zeros(160, np.int16), 0.0)

    assert buffer.stats().depth_ms == 60
    assert buffer.stats().dropped_ms == 960


def test_a_chunk_larger_than_the_ceiling_keeps_its_newest_60_ms() -> None:
    buffer = JitterBuffer()
    chunk = np.arange(20_000).astype(np.int16)

    buffer.push(chunk, 0.0)
    out = np.zeros(480, np.int16)
    buffer.pull(out)

    assert np.array_equal(out, chunk[-480:])


def test_a_gap_is_continued_then_fades_to_zeros_and_counts_up_to_a_second() -> None:
    run = Run(steady(2), 6).go()

    tail = np.concatenate(run.played[-100:])
    assert not tail.any()
    assert 1000 <= run.buffer.stats().concealed_ms < 1010
    after_end = np.concatenate(run.played[200:206])
    assert np.abs(after_end[:160]).max() > 1000


def test_after_a_long_silence_the_buffer_starts_afresh() -> None:
    times = [t if t < 3 else t + 5 for t in steady(8)]

    run = Run(times, 13).go()

    assert run.buffer.stats().target_ms == 20
    assert run.depth_ms(11, 13) < 60
    assert run.buffer.stats().concealed_ms < 1050


def test_shortening_is_heard_as_the_same_pitch() -> None:
    run = Run(steady(12, ((5.0, 0.5),)), 12).go()

    sound = np.concatenate(run.played[900:1090]).astype(float)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    assert np.argmax(spectrum) * 8000 / len(sound) == pytest.approx(150, abs=5)
    assert np.abs(np.diff(sound)).max() < 2500  # no clicks


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 12)), max_size=60), st.integers(0))
def test_any_chunks_at_any_time_leave_depth_and_counts_sound(
    steps: list[tuple[int, int]], seed: int
) -> None:
    random = np.random.default_rng(seed)
    buffer, out, now_s, pushed = JitterBuffer(), np.zeros(80, np.int16), 0.0, 0

    for samples, pulls in steps:
        chunk = random.integers(-9000, 9000, samples).astype(np.int16)
        buffer.push(chunk, now_s)
        pushed += samples
        for _ in range(pulls):
            now_s += 0.01
            buffer.pull(out)
        stats = buffer.stats()
        assert 0 <= stats.depth_ms <= 1000
        assert 20 <= stats.target_ms <= 600
        assert stats.received_samples == pushed


def packets(count: int, first: int = 0) -> list[tuple[int, Samples]]:
    """Return (timestamp, samples) of consecutive 20 ms packets."""
    sound = voice(count * 0.02)
    return [(first + i * FRAME & 0xFFFFFFFF, frame_of(sound, i)) for i in range(count)]


def play_packets(order: list[tuple[int, Samples]]) -> Samples:
    """Return what is heard when one packet comes each 20 ms, from the first sound on."""
    buffer, parts = JitterBuffer(), []
    for number in range(len(order) + 3):
        if number < len(order):
            buffer.push_packet(order[number][1], 0.02 * number, order[number][0])
        for _ in range(2):
            out = np.zeros(80, np.int16)
            buffer.pull(out)
            parts.append(out)
    first = next(number for number, part in enumerate(parts) if part.any())
    return np.concatenate(parts[first:])


def test_packets_in_order_come_out_as_they_are_across_the_timestamp_wrap() -> None:
    order = packets(10, first=0xFFFFFFFF - 500)

    played = play_packets(order)

    assert np.array_equal(played[:1600], np.concatenate([samples for _, samples in order]))


def test_reordered_and_doubled_packets_are_put_in_place() -> None:
    order = packets(8)
    whole = np.concatenate([samples for _, samples in order])
    order[3], order[4] = order[4], order[3]
    order.insert(6, order[5])

    played = play_packets(order)

    assert np.array_equal(played[:1280], whole)


def test_a_lost_packet_is_concealed_from_both_sides_without_moving_the_rest() -> None:
    order = packets(10)
    whole = np.concatenate([samples for _, samples in order])
    del order[5]

    played = play_packets(order)

    assert np.array_equal(played[960:1600], whole[960:1600])
    gap = played[800:960].astype(float)
    assert np.corrcoef(gap, whole[800:960])[0, 1] > 0.9


def test_a_new_timeline_is_taken_as_it_comes() -> None:
    order = packets(4) + packets(4, first=3_000_000)

    played = play_packets(order)

    assert np.array_equal(played[640:1280], np.concatenate([s for _, s in order[4:]]))


def test_a_packet_too_late_to_be_played_is_ignored() -> None:
    buffer, out = JitterBuffer(), np.zeros(160, np.int16)
    order = packets(8)
    for number in (0, 1, 2, 4):
        buffer.push_packet(order[number][1], 0.02 * number, order[number][0])
    for _ in range(5):
        buffer.pull(out)

    buffer.push_packet(order[3][1], 0.2, order[3][0])

    assert buffer.stats().depth_ms == 0
    assert buffer.stats().concealed_ms == 20


def test_loss_after_running_dry_is_not_concealed_twice() -> None:
    buffer, out = JitterBuffer(), np.zeros(160, np.int16)
    order = packets(8)
    for number in range(4):
        buffer.push_packet(order[number][1], 0.02 * number, order[number][0])
    for _ in range(5):
        buffer.pull(out)

    buffer.push_packet(order[5][1], 0.12, order[5][0])

    assert buffer.stats().concealed_ms == 20
    assert buffer.stats().depth_ms == 20


def test_a_gap_before_the_first_sound_is_not_filled() -> None:
    buffer = JitterBuffer()
    buffer.push_packet(np.zeros(0, np.int16), 0.0, 0)

    buffer.push_packet(voice(0.02), 0.02, 800)

    assert buffer.stats().depth_ms == 20
    assert buffer.stats().concealed_ms == 0


def test_a_gap_of_more_than_200_ms_is_skipped() -> None:
    buffer = JitterBuffer()
    buffer.push_packet(voice(0.08), 0.0, 0)

    buffer.push_packet(voice(0.02), 0.4, 640 + 2400)

    assert buffer.stats().depth_ms == 100


def test_a_queue_refuses_more_than_its_capacity() -> None:
    queue = StretchQueue(100)

    with pytest.raises(ValueError, match="full"):
        queue.push(np.zeros(101, np.int16))


def test_a_queue_keeps_its_order_however_long_it_runs() -> None:
    queue, out = StretchQueue(400), np.zeros(90, np.int16)
    sound = np.arange(30_000).astype(np.int16)
    heard: list[Samples] = []

    for first in range(0, 30_000, 100):
        queue.push(sound[first : first + 100])
        heard.append(out[: queue.pull(out)].copy())
        if len(queue) > 250:
            heard.append(np.zeros(0, np.int16))
            rest = np.zeros(200, np.int16)
            heard.append(rest[: queue.pull(rest)])

    joined = np.concatenate(heard)
    assert np.array_equal(joined, sound[: len(joined)])


def test_lengthening_repeats_a_period_and_needs_enough_sound() -> None:
    queue = StretchQueue(2000)
    assert queue.lengthen(-1) == 0
    queue.push(sine(100, 800, 8000))

    assert queue.lengthen(0.9) == 80
    out = np.zeros(880, np.int16)
    assert queue.pull(out) == 880
    assert np.abs(out - sine(100, 880, 8000).astype(int)).max() < 400


def test_noise_is_not_cut_while_likeness_is_demanded() -> None:
    queue = StretchQueue(2000)
    queue.push(np.random.default_rng(1).integers(-9000, 9000, 800).astype(np.int16))

    assert queue.shorten(0.9) == 0
    assert queue.shorten(-1.0) > 0


def test_a_queue_out_of_headroom_stays_as_it_is() -> None:
    queue = StretchQueue(2000)
    queue.push(np.zeros(1500, np.int16))

    grown = [queue.lengthen(-1) for _ in range(6)]

    assert grown[-1] == 0
    assert len(queue) == 1500 + sum(grown)


def test_arrivals_are_remembered_within_bounds() -> None:
    arrivals = Arrivals()

    for number in range(5000):
        late_s = arrivals.add(number * 0.01, number * 0.01)

    assert late_s == 0
    assert arrivals.target_s == 0.02


def lossy(every: int, seconds: float) -> JitterBuffer:
    """Send packets of 20 ms on time, each `every`th lost, and play them."""
    buffer, out = JitterBuffer(), np.zeros(80, np.int16)
    voice = sine(200, round(seconds * 8000), 8000)
    for number in range(round(seconds * 50)):
        if not every or number % every:
            packet = voice[number * 160 : (number + 1) * 160]
            buffer.push_packet(packet, number * 0.02, number * 160)
        buffer.pull(out)
        buffer.pull(out)
    return buffer


def test_while_packets_get_lost_one_more_is_kept_to_fill_gaps_from_both_sides() -> None:
    assert lossy(10, 10).stats().target_ms == lossy(0, 10).stats().target_ms + 20


def test_one_lost_packet_does_not_make_the_delay_longer() -> None:
    assert lossy(400, 9).stats().target_ms == lossy(0, 9).stats().target_ms
