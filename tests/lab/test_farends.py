"""Far ends by what they sound like, without a clock or a socket."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from softphone.audio.g711 import decode_mulaw, encode_mulaw
from softphone.audio.tones import dtmf
from softphone.lab import farends, sounds
from softphone.lab.farends import FAR_ENDS, FarEnd, Times, Turn
from softphone.lab.prompts import digit_prompt, prompt
from softphone.lab.sounds import Patch

QUICK = Times(answers_after_s=0.1, gives_up_after_s=0.2, busy_after_s=0.06)
SILENCE = b"\xff" * 160


def pcm(codes: bytes) -> npt.NDArray[np.float64]:
    return np.frombuffer(decode_mulaw(codes), np.int16).astype(np.float64)


def loudest_hz(codes: bytes) -> float:
    sound = pcm(codes)
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))
    return float(np.argmax(spectrum)) * 8000 / len(sound)


def run(far_end: FarEnd, seconds: float, say: bytes = b"") -> tuple[bytes, list[Turn]]:
    """Return what was heard and what happened."""
    heard, turns = bytearray(), []
    for slot in range(round(seconds * 50)):
        frame, turn = far_end.step(say[slot * 160 : slot * 160 + 160].ljust(160, b"\xff"))
        assert len(frame) == 160
        heard += frame
        if turn is not None:
            turns.append(turn)
            if turn is not Turn.ANSWERED:
                break
    return bytes(heard), turns


def answered(name: str) -> FarEnd:
    far_end = farends.dialled(FAR_ENDS[name], QUICK)
    run(far_end, 0.12)
    assert far_end.answered
    return far_end


def test_every_far_end_has_its_own_international_number() -> None:
    assert len(set(FAR_ENDS.values())) == len(FAR_ENDS)
    assert all(number.startswith("+39") for number in FAR_ENDS.values())


def test_ringback_is_425_hz_for_one_second_in_five() -> None:
    ringing = farends.dialled(FAR_ENDS["no_answer"], Times(gives_up_after_s=6.0))

    heard, _ = run(ringing, 5.5)

    assert loudest_hz(heard[:8000]) == pytest.approx(425, abs=2)
    assert set(heard[8160:39_840]) == {0xFF}
    assert loudest_hz(heard[40_000:]) == pytest.approx(425, abs=3)


def test_the_tone_is_1004_hz_without_a_break() -> None:
    heard, _ = run(answered("tone"), 2.0)

    assert loudest_hz(heard) == pytest.approx(1004, abs=1)
    level = [np.sqrt(np.mean(pcm(heard[at : at + 800]) ** 2)) for at in range(0, 16_000, 800)]
    assert max(level) / min(level) < 1.05


def test_the_echo_comes_back_unchanged_after_200_ms() -> None:
    said = bytes(range(256)) * 20

    heard, _ = run(answered("echo"), 1.0, said)

    assert heard[:1600] == b"\xff" * 1600
    assert heard[1600 : 1600 + len(said)] == said


def test_speech_and_music_sound_like_something_and_go_on_for_ever() -> None:
    for name in ("speech", "music"):
        heard, turns = run(answered(name), 30.0)

        loud = [np.sqrt(np.mean(pcm(heard[at : at + 8000]) ** 2)) for at in range(0, 240_000, 8000)]
        assert min(loud) > 100, name
        assert turns == []


def test_music_repeats_without_a_click() -> None:
    heard, _ = run(answered("music"), 9.6 * 2)

    steps = np.abs(np.diff(pcm(heard)))
    seam = round(9.6 * 8000)
    assert steps[seam - 3 : seam + 3].max() <= np.percentile(steps, 99.9)


@pytest.mark.parametrize("digit", list("0123456789*#"))
def test_the_menu_says_the_digit_it_heard_as_a_tone(digit: str) -> None:
    menu = answered("menu")
    tones = encode_mulaw(dtmf(digit, 100, 100, 8000).tobytes())

    heard, _ = run(menu, 3.0, tones)

    assert prompt("pressed")[: 20 * 160] in heard
    assert digit_prompt(digit)[: 10 * 160] in heard


def test_the_menu_says_the_digit_that_came_as_a_message() -> None:
    menu = answered("menu")

    menu.press("7")
    heard, _ = run(menu, 2.0)

    assert digit_prompt("7")[:1600] in heard


def test_a_digit_sent_both_ways_counts_once() -> None:
    menu = sounds.Menu()
    tones = encode_mulaw(dtmf("5", 100, 100, 8000).tobytes())
    heard = b"".join(menu.play(tones[at : at + 160]) for at in range(0, 1600, 160))
    started = heard.find(prompt("pressed")[:160])

    menu.press("5")
    heard += b"".join(menu.play(SILENCE) for _ in range(100))

    assert heard.count(prompt("pressed")[160:1600]) == 1
    assert started >= 0


def test_pound_says_good_bye_and_hangs_up() -> None:
    menu = answered("menu")

    menu.press("#")
    heard, turns = run(menu, 10.0)

    assert prompt("goodbye")[:1600] in heard
    assert turns == [Turn.HANG_UP]


@pytest.mark.parametrize(
    ("number", "turns"),
    [
        (FAR_ENDS["busy"], [Turn.BUSY]),
        (FAR_ENDS["no_answer"], [Turn.NO_ANSWER]),
        (FAR_ENDS["hangup_5"], [Turn.ANSWERED, Turn.HANG_UP]),
        ("+390255500702", [Turn.ANSWERED, Turn.HANG_UP]),
        (FAR_ENDS["drop_5"], [Turn.ANSWERED, Turn.DROP]),
        ("+4912345678", [Turn.ANSWERED]),
    ],
)
def test_far_ends_end_as_their_number_says(number: str, turns: list[Turn]) -> None:
    _, happened = run(farends.dialled(number, QUICK), 6.0)

    assert happened == turns


def test_the_number_says_after_how_many_seconds_it_hangs_up() -> None:
    heard, _ = run(farends.dialled("+390255500702", QUICK), 6.0)

    assert len(heard) / 8000 == pytest.approx(2.0 + 0.1, abs=0.06)


def test_a_caller_talks_and_then_echoes() -> None:
    far_end = farends.caller("caller", QUICK)
    line = prompt("caller")
    quiet = len(line) / 8000 + 0.1
    said = b"\xff" * (round(quiet * 50) * 160) + b"\x11" * 1600

    heard, turns = run(far_end, quiet + 1.0, said)

    assert heard.startswith(line[:8000])
    assert b"\x11" * 1600 in heard
    assert turns == []


def test_two_ends_of_a_patch_hear_each_other_and_end_together() -> None:
    patch = Patch()
    ended: list[str] = []
    patch.listeners.append(lambda: ended.append(patch.ended))

    patch.near.play(b"\x01" * 160)
    heard = patch.far.play(b"\x02" * 160)
    patch.far.leave()
    patch.near.play(SILENCE)

    assert heard == b"\x01" * 160
    assert patch.near.over
    assert ended == ["hangup"]
