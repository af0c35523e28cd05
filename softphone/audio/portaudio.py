"""Sound cards through PortAudio (the `sounddevice` package), imported when first needed.

Without libportaudio2 the import itself raises OSError; without a sound card opening raises
PortAudioError. Both become AudioError with what to do. Two separate raw streams, because one
duplex stream had 92-100 ms of delay and died on ALSA errors where two had 30 ms.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from softphone.model.error import AudioError

from .block import BLOCK_SAMPLES, RATE_HZ, Samples, silence
from .devices import DeviceInfo, Direction
from .priority import raise_own
from .stream import BlockUser

# Block and latency; the next after underflows. Through null sinks a loop takes 10 ms with the
# first and 20 ms with the second.
PROFILES = ((240, 0.01), (480, 0.02), (960, 0.04), (960, 0.08))
_FADE_LIMIT_S = 0.05


def loaded() -> bool:
    """Tell whether the library is in this process already."""
    return "sounddevice" in sys.modules


def load() -> ModuleType:
    """Return the sounddevice module; raises AudioError saying what to install."""
    try:
        import sounddevice  # heavy: loads PortAudio and asks every sound driver
    except (ImportError, OSError) as error:
        how = "apt install libportaudio2" if sys.platform == "linux" else "pip install sounddevice"
        raise AudioError(
            f"The PortAudio library cannot be loaded; install it ({how}).", code="NO_PORTAUDIO"
        ) from error
    module: ModuleType = sounddevice
    return module


def refresh() -> None:
    """Make PortAudio look for devices again; every open stream of it dies."""
    sounddevice = load()
    try:
        sounddevice._terminate()
        sounddevice._initialize()
    except sounddevice.PortAudioError as error:
        raise AudioError(f"The sound system cannot be started: {error}.") from error


def devices() -> tuple[DeviceInfo, ...]:
    """Return the devices PortAudio saw when it was loaded or refreshed."""
    sounddevice = load()
    default_in, default_out = sounddevice.default.device
    return tuple(
        DeviceInfo(
            name=str(entry["name"]),
            inputs=int(entry["max_input_channels"]),
            outputs=int(entry["max_output_channels"]),
            default_input=index == default_in,
            default_output=index == default_out,
        )
        for index, entry in enumerate(sounddevice.query_devices())
    )


class PortAudioStream:
    """One direction of a sound card at 48 kHz, mono, int16."""

    def __init__(
        self,
        direction: Direction,
        name: str | None,
        user: BlockUser,
        ended: Callable[[], None],
        profile: int = 0,
    ) -> None:
        """Open and start; raises AudioError. `ended` is called on another thread at device loss."""
        sounddevice = load()
        self.last_call_s = time.monotonic()
        self.underflows = 0
        self.dead = False
        self._user = user
        self._ended = ended
        self._armed = True
        self._block = silence()
        self._filled = 0  # samples of the block heard, or left to be played
        self._last = 0  # sample played
        self._faded = threading.Event()
        self._fresh = True  # its thread has not called yet
        block, latency_s = PROFILES[profile]
        made: Callable[..., Any]
        if direction == "input":
            made, callback = sounddevice.RawInputStream, self._captured
        else:
            made, callback = sounddevice.RawOutputStream, self._wanted
        try:
            index = _index(direction, name)
            self.name = str(sounddevice.query_devices(index, direction)["name"])
            self._stream = made(
                samplerate=RATE_HZ,
                blocksize=block,
                device=index,
                channels=1,
                dtype="int16",
                latency=latency_s,
                callback=callback,
                finished_callback=self._finished,
            )
            self._start()
        except (sounddevice.PortAudioError, ValueError) as error:
            what = f'"{name}"' if name else "the default device"
            reason = _reason(error)
            raise AudioError(f"Cannot open {what} as {_ROLE[direction]}: {reason}.") from error

    def _start(self) -> None:
        try:
            self._stream.start()
        except BaseException:
            self._armed = False
            self._stream.close(ignore_errors=True)
            raise

    def disarm(self) -> None:
        """Call the user no more; a speaker plays silence until it is stopped."""
        self._armed = False

    def stop(self) -> None:
        """Close the device; quick even when it is gone."""
        self._armed = False
        if self._last and not self.dead:
            self._faded.wait(_FADE_LIMIT_S)
        sounddevice = load()
        try:
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
        except sounddevice.PortAudioError:
            self.dead = True

    def _called(self) -> None:
        self.last_call_s = time.monotonic()
        if self._fresh:
            self._fresh = False
            raise_own()

    def _captured(self, data: Any, frames: int, _times: Any, status: Any) -> None:
        self._called()
        if status.input_overflow:
            self.underflows += 1
        if not self._armed:
            return
        heard, place = np.frombuffer(data, np.int16), 0
        while place < frames:
            count = min(BLOCK_SAMPLES - self._filled, frames - place)
            self._block[self._filled : self._filled + count] = heard[place : place + count]
            self._filled += count
            place += count
            if self._filled == BLOCK_SAMPLES:
                self._filled = 0
                self._user(self._block)

    def _wanted(self, data: Any, frames: int, _times: Any, status: Any) -> None:
        self._called()
        if status.output_underflow:
            self.underflows += 1
        out = np.frombuffer(data, np.int16)
        if not self._armed:
            self._fade(out)
            return
        place = 0
        while place < frames:
            if not self._filled:
                self._user(self._block)
                self._filled = BLOCK_SAMPLES
            count = min(self._filled, frames - place)
            first = BLOCK_SAMPLES - self._filled
            out[place : place + count] = self._block[first : first + count]
            self._filled -= count
            place += count
        self._last = int(out[-1])

    def _fade(self, out: Samples) -> None:
        """Let the last sound played come down to silence within one block: no click at the end."""
        out[:] = np.linspace(self._last, 0, len(out), dtype=np.int16)
        self._last = 0
        self._faded.set()

    def _finished(self) -> None:
        if self._armed:
            self.dead = True
            self._ended()


_ROLE = {"input": "microphone", "output": "speaker"}


def _index(direction: Direction, name: str | None) -> int | None:
    """Return PortAudio's number of the device called `name`, None for the default."""
    if name is None:
        return None
    found = devices()
    channels = [d.inputs if direction == "input" else d.outputs for d in found]
    usable = [index for index, count in enumerate(channels) if count]
    exact = [index for index in usable if found[index].name == name]
    near = [index for index in usable if name.casefold() in found[index].name.casefold()]
    if not exact and not near:
        there = ", ".join(found[index].name for index in usable) or "none"
        raise ValueError(f"no such device; there are: {there}")
    return (exact or near)[0]


_MEANINGS = {
    "device -1": "there is no sound card",
    "Device unavailable": "another program uses it alone, or it was unplugged",
    "Invalid sample rate": 'it cannot do 48 kHz; take "pulse", "pipewire" or "default"',
    "Invalid number of channels": 'it has no such channel; take "pulse", "pipewire" or "default"',
    "Unanticipated host error": "the sound server does not answer",
}


def _reason(error: Exception) -> str:
    text = str(error.args[0] if error.args else error)
    meanings = (words for sign, words in _MEANINGS.items() if sign in text)
    return next(meanings, text.rstrip(". "))
