"""DTMF detector: Goertzel filters over 8 kHz samples, with the checks of ITU-T Q.24.

Blocks of 102 samples (12.75 ms). A digit needs two blocks in a row (25 ms of tone is heard, 40 ms
always), twist within 8 dB, both tones well above the rest of their group and most of the
energy in the two tones, which speech does not give for long (talk-off).
"""

from __future__ import annotations

import math

import numpy as np

from .block import PHONE_RATE_HZ, Floats, Samples
from .tones import HIGH_HZ, KEYS, LOW_HZ

BLOCK = 102
_LEAST_RMS = 100.0  # about -50 dBFS
_REVERSE_TWIST_DB, _TWIST_DB = -8.0, 8.0
_GROUP_RATIO = 6.0  # 8 dB above the next tone of the group
_TONE_SHARE = 0.82  # of all energy; two clean tones give above 0.95
# Speech has second harmonics, tones do not; those of the low group lie too near the high tones.
_HARMONIC_RATIO = 8.0
_BLOCKS_ON, _BLOCKS_OFF = 2, 2


class DtmfDetector:
    """Feed it samples of any length; it returns each digit once, when it is sure."""

    def __init__(self) -> None:
        self._rest: Samples = np.zeros(BLOCK, np.int16)
        self._work = _Work()
        self._filled = 0
        self._candidate = ""
        self._seen = 0
        self._current = ""
        self._absent = 0

    def feed(self, samples: Samples) -> str:
        """Return the digits that became certain within these samples, usually none."""
        found = ""
        place = 0
        while place < len(samples):
            count = min(BLOCK - self._filled, len(samples) - place)
            self._rest[self._filled : self._filled + count] = samples[place : place + count]
            self._filled += count
            place += count
            if self._filled == BLOCK:
                self._filled = 0
                found += self._note(self._work.classify(self._rest))
        return found

    def _note(self, digit: str) -> str:
        """Follow the digit of one block through minimum on and off times."""
        if self._current:
            self._absent = 0 if digit == self._current else self._absent + 1
            if self._absent < _BLOCKS_OFF:
                return ""
            self._current = ""
        self._seen = self._seen + 1 if digit == self._candidate else 1
        self._candidate = digit
        if not digit or self._seen < _BLOCKS_ON:
            return ""
        self._current, self._absent = digit, 0
        return digit


def classify(block: Samples) -> str:
    """Return the digit heard in 102 samples, "" for none."""
    return _Work().classify(block)


class _Work:
    """The buffers one block needs, made once."""

    def __init__(self) -> None:
        self._sound: Floats = np.zeros(BLOCK, np.float32)
        self._parts: Floats = np.zeros(len(_FILTERS), np.float32)

    def classify(self, block: Samples) -> str:
        sound = self._sound
        np.copyto(sound, block)
        energy = float(sound @ sound)
        if energy < _LEAST_RMS**2 * BLOCK:
            return ""
        np.dot(_FILTERS, sound, out=self._parts)
        parts = self._parts.tolist()
        power = [
            cosine * cosine + sine * sine
            for cosine, sine in zip(parts[::2], parts[1::2], strict=True)
        ]
        return _digit(energy, power[:4], power[4:8], power[8:])


def _digit(energy: float, lows: list[float], highs: list[float], harmonics: list[float]) -> str:
    """Return the digit of Goertzel powers of the two groups and of the high group doubled."""
    low, high = max(lows), max(highs)
    row, column = lows.index(low), highs.index(high)
    if not _REVERSE_TWIST_DB <= 10 * math.log10((high + 1.0) / (low + 1.0)) <= _TWIST_DB:
        return ""
    # a sine of amplitude a has energy a*a*N/2 and Goertzel power (a*N/2)**2
    if (low + high) * 2 / BLOCK < _TONE_SHARE * energy:
        return ""
    if not (_alone(lows, row) and _alone(highs, column)):
        return ""
    if harmonics[column] * _HARMONIC_RATIO > high:
        return ""
    return KEYS[row][column]


def _alone(group: list[float], best: int) -> bool:
    others = (power for place, power in enumerate(group) if place != best)
    return max(others) * _GROUP_RATIO < group[best]


def _filters() -> Floats:
    """Return (24, 102): cosine and sine rows of the 8 tones, then of the high ones doubled."""
    tones = np.array(LOW_HZ + HIGH_HZ, np.float64)
    angle = 2 * np.pi / PHONE_RATE_HZ * np.concatenate([tones, 2 * tones[4:]])
    phase = angle[:, None] * np.arange(BLOCK)[None, :]
    rows = np.stack([np.cos(phase), np.sin(phase)], axis=1).reshape(-1, BLOCK)
    return np.ascontiguousarray(rows, np.float32)


_FILTERS = _filters()
