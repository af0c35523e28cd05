"""Comfort noise: a long gap is filled with what the room of the far end sounded like.

Dead silence in the middle of a call reads as a broken line. The level is the softest 10 ms of the
last two seconds of sound, so a source that is digitally silent between words gets silence.
Pure and deterministic.
"""

from __future__ import annotations

import math

import numpy as np

from .block import Floats, Samples

_WINDOW_BLOCKS = 200
_LOUDEST_RMS = 100.0  # about -50 dBFS: more is not the noise of a room
_TABLE_SAMPLES = 16_384
_SMOOTH = 4  # samples at the source's rate: softer than white noise, as rooms are


class ComfortNoise:
    """Follows the noise floor of a source and makes noise of that level."""

    def __init__(self) -> None:
        self._levels: Floats = np.zeros(_WINDOW_BLOCKS, np.float32)
        self._blocks = 0
        self._place = 0

    def heard(self, block: Samples) -> None:
        """Take a block of 10 ms of the source."""
        wide = block.astype(np.float32)
        self._levels[self._blocks % _WINDOW_BLOCKS] = math.sqrt(float(wide @ wide) / len(wide))
        self._blocks += 1

    @property
    def rms(self) -> float:
        """The level of the noise, 0 before two seconds of sound have come."""
        if self._blocks < _WINDOW_BLOCKS:
            return 0.0
        return min(float(self._levels.min()), _LOUDEST_RMS)

    def make(self, count: int, rms: float) -> Floats:
        """Return the next `count` samples of noise."""
        place = self._place % (_TABLE_SAMPLES - count)
        self._place = place + count
        return _TABLE[place : place + count] * np.float32(rms)


def _table() -> Floats:
    white = np.random.default_rng(2).normal(size=_TABLE_SAMPLES + _SMOOTH - 1)
    smooth = np.convolve(white, np.ones(_SMOOTH), mode="valid")
    return np.asarray(smooth / smooth.std(), np.float32)


_TABLE = _table()
