"""Far ends: what happens at the other end of a call, 20 ms at a time. Pure.

Which one answers is decided by the last four digits that were dialled. Seconds NN may be chosen:
07NN hangs up after NN seconds, 08NN drops the connection, 09NN is operator op-NN of this lab, 10NN
is user NN of its Ribbon gateway, 11NN hums at NN times 40 Hz.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from softphone.adapters.audin.wire import SILENCE

from . import sounds
from .prompts import prompt
from .sounds import Sound, frames_of

PREFIX = "+39025550"
REJECTED = "0403"
ANNOUNCEMENT = "0106"


class Turn(StrEnum):
    """What changes in a call because of its far end."""

    ANSWERED = "answered"
    HANG_UP = "hang_up"
    BUSY = "busy"
    NO_ANSWER = "no_answer"
    DROP = "drop"


# By the last four digits. REJECTED has no far end: the call is refused at once.
_LAST_DIGITS = {
    "echo": "0101",
    "tone": "0102",
    "speech": "0103",
    "music": "0104",
    "menu": "0105",
    "announcement": ANNOUNCEMENT,
    "busy": "0486",
    "no_answer": "0480",
    "reject": REJECTED,
    "hangup_5": "0705",
    "drop_5": "0805",
    "operator_1": "0901",
    "operator_2": "0902",
    "user_1": "1001",
    "user_2": "1002",
}
FAR_ENDS = {name: PREFIX + digits for name, digits in _LAST_DIGITS.items()}


@dataclass(frozen=True, slots=True)
class Times:
    """How long far ends let it ring; tests shorten this."""

    answers_after_s: float = 2.0
    gives_up_after_s: float = 20.0
    busy_after_s: float = 1.0
    already_delayed_s: float = 0.0
    """What the lab's own receive buffer adds to an echo."""


@dataclass(slots=True)
class FarEnd:
    """One far end: rings, answers or not, talks, may end the call by itself."""

    sound: Sound
    rings_frames: int = 0
    then: Turn = Turn.ANSWERED
    ends_after_frames: int | None = None
    ending: Turn = Turn.HANG_UP
    before: Sound = field(default_factory=sounds.ringback)
    answered: bool = False
    _frame: int = 0

    def step(self, heard: bytes) -> tuple[bytes, Turn | None]:
        """Take what was heard for 20 ms; return what to play and what happened."""
        if not self.answered:
            return self._before_answer()
        frame = self.sound.play(heard)
        self._frame += 1
        if self.ends_after_frames is not None and self._frame >= self.ends_after_frames:
            return frame, self.ending
        return frame, Turn.HANG_UP if self.sound.over else None

    def press(self, digit: str) -> None:
        """Take a digit that came as a control message."""
        if self.answered:
            self.sound.press(digit)

    def leave(self) -> None:
        """The call is over."""
        self.sound.leave()

    def _before_answer(self) -> tuple[bytes, Turn | None]:
        if self._frame < self.rings_frames:
            self._frame += 1
            return self.before.play(SILENCE), None
        self._frame = 0
        if self.then is Turn.ANSWERED:
            self.answered = True
        return SILENCE, self.then


@dataclass(slots=True)
class PatchedFarEnd(FarEnd):
    """Another operator: rings until the patch is answered or ended."""

    def step(self, heard: bytes) -> tuple[bytes, Turn | None]:
        assert isinstance(self.sound, sounds.PatchEnd)
        patch = self.sound.patch
        if patch.ended and not self.answered:
            unanswered = {"no_answer": Turn.NO_ANSWER, "busy": Turn.BUSY}
            return SILENCE, unanswered.get(patch.ended, Turn.HANG_UP)
        if not self.answered:
            self.answered = patch.answered
            return self.before.play(SILENCE), Turn.ANSWERED if patch.answered else None
        return FarEnd.step(self, heard)


def dialled(number: str, times: Times) -> FarEnd:
    """Return the far end of a number that is neither REJECTED nor an operator's.

    A number nobody knows is a person who says hello and echoes.
    """
    last, seconds = number[-4:], number[-2:]
    rings = frames_of(times.answers_after_s)
    if last == _LAST_DIGITS["busy"]:
        engaged = sounds.busy_tone()
        return FarEnd(Sound(), frames_of(times.busy_after_s), Turn.BUSY, before=engaged)
    if last == _LAST_DIGITS["no_answer"]:
        return FarEnd(Sound(), frames_of(times.gives_up_after_s), Turn.NO_ANSWER)
    if last[:2] in ("07", "08") and seconds.isdecimal():
        ending = Turn.HANG_UP if last[:2] == "07" else Turn.DROP
        return FarEnd(sounds.speech(), rings, Turn.ANSWERED, frames_of(int(seconds)), ending)
    if last[:2] == "11" and seconds.isdecimal():
        return FarEnd(sounds.tone(40.0 * int(seconds)), rings)
    if last == ANNOUNCEMENT:
        return FarEnd(_echo(times), rings, before=sounds.Clip(prompt("greeting"), repeat=True))
    kind = next((name for name, digits in _LAST_DIGITS.items() if digits == last), "greeting")
    return FarEnd(sound_named(kind, times), rings)


def title(number: str) -> str:
    """Return the name that a far end shows."""
    last = number[-4:]
    kind = next((name for name, digits in _LAST_DIGITS.items() if digits == last), "someone")
    return kind.replace("_", " ").capitalize()


def operator_in(number: str) -> int | None:
    """Return the operator that a dialled number 09NN means."""
    last = number[-4:]
    return int(last[2:]) if last[:2] == "09" and last.isdecimal() else None


def user_in(number: str) -> str | None:
    """Return the four digits of a dialled number 10NN: a user of the Ribbon gateway."""
    last = number[-4:]
    return last if last[:2] == "10" and last.isdecimal() else None


def caller(kind: str, times: Times, seconds: float | None = None) -> FarEnd:
    """Return the far end of someone who calls in: there at once, gone after `seconds`."""
    ends = None if seconds is None else frames_of(seconds)
    return FarEnd(sound_named(kind, times), ends_after_frames=ends, answered=True)


def sound_named(kind: str, times: Times) -> Sound:
    """Return what is heard at a far end of this kind; KeyError for none."""
    return _SOUNDS[kind](times)


def _echo(times: Times) -> Sound:
    return sounds.Echo(max(0.0, sounds.ECHO_DELAY_S - times.already_delayed_s))


def _said_then_echo(name: str) -> Callable[[Times], Sound]:
    return lambda times: sounds.InTurn([sounds.Clip(prompt(name))], _echo(times))


_SOUNDS: dict[str, Callable[[Times], Sound]] = {
    "echo": _echo,
    "tone": lambda _: sounds.tone(),
    "speech": lambda _: sounds.speech(),
    "music": lambda _: sounds.music(),
    "menu": lambda _: sounds.Menu(),
    "silence": lambda _: Sound(),
    "greeting": _said_then_echo("greeting"),
    "caller": _said_then_echo("caller"),
}
CALLER_KINDS = tuple(_SOUNDS)
