"""Sample rates of PCM by linear interpolation, as the platform's own SDK does it.

For programs that build their own audio path; calls of this package use `softphone.audio.resample`.
"""

from __future__ import annotations

import numpy as np


def resample_linear(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """Return 16-bit little-endian mono PCM at another rate; ValueError for a rate below 1 Hz."""
    if from_hz < 1 or to_hz < 1:
        raise ValueError("A sample rate must be at least 1 Hz.")
    samples = np.frombuffer(pcm, "<i2")
    count = len(samples) * to_hz // from_hz
    if not count:
        return b""
    places = np.arange(count) * (from_hz / to_hz)
    made = np.interp(places, np.arange(len(samples)), samples)
    resampled: bytes = np.rint(made).astype("<i2").tobytes()
    return resampled
