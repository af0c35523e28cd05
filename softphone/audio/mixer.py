"""Sums of blocks: saturating, and for a conference without one's own voice (mix-minus)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .block import BLOCK_SAMPLES, Samples, saturate


class Mixer:
    """Adds blocks into a 32-bit sum made once."""

    def __init__(self, samples: int = BLOCK_SAMPLES) -> None:
        self._sum: npt.NDArray[np.int32] = np.zeros(samples, np.int32)
        self._work: npt.NDArray[np.int32] = np.zeros(samples, np.int32)

    def clear(self) -> None:
        """Start a new sum."""
        self._sum.fill(0)

    def add(self, block: Samples) -> None:
        """Add one party."""
        np.add(self._sum, block, out=self._sum, casting="safe")

    def write(self, out: Samples) -> None:
        """Write the saturated sum of all parties; the sum stays for further writes."""
        np.copyto(self._work, self._sum)
        saturate(self._work, out)

    def write_minus(self, own: Samples, out: Samples) -> None:
        """Write the saturated sum of all parties but `own` (which was added before)."""
        np.subtract(self._sum, own, out=self._work, casting="safe")
        saturate(self._work, out)
