"""A queue of 8 kHz samples that can be made shorter or longer by one pitch period, unheard."""

from __future__ import annotations

import numpy as np

from .block import Floats, Samples
from .conceal import best_lag

_SHORTEST_LAG, _LONGEST_LAG, _MATCH = 40, 120, 80
_OVERLAP = 40
_QUIET_RMS = 100.0  # about -50 dBFS: background noise has no pitch to keep
LEAST_SAMPLES = _LONGEST_LAG + _MATCH  # what `shorten` and `lengthen` need in the queue
_HEADROOM = 512


class StretchQueue:
    """First in, first out, over one array made once."""

    def __init__(self, capacity: int) -> None:
        self._store: Samples = np.zeros(_HEADROOM + 2 * capacity, np.int16)
        self._capacity = capacity
        self._start = self._end = _HEADROOM
        self._rising: Floats = ((np.arange(_OVERLAP) + 0.5) / _OVERLAP).astype(np.float32)

    def __len__(self) -> int:
        return self._end - self._start

    def push(self, samples: Samples) -> None:
        """Append; raises ValueError when the capacity is exceeded (the owner drops first)."""
        if len(self) + len(samples) > self._capacity:
            raise ValueError("queue is full")
        if self._end + len(samples) > len(self._store):
            length = len(self)
            self._store[_HEADROOM : _HEADROOM + length] = self._store[self._start : self._end]
            self._start, self._end = _HEADROOM, _HEADROOM + length
        self._store[self._end : self._end + len(samples)] = samples
        self._end += len(samples)

    def pull(self, out: Samples) -> int:
        """Move up to len(out) samples to the start of `out`; return how many."""
        count = min(len(out), len(self))
        out[:count] = self._store[self._start : self._start + count]
        self._start += count
        return count

    def drop(self, count: int) -> None:
        """Throw away up to `count` of the oldest samples."""
        self._start += min(count, len(self))

    def tail(self, count: int) -> Samples:
        """Return a view of the newest samples, at most `count`."""
        return self._store[max(self._start, self._end - count) : self._end]

    def patch(self, from_end: int, samples: Samples) -> int:
        """Overwrite from `from_end` before the end on; return how many were in time."""
        first = max(0, from_end - len(self))
        last = min(len(samples), from_end)
        if first >= last:
            return 0
        place = self._end - from_end
        self._store[place + first : place + last] = samples[first:last]
        return last - first

    def shorten(self, least_alike: float) -> int:
        """Take one pitch period out of the front; return its length, 0 when nothing fits.

        Needs 25 ms in the queue and a period that repeats with a correlation of `least_alike`.
        """
        lag = self._lag(least_alike)
        if lag:
            leaving = self._store[self._start : self._start + _OVERLAP]
            self._start += lag
            self._join(self._start, leaving)
        return lag

    def lengthen(self, least_alike: float) -> int:
        """Put one pitch period into the front a second time; return its length, as `shorten`."""
        lag = self._lag(least_alike)
        if lag and self._start >= lag:
            first = self._start
            after = self._store[first + lag : first + lag + _OVERLAP].copy()
            self._store[first - lag : first] = self._store[first : first + lag]
            self._join(first, after)
            self._start = first - lag
            return lag
        return 0

    def _join(self, place: int, leaving: Samples) -> None:
        """Blend from `leaving` to what stands at `place`, in place, over 5 ms."""
        coming = self._store[place : place + _OVERLAP]
        blended = leaving * (1 - self._rising) + coming * self._rising
        coming[:] = np.rint(blended)

    def _lag(self, least_alike: float) -> int:
        if len(self) < LEAST_SAMPLES:
            return 0
        front = self._store[self._start : self._start + LEAST_SAMPLES].astype(np.float32)
        if float(front @ front) < _QUIET_RMS**2 * LEAST_SAMPLES:
            return _LONGEST_LAG
        lag, alike = best_lag(front[::-1], _SHORTEST_LAG, _LONGEST_LAG, _MATCH)
        return lag if alike >= least_alike else 0
