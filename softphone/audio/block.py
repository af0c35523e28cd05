"""The shape of audio inside the engine: 48 kHz, mono, int16, blocks of 10 ms.

48 kHz because every sound card has it; at 8 kHz the sound server's own resampler adds 10-20 ms.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Samples: TypeAlias = npt.NDArray[np.int16]
Floats: TypeAlias = npt.NDArray[np.float32]

RATE_HZ = 48_000
BLOCK_SAMPLES = 480
BLOCK_S = 0.01
PHONE_RATE_HZ = 8_000
PHONE_BLOCK_SAMPLES = 80


def silence(samples: int = BLOCK_SAMPLES) -> Samples:
    """Return a new block of exact zeros."""
    return np.zeros(samples, np.int16)


def saturate(wide: npt.NDArray[np.int32], out: Samples) -> None:
    """Write `wide` clipped to the int16 range into `out`; `wide` is clipped in place."""
    np.clip(wide, -32768, 32767, out=wide)
    np.copyto(out, wide, casting="unsafe")
