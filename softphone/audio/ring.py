"""A bounded sample queue between two threads: one writes, one reads, nobody waits."""

from __future__ import annotations

import numpy as np

from .block import Samples


class SampleRing:
    """Single producer, single consumer. Counters only grow, so no lock is needed under the GIL."""

    def __init__(self, capacity: int) -> None:
        self._store: Samples = np.zeros(capacity, np.int16)
        self._written = 0
        self._read = 0

    def __len__(self) -> int:
        return self._written - self._read

    @property
    def free(self) -> int:
        """How many samples fit."""
        return len(self._store) - len(self)

    def write(self, block: Samples) -> bool:
        """Append the whole block, or nothing when it does not fit (False)."""
        if len(block) > self.free:
            return False
        place = self._written % len(self._store)
        first = min(len(block), len(self._store) - place)
        self._store[place : place + first] = block[:first]
        self._store[: len(block) - first] = block[first:]
        self._written += len(block)
        return True

    def read(self, out: Samples) -> int:
        """Move up to len(out) samples to the start of `out`; return how many."""
        count = min(len(out), len(self))
        place = self._read % len(self._store)
        first = min(count, len(self._store) - place)
        out[:first] = self._store[place : place + first]
        out[first:count] = self._store[: count - first]
        self._read += count
        return count

    def skip(self, count: int) -> None:
        """Throw away up to `count` of the oldest samples (reader's side)."""
        self._read += min(count, len(self))
