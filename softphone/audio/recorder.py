"""Record a call to a WAV file without ever making the audio thread wait."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from softphone.model.error import AudioError

from .block import PHONE_RATE_HZ, RATE_HZ, Samples, silence
from .resample import FACTOR, Downsampler
from .ring import SampleRing
from .wav import WavWriter

_QUEUE_S = 4
_EVERY_S = 0.1
_APART_SAMPLES = RATE_HZ // 5
_CHUNK = 4_800


class Recorder:
    """One recording: far end as mono, or near left and far right. 8 kHz, 16 bit.

    `far` and `near` belong to one audio thread each and only copy; a writer thread does the rest.
    When the disk will not take more, recording ends and `failed` is called once, on that thread.
    """

    def __init__(self, path: Path, both: bool, failed: Callable[[str], None]) -> None:
        """Make the file; raises AudioError when that is not possible."""
        self._writer = WavWriter(path, PHONE_RATE_HZ, 2 if both else 1)
        self._both = both
        self._failed = failed
        self._sides = [_Side(), _Side()] if both else [_Side()]
        self._stop = threading.Event()
        self.lost_samples = 0
        self._thread = threading.Thread(target=self._run, name="audio-record", daemon=True)
        self._thread.start()

    def far(self, block48k: Samples) -> None:
        """Take what the far end said; when the disk is 4 s behind, it is lost and counted."""
        self._offer(self._sides[-1], block48k)

    def near(self, block48k: Samples) -> None:
        """Take what was sent to the far end; ignored when only the far end is recorded."""
        if self._both:
            self._offer(self._sides[0], block48k)

    def stop(self) -> None:
        """Ask for the end without waiting; may be repeated."""
        self._stop.set()

    def join(self, timeout_s: float) -> None:
        """Wait until the file is complete."""
        self._thread.join(timeout_s)

    def _offer(self, side: _Side, block: Samples) -> None:
        if not self._stop.is_set() and not side.ring.write(block):
            self.lost_samples += len(block)

    def _run(self) -> None:
        try:
            while not self._stop.wait(_EVERY_S):
                self._write(final=False)
            self._write(final=True)
            self._writer.close()
        except AudioError as error:
            self._stop.set()
            with suppress(AudioError):  # the same trouble again
                self._writer.close()
            self._failed(error.message)

    def _write(self, final: bool) -> None:
        """Write what both sides have; a side that fell 200 ms behind is filled up with silence."""
        most = max(len(side.ring) for side in self._sides)
        least = min(len(side.ring) for side in self._sides)
        ready = most if final else max(least, most - _APART_SAMPLES)
        ready -= ready % FACTOR
        while ready > 0:
            count = min(ready, _CHUNK)
            narrow = [side.take(count) for side in self._sides]
            self._writer.write(np.stack(narrow, axis=1).reshape(-1))
            ready -= count


class _Side:
    """The queue of one direction and its way down to 8 kHz."""

    def __init__(self) -> None:
        self.ring = SampleRing(_QUEUE_S * RATE_HZ)
        self._down = Downsampler(_CHUNK)
        self._wide = silence(_CHUNK)

    def take(self, count: int) -> Samples:
        """Return count / 6 samples at 8 kHz, silence where there is nothing."""
        got = self.ring.read(self._wide[:count])
        self._wide[got:count] = 0
        narrow = silence(count // FACTOR)
        self._down.run(self._wide[:count], narrow)
        return narrow
