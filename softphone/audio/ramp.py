"""Gain changes without clicks: a linear ramp over one block (10 ms)."""

from __future__ import annotations

import numpy as np

from .block import BLOCK_SAMPLES, Floats, Samples


class Ramp:
    """Opens and closes a signal. Fully closed gives exact zeros, fully open changes nothing."""

    def __init__(self, open_: bool = False, samples: int = BLOCK_SAMPLES) -> None:
        self._open = open_
        rising: Floats = np.asarray((np.arange(samples) + 1) / samples, np.float32)
        self._rising = rising
        self._falling: Floats = rising[::-1] - rising[0]
        self._work: Floats = np.zeros(samples, np.float32)

    def apply(self, block: Samples, open_: bool) -> None:
        """Change `block` (as long as the ramp) in place towards `open_`; never allocates."""
        if open_ == self._open:
            if not open_:
                block.fill(0)
            return
        self._open = open_
        np.multiply(block, self._rising if open_ else self._falling, out=self._work)
        np.rint(self._work, out=self._work)
        np.copyto(block, self._work, casting="unsafe")

    @property
    def closed(self) -> bool:
        """Whether the signal is fully closed."""
        return not self._open


class Join:
    """Lets one source follow another without a click: the step between them decays over 10 ms."""

    def __init__(self, samples: int = BLOCK_SAMPLES) -> None:
        self._falling: Floats = np.asarray(1 - (np.arange(samples) + 1) / samples, np.float32)
        self._work: Floats = np.zeros(samples, np.float32)
        self._source: object = None
        self._last = 0

    def apply(self, block: Samples, source: object) -> None:
        """Change the first `block` of another `source` in place; never allocates."""
        if source != self._source:
            step = self._last - int(block[0])
            if self._source is not None and step:
                np.multiply(self._falling, step, out=self._work)
                self._work += block
                np.clip(self._work, -32768, 32767, out=self._work)
                np.rint(self._work, out=self._work)
                np.copyto(block, self._work, casting="unsafe")
            self._source = source
        self._last = int(block[-1])
