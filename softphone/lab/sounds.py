"""What a far end says: machines of 20 ms mu-law frames. Pure, no clock: one call, one frame."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from softphone.adapters.audin.wire import FRAME_BYTES, FRAME_S, SILENCE
from softphone.audio.block import PHONE_RATE_HZ
from softphone.audio.dtmf import DtmfDetector
from softphone.audio.g711 import decode_mulaw, encode_mulaw
from softphone.audio.tones import BUSY, RINGBACK, TEST_TONE_HZ, Beat, sequence

from .music import hold_music
from .prompts import digit_prompt, prompt

ECHO_DELAY_S = 0.2
_TONE_LOUDNESS = 8_000.0
_MENU_DIGITS = frozenset("0123456789*#")
_SAME_DIGIT_FRAMES = 50  # the same digit in band and as a message within 1 s counts once
_PATCH_FRAMES = 10


def frames_of(seconds: float) -> int:
    """Return how many frames these seconds are."""
    return round(seconds / FRAME_S)


class Sound:
    """Silence, and the shape of all sounds."""

    over = False
    """True when it has nothing more to say and the call should end."""
    digits: str | None = None
    """What it understood, however it came; None when it does not listen for tones."""

    def play(self, heard: bytes) -> bytes:
        """Take the frame that was heard, return the frame to be heard; 160 bytes each."""
        del heard
        return SILENCE

    def press(self, digit: str) -> None:
        """Take a digit that came as a control message."""

    def leave(self) -> None:
        """The other side is gone."""


class Clip(Sound):
    """Mu-law bytes, once or for ever."""

    def __init__(self, codes: bytes, *, repeat: bool = False) -> None:
        self._codes = codes
        self._repeat = repeat
        self._place = 0

    @property
    def played(self) -> bool:
        """Tell whether a clip that is not repeated has come to its end."""
        return not self._repeat and self._place >= len(self._codes)

    def play(self, heard: bytes) -> bytes:
        frame = self._codes[self._place : self._place + FRAME_BYTES]
        self._place += len(frame)
        while self._repeat and len(frame) < FRAME_BYTES:
            self._place = FRAME_BYTES - len(frame)
            frame += self._codes[: self._place]
        return frame.ljust(FRAME_BYTES, b"\xff")


class Echo(Sound):
    """Gives back what it hears after a delay."""

    def __init__(self, delay_s: float = ECHO_DELAY_S) -> None:
        self._line = deque([SILENCE] * frames_of(delay_s))

    def play(self, heard: bytes) -> bytes:
        self._line.append(heard)
        return self._line.popleft()


class InTurn(Sound):
    """Clips one after the other, then the last sound for good."""

    def __init__(self, clips: Sequence[Clip], then: Sound) -> None:
        self._clips = deque(clips)
        self._then = then

    def play(self, heard: bytes) -> bytes:
        while self._clips and self._clips[0].played:
            self._clips.popleft()
        return (self._clips[0] if self._clips else self._then).play(heard)

    def press(self, digit: str) -> None:
        self._then.press(digit)


class Menu(Sound):
    """Says which digit was pressed; star repeats the menu, pound says good bye."""

    def __init__(self) -> None:
        self._detector = DtmfDetector()
        self._line: deque[Clip] = deque([Clip(prompt("menu"))])
        self._leaving = False
        self._frame = 0
        self._unpaired: deque[tuple[str, str, int]] = deque(maxlen=64)
        self.digits = ""

    def play(self, heard: bytes) -> bytes:
        self._frame += 1
        if heard != SILENCE:
            for digit in self._detector.feed(np.frombuffer(decode_mulaw(heard), np.int16)):
                self._take(digit, "tone")
        else:
            self._detector.feed(_NOTHING)
        while self._line and self._line[0].played:
            self._line.popleft()
        if not self._line:
            self.over = self._leaving
            return SILENCE
        return self._line[0].play(heard)

    def press(self, digit: str) -> None:
        self._take(digit, "message")

    def _take(self, digit: str, source: str) -> None:
        if digit not in _MENU_DIGITS or self._leaving or self._is_told_twice(digit, source):
            return
        self.digits = ((self.digits or "") + digit)[-64:]
        said = [prompt("pressed"), digit_prompt(digit)]
        if digit == "*":
            said.append(prompt("menu"))
        elif digit == "#":
            said.append(prompt("goodbye"))
            self._leaving = True
        self._line = deque(Clip(codes) for codes in said)

    def _is_told_twice(self, digit: str, source: str) -> bool:
        """Tell whether the same key press has come before, the other way."""
        while self._unpaired and self._frame - self._unpaired[0][2] >= _SAME_DIGIT_FRAMES:
            self._unpaired.popleft()
        for known in self._unpaired:
            if known[0] == digit and known[1] != source:
                self._unpaired.remove(known)
                return True
        self._unpaired.append((digit, source, self._frame))
        return False


class Patch:
    """Two ends that hear each other; answered when the second party is there."""

    def __init__(self) -> None:
        queues: tuple[deque[bytes], deque[bytes]] = (
            deque(maxlen=_PATCH_FRAMES),
            deque(maxlen=_PATCH_FRAMES),
        )
        self.near = PatchEnd(self, queues[0], queues[1])
        self.far = PatchEnd(self, queues[1], queues[0])
        self.answered = False
        self.ended = ""
        self.listeners: list[Callable[[], None]] = []

    def end(self, why: str) -> None:
        """End both sides; only the first reason counts."""
        if not self.ended:
            self.ended = why
            for listener in self.listeners:
                listener()


class PatchEnd(Sound):
    """One end: what it hears goes to the other. `leave` ends the whole patch."""

    def __init__(self, patch: Patch, mine: deque[bytes], theirs: deque[bytes]) -> None:
        self.patch = patch
        self._mine = mine
        self._theirs = theirs

    def play(self, heard: bytes) -> bytes:
        self._theirs.append(heard)
        self.over = bool(self.patch.ended)
        return self._mine.popleft() if self._mine else SILENCE

    def leave(self) -> None:
        self.patch.end("hangup")


def tone(hz: float = TEST_TONE_HZ) -> Clip:
    """Return 1004 Hz for ever; 250 ms hold 251 periods, so there is no click.

    The same is true of any other multiple of 4 Hz.
    """
    place = np.arange(PHONE_RATE_HZ // 4) / PHONE_RATE_HZ
    made = _TONE_LOUDNESS * np.sin(2 * np.pi * hz * place)
    return Clip(encode_mulaw(np.rint(made).astype("<i2").tobytes()), repeat=True)


def music() -> Clip:
    """Return hold music for ever."""
    return Clip(hold_music(), repeat=True)


def speech() -> Clip:
    """Return someone reading aloud, for ever."""
    return Clip(prompt("speech"), repeat=True)


def ringback() -> Clip:
    """Return 425 Hz, 1 s on, 4 s off, as heard before the answer."""
    return Clip(_cadence(RINGBACK), repeat=True)


def busy_tone() -> Clip:
    """Return 425 Hz in half seconds."""
    return Clip(_cadence(BUSY), repeat=True)


@lru_cache(maxsize=8)
def _cadence(beats: tuple[Beat, ...]) -> bytes:
    return encode_mulaw(sequence(beats, rate_hz=PHONE_RATE_HZ).tobytes())


_NOTHING = np.zeros(FRAME_BYTES, np.int16)
