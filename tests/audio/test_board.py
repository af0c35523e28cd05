"""Who hears whom: the patch board with legs that say a constant, block by block."""

from __future__ import annotations

from collections import deque
from pathlib import Path

import numpy as np
import pytest

from softphone.audio.board import Board, Line, Overlay
from softphone.audio.player import FilePlayer
from softphone.audio.tones import Clip
from softphone.audio.wav import WavWriter
from tests.audio.support import FakeLeg, Samples, sine, wait_for

MIC = np.full(480, 1000, np.int16)


def board_of(*says: int) -> tuple[Board, list[Line], list[FakeLeg]]:
    board = Board()
    legs = [FakeLeg(value) for value in says]
    lines = [Line(str(number), leg) for number, leg in enumerate(legs)]
    board.lines = tuple(lines)
    return board, lines, legs


def run(board: Board, blocks: int = 4, mic: Samples = MIC) -> Samples:
    """Run some 10 ms steps and return the last block at the speaker."""
    out = np.zeros(480, np.int16)
    for _ in range(blocks):
        board.play(out)
        board.capture(mic)
    return out


def talk(*lines: Line) -> None:
    for line in lines:
        line.talk = line.listen = True


def test_a_fresh_leg_gets_silence_and_is_not_heard() -> None:
    board, _, (leg,) = board_of(500)

    out = run(board)

    assert not out.any()
    assert leg.count == leg.played == 4
    assert not any(block.any() for block in leg.sent)


def test_talking_opens_both_directions() -> None:
    board, lines, (leg,) = board_of(500)
    talk(*lines)

    out = run(board)

    assert (out == 500).all()
    assert (leg.last == 1000).all()


def test_muting_ends_in_exact_zeros_after_a_ramp_of_10_ms() -> None:
    board, (line,), (leg,) = board_of(0)
    talk(line)
    run(board)

    line.muted = True
    run(board, 2)

    ramp, closed = leg.sent[-2:]
    assert np.abs(np.diff(ramp.astype(int))).max() <= 3
    assert not closed.any()


def test_in_a_conference_each_hears_all_but_itself() -> None:
    board, lines, legs = board_of(100, 20, 3)
    talk(*lines)

    out = run(board)

    assert (out == 123).all()
    assert [int(leg.last[-1]) for leg in legs] == [1023, 1103, 1120]


def test_a_held_party_neither_hears_nor_is_heard() -> None:
    board, lines, legs = board_of(100, 20, 3)
    talk(*lines)
    run(board)

    lines[2].held = True
    out = run(board)

    assert (out == 120).all()
    assert [int(leg.last[-1]) for leg in legs] == [1020, 1100, 0]


def test_clocks_that_drift_leave_the_conference_short_of_delay() -> None:
    board, lines, _ = board_of(100, 20)
    talk(*lines)
    out = np.zeros(480, np.int16)

    for _ in range(20):
        board.play(out)
    board.capture(MIC)

    assert len(lines[0].shared) <= 3 * 480


def make_file(path: Path, value: int, blocks: int) -> FilePlayer:
    writer = WavWriter(path, 48_000)
    writer.write(np.full(480 * blocks, value, np.int16))
    writer.close()
    player = FilePlayer(path)
    assert player.wait_ready(5)
    wait_for(lambda: player._all_read)
    return player


def test_hold_music_replaces_the_microphone(tmp_path: Path) -> None:
    board, (line,), (leg,) = board_of(500)
    talk(line)
    line.held, line.music = True, make_file(tmp_path / "a.wav", 77, 10)

    out = run(board)

    assert not out.any()
    assert (leg.last == 77).all()


def test_a_file_replaces_the_microphone_also_while_muted(tmp_path: Path) -> None:
    board, (line,), (leg,) = board_of(500)
    talk(line)
    line.muted, line.file = True, make_file(tmp_path / "a.wav", 77, 10)

    out = run(board)

    assert (out == 500).all()
    assert (leg.last == 77).all()


def test_tones_replace_the_microphone_one_after_the_other() -> None:
    board, (line,), (leg,) = board_of(0)
    talk(line)
    line.tones.extend([Clip(np.full(480, 5, np.int16)), Clip(np.full(480, 6, np.int16))])

    run(board, 4)

    assert [int(block[-1]) for block in leg.sent] == [5, 6, 1000, 1000]


def test_overlays_are_heard_here_only_and_end_without_a_click() -> None:
    board, _, (leg,) = board_of(0)
    overlay = Overlay(Clip(np.full(480, 4000, np.int16), repeat=True))
    board.overlays = (overlay,)

    assert (run(board) == 4000).all()
    overlay.ending = True
    out = run(board, 1)

    assert np.abs(np.diff(out.astype(int))).max() < 20
    assert overlay.over
    assert not run(board).any()
    assert not leg.last.any()


def test_the_ringer_has_its_own_device() -> None:
    board, out = Board(), np.ones(480, np.int16)
    board.ring(out)
    assert not out.any()

    board.ringing = Overlay(Clip(np.full(480, 9, np.int16)))
    board.ring(out)
    assert (out == 9).all()
    board.ring(out)
    assert not out.any()


def test_the_loop_plays_the_microphone_back_half_a_second_later() -> None:
    board = Board()
    board.loopback = True

    assert not run(board, 49).any()
    assert (run(board, 10) == 1000).all()


def test_a_leg_that_breaks_does_not_silence_the_others() -> None:
    board, lines, legs = board_of(100, 20)
    talk(*lines)
    legs[0].fails = RuntimeError("loop is closed")

    out = run(board)

    assert (out == 20).all()
    assert isinstance(lines[0].problem, RuntimeError)
    assert legs[1].count == 4


@pytest.mark.parametrize(("real", "told"), [(True, True), (False, False)])
def test_only_a_real_microphone_is_warned_about(real: bool, told: bool) -> None:
    board = Board()
    board.mic_real = real

    run(board, 520, np.zeros(480, np.int16))

    assert board.mic_died is told


def test_the_meter_forgets_a_microphone_that_was_closed() -> None:
    board = Board()
    run(board, 1, sine(1000, 480))
    assert board.mic_meter.dbfs > -15

    board.forget_mic()

    assert board.mic_meter.dbfs == -96


def largest_step(blocks: list[Samples]) -> int:
    return int(np.abs(np.diff(np.concatenate(blocks).astype(int))).max())


def wave_block(number: int, frequency_hz: float = 1000.0) -> Samples:
    """Return one block of a tone that goes on from block to block."""
    place = np.arange(number * 480, (number + 1) * 480) / 48_000
    return np.asarray(np.rint(8000 * np.sin(2 * np.pi * frequency_hz * place)), np.int16)


def music_at(path: Path) -> FilePlayer:
    writer = WavWriter(path, 48_000)
    writer.write(np.roll(sine(1000, 48_000), 12))  # begins at its peak
    writer.close()
    player = FilePlayer(path, repeat=True)
    player.wait_ready(5.0)
    return player


STEP = 1.5 * 8000 * 2 * np.pi * 1000 / 48_000


def test_nothing_the_far_end_hears_begins_or_ends_with_a_click(tmp_path: Path) -> None:
    board, (line,), (leg,) = board_of(0)
    talk(line)
    music, file = music_at(tmp_path / "music.wav"), music_at(tmp_path / "file.wav")
    soft = np.minimum(1, np.minimum(np.arange(4800), np.arange(4800)[::-1]) / 240)
    digits = Clip(np.asarray(sine(1000, 4800) * soft, np.int16))  # ours begin and end softly too
    changes: list[tuple[str, object]] = [
        ("muted", True),
        ("muted", False),
        ("music", music),
        ("held", True),
        ("held", False),
        ("file", file),
        ("file", None),
        ("tones", deque([digits])),
        ("talk", False),
    ]

    for number in range(200):
        if number % 20 == 13:
            setattr(line, *changes[number // 20 % len(changes)])
        board.capture(wave_block(number))

    assert len(leg.sent) == 200
    assert largest_step(leg.sent[1:]) <= STEP
    music.close()
    file.close()


def test_a_call_that_ends_leaves_the_operators_ear_without_a_click() -> None:
    board, (line, other), (leg, _) = board_of(0, 0)
    talk(line, other)
    heard = []
    for number in range(60):
        leg.says = wave_block(number)
        if number == 33:
            board.lines = (other,)
        out = np.zeros(480, np.int16)
        board.play(out)
        heard.append(out)

    assert largest_step(heard[3:]) <= STEP
    assert not heard[40].any()


def test_parties_set_aside_hear_each_other_and_not_the_operator_or_other_calls() -> None:
    board, lines, (one, two, three) = board_of(100, 200, 5000)
    talk(*lines)
    lines[0].aside = lines[1].aside = True

    out = run(board, blocks=8)

    assert (one.last == 200).all() and (two.last == 100).all()
    assert (three.last == 1000).all()
    assert (out == 5000).all()


def test_coming_back_to_those_set_aside_opens_everything_again() -> None:
    board, lines, (one, two) = board_of(100, 200)
    talk(*lines)
    lines[0].aside = lines[1].aside = True
    run(board, blocks=8)

    lines[0].aside = lines[1].aside = False
    out = run(board, blocks=8)

    assert (one.last == 1200).all() and (two.last == 1100).all()
    assert (out == 300).all()
