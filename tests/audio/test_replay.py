"""What is remembered of a call: the newest half minute of both directions, and never more."""

from __future__ import annotations

import numpy as np

from softphone.audio.block import BLOCK_SAMPLES, PHONE_RATE_HZ, RATE_HZ, Samples
from softphone.audio.board import Board, Line
from softphone.audio.replay import KEPT_S, Replay, to_hear
from tests.audio.support import FakeLeg, sine


def block(value: int) -> Samples:
    return np.full(BLOCK_SAMPLES, value, np.int16)


def seconds(count: float) -> int:
    return round(count * RATE_HZ / BLOCK_SAMPLES)


def test_both_directions_are_kept_side_by_side() -> None:
    replay = Replay()
    for _ in range(seconds(1)):
        replay.near(block(1000))
        replay.far(block(-2000))

    both = replay.last()

    assert both.shape == (PHONE_RATE_HZ, 2)
    assert (np.abs(both[2000:] - [1000, -2000]) <= 20).all()


def test_only_the_newest_half_minute_is_kept() -> None:
    replay = Replay()
    for number in range(seconds(KEPT_S + 5)):
        replay.near(block(500 if number < seconds(10) else 1000))

    both = replay.last()

    assert both.shape == (KEPT_S * PHONE_RATE_HZ, 2)
    assert abs(int(both[0, 0]) - 500) < 10
    assert abs(int(both[-1, 0]) - 1000) < 20
    assert abs(int(both[6 * PHONE_RATE_HZ, 0]) - 1000) < 20
    assert not both[:, 1].any()


def test_a_side_that_began_later_is_silent_before() -> None:
    replay = Replay()
    for number in range(seconds(1)):
        replay.near(block(1000))
        if number >= seconds(0.5):
            replay.far(block(1000))

    both = replay.last()

    assert not both[: PHONE_RATE_HZ // 2, 1].any()
    assert both[-100:, 1].all()


def test_a_replay_sounds_as_it_did() -> None:
    replay = Replay()
    hum = sine(440, RATE_HZ)
    for place in range(0, len(hum), BLOCK_SAMPLES):
        replay.far(hum[place : place + BLOCK_SAMPLES])

    heard = to_hear(replay.last())

    spectrum = np.abs(np.fft.rfft(heard[:RATE_HZ]))
    assert len(heard) == RATE_HZ
    assert abs(int(np.argmax(spectrum)) - 440) <= 1


def test_of_a_private_moment_only_silence_is_kept() -> None:
    board, leg = Board(), FakeLeg(3000)
    line = Line("one", leg)
    line.talk = line.listen = True
    line.replay = Replay()
    board.lines = (line,)
    line.private = True
    out = np.zeros(BLOCK_SAMPLES, np.int16)

    for _ in range(seconds(0.2)):
        board.play(out)
        board.capture(block(1000))

    assert not line.replay.last().any()
    assert (leg.last == 1000).all()
    assert (out == 3000).all()
