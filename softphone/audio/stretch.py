"""A queue of samples that can be made shorter or longer by one pitch period, unheard.

Lengths named here are samples at 8 kHz; other rates are multiples of it.
"""

from __future__ import annotations

import numpy as np

from .block import PHONE_RATE_HZ, Floats, Samples
from .conceal import best_lag_at, scale_of

_SHORTEST_LAG, _LONGEST_LAG, _MATCH = 40, 120, 80
_OVERLAP = 40
_QUIET_RMS = 100.0  # about -50 dBFS: background noise has no pitch to keep
LEAST_SAMPLES = _LONGEST_LAG + _MATCH  # what `shorten` and `lengthen` need, at 8 kHz
_HEADROOM = 512


class StretchQueue:
    """First in, first out, over one array made once."""

    def __init__(self, capacity: int, rate_hz: int = PHONE_RATE_HZ) -> None:
        self._scale = scale_of(rate_hz)
        self._headroom = _HEADROOM * self._scale
        self._overlap = _OVERLAP * self._scale
        self._least = LEAST_SAMPLES * self._scale
        self._store: Samples = np.zeros(self._headroom + 2 * capacity, np.int16)
        self._capacity = capacity
        self._start = self._end = self._headroom
        self._rising: Floats = ((np.arange(self._overlap) + 0.5) / self._overlap).astype(np.float32)

    def __len__(self) -> int:
        return self._end - self._start

    def push(self, samples: Samples) -> None:
        """Append; raises ValueError when the capacity is exceeded (the owner drops first)."""
        if len(self) + len(samples) > self._capacity:
            raise ValueError("queue is full")
        if self._end + len(samples) > len(self._store):
            length = len(self)
            first = self._headroom
            self._store[first : first + length] = self._store[self._start : self._end]
            self._start, self._end = first, first + length
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
            leaving = self._store[self._start : self._start + self._overlap]
            self._start += lag
            self._join(self._start, leaving)
        return lag

    def lengthen(self, least_alike: float) -> int:
        """Put one pitch period into the front a second time; return its length, as `shorten`."""
        lag = self._lag(least_alike)
        if lag and self._start >= lag:
            first = self._start
            after = self._store[first + lag : first + lag + self._overlap].copy()
            self._store[first - lag : first] = self._store[first : first + lag]
            self._join(first, after)
            self._start = first - lag
            return lag
        return 0

    def _join(self, place: int, leaving: Samples) -> None:
        """Blend from `leaving` to what stands at `place`, in place, over 5 ms."""
        coming = self._store[place : place + self._overlap]
        blended = leaving * (1 - self._rising) + coming * self._rising
        coming[:] = np.rint(blended)

    def _lag(self, least_alike: float) -> int:
        if len(self) < self._least:
            return 0
        front = self._store[self._start : self._start + self._least].astype(np.float32)
        if float(front @ front) < _QUIET_RMS**2 * self._least:
            return _LONGEST_LAG * self._scale
        lag, alike = best_lag_at(front[::-1], _SHORTEST_LAG, _LONGEST_LAG, _MATCH, self._scale)
        return lag if alike >= least_alike else 0
