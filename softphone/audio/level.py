"""Levels for the meters, and the detector of a microphone that sends nothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .block import Samples

FLOOR_DBFS = -96.0
SILENT_AFTER_S = 5.0
_FALL_DB_PER_S = 20.0


def peak_dbfs(block: Samples) -> float:
    """Return the highest absolute sample in dB below full scale, FLOOR_DBFS for zeros."""
    if not len(block):
        return FLOOR_DBFS
    return _dbfs(_peak(block))


def rms_dbfs(block: Samples) -> float:
    """Return the RMS level in dB below a full-scale square wave, FLOOR_DBFS for zeros."""
    if not len(block):
        return FLOOR_DBFS
    wide = block.astype(np.float64)
    return _dbfs(math.sqrt(float(wide @ wide) / len(block)))


class Meter:
    """A peak meter for a screen: rises at once, falls 20 dB per second."""

    def __init__(self) -> None:
        self.dbfs = FLOOR_DBFS

    def feed(self, block: Samples, duration_s: float) -> None:
        """Take a block that lasts `duration_s`."""
        fallen = self.dbfs - _FALL_DB_PER_S * duration_s
        self.dbfs = max(FLOOR_DBFS, fallen, peak_dbfs(block))


@dataclass(frozen=True, slots=True)
class PeakRange:
    """The peaks of the loudest and of the softest block of some time, in dBFS."""

    highest_dbfs: float = FLOOR_DBFS
    lowest_dbfs: float = FLOOR_DBFS


class PeakWatch:
    """Collects the range of block peaks: fed on an audio thread, read on another."""

    def __init__(self) -> None:
        self._highest, self._lowest = 0, 32768

    def feed(self, block: Samples) -> None:
        """Take a block."""
        peak = _peak(block)
        self._highest = max(self._highest, peak)
        self._lowest = min(self._lowest, peak)

    def take(self) -> PeakRange:
        """Return the range since the last time; silence when nothing came."""
        highest, lowest = self._highest, self._lowest
        self._highest, self._lowest = 0, 32768
        return PeakRange(_dbfs(highest), _dbfs(min(lowest, highest)))


class DeadMicDetector:
    """Notices a microphone that is open but sends a constant (muted in hardware, no permission)."""

    def __init__(self, after_s: float = SILENT_AFTER_S) -> None:
        self._after_s = after_s
        self._constant_s = 0.0
        self._told = False

    @property
    def silent(self) -> bool:
        """Whether the microphone has sent nothing but a constant for `after_s`."""
        return self._constant_s >= self._after_s

    def feed(self, block: Samples, duration_s: float) -> bool:
        """Take a block; True once, when the time is reached. Sound re-arms it."""
        if int(block.max()) != int(block.min()):
            self._constant_s, self._told = 0.0, False
            return False
        self._constant_s += duration_s
        if self._told or not self.silent:
            return False
        self._told = True
        return True


def _peak(block: Samples) -> int:
    return max(int(block.max()), -int(block.min()))


def _dbfs(amplitude: float) -> float:
    return max(FLOOR_DBFS, 20.0 * math.log10(amplitude / 32768.0)) if amplitude else FLOOR_DBFS
