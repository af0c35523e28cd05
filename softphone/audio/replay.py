"""The last half minute of a call, both directions, in memory and nowhere else."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .block import BLOCK_SAMPLES, PHONE_RATE_HZ, RATE_HZ, Samples, silence
from .resample import FACTOR, Downsampler, RateConverter

KEPT_S = 30
_KEPT_SAMPLES = KEPT_S * PHONE_RATE_HZ
_NARROW_SAMPLES = BLOCK_SAMPLES // FACTOR

Stereo = npt.NDArray[np.int16]
"""Rows of two samples at 8 kHz: what was sent on the left, what was heard on the right."""


class Replay:
    """Keeps the newest 30 s. `near` and `far` belong to one audio thread each; neither waits."""

    def __init__(self) -> None:
        self._near, self._far = _Track(), _Track()

    def near(self, block48k: Samples) -> None:
        """Take what was sent to the far end."""
        self._near.put(block48k)

    def far(self, block48k: Samples) -> None:
        """Take what the far end said."""
        self._far.put(block48k)

    def last(self) -> Stereo:
        """Return what is kept, the newest last, silence where one side has less."""
        near, far = self._near.last(), self._far.last()
        both = np.zeros((max(len(near), len(far)), 2), np.int16)
        both[len(both) - len(near) :, 0] = near
        both[len(both) - len(far) :, 1] = far
        return both


def to_hear(both: Stereo) -> Samples:
    """Return a replay as 48 kHz for the operator's ear; takes a moment, not for audio threads."""
    mono = (both.astype(np.int32).sum(axis=1) // 2).astype(np.int16)
    rate = RateConverter(PHONE_RATE_HZ, RATE_HZ)
    return np.concatenate([rate.push(mono), rate.finish()])


class _Track:
    """One direction: a circle of samples at 8 kHz, written over and over."""

    def __init__(self) -> None:
        self._down = Downsampler(BLOCK_SAMPLES)
        self._narrow = silence(_NARROW_SAMPLES)
        self._kept: Samples = np.zeros(_KEPT_SAMPLES, np.int16)
        self._written = 0

    def put(self, block: Samples) -> None:
        self._down.run(block, self._narrow)
        place = self._written % _KEPT_SAMPLES
        self._kept[place : place + _NARROW_SAMPLES] = self._narrow
        self._written += _NARROW_SAMPLES

    def last(self) -> Samples:
        count = self._written
        if count < _KEPT_SAMPLES:
            return self._kept[:count].copy()
        return np.roll(self._kept, -(count % _KEPT_SAMPLES))
