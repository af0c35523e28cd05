"""Play WAV files into the audio thread: a feeder thread reads and converts a second ahead."""

from __future__ import annotations

import threading
from pathlib import Path

from softphone.model.error import AudioError

from .block import RATE_HZ, Samples
from .resample import RateConverter
from .ring import SampleRing
from .wav import WavReader

_AHEAD_SAMPLES = RATE_HZ
_READ_S = 0.1


class FilePlayer:
    """A WAV file as a source of 48 kHz blocks, once or repeated."""

    def __init__(self, path: Path, repeat: bool = False) -> None:
        """Open the file and start reading; raises AudioError when it is no usable WAV file."""
        self._reader = WavReader(path)
        self._repeat = repeat and self._reader.duration_s > 0
        self._ring = SampleRing(_AHEAD_SAMPLES)
        self._room = threading.Event()
        self._stop = threading.Event()
        self._all_read = False
        self.problem: str | None = None
        self._thread = threading.Thread(target=self._run, name="audio-file", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """Whether all was read from here, or reading ended with `problem`."""
        return self._all_read and not len(self._ring)

    def read(self, out: Samples) -> None:
        """Fill `out`, with zeros at the end or while the disk is behind; never waits."""
        out[self._ring.read(out) :] = 0
        self._room.set()

    def wait_ready(self, timeout_s: float) -> bool:
        """Wait until 100 ms or the whole file are there (tests and file devices)."""
        deadline = threading.Event()
        for _ in range(max(1, round(timeout_s / 0.005))):
            if self._all_read or len(self._ring) >= RATE_HZ // 10:
                return True
            deadline.wait(0.005)
        return False

    def close(self) -> None:
        """End reading without waiting; may be repeated."""
        self._stop.set()
        self._room.set()

    def _run(self) -> None:
        try:
            self._feed_all()
        except AudioError as error:
            self.problem = error.message
        finally:
            self._reader.close()
            self._all_read = True

    def _feed_all(self) -> None:
        while not self._stop.is_set():
            rate = RateConverter(self._reader.rate_hz, RATE_HZ)
            step = max(1, round(self._reader.rate_hz * _READ_S))
            fed = 0
            while len(chunk := self._reader.read(step)):
                self._feed(rate.push(chunk))
                fed += len(chunk)
            self._feed(rate.finish())
            if not self._repeat or not fed:
                return
            self._reader.rewind()

    def _feed(self, samples: Samples) -> None:
        """Write everything, waiting for room; returns early when stopped."""
        step = _AHEAD_SAMPLES // 4
        for first in range(0, len(samples), step):
            while not self._stop.is_set() and not self._ring.write(samples[first : first + step]):
                self._room.clear()
                self._room.wait(0.2)
