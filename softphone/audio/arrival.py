"""When sound arrives, and how deep the jitter buffer must be for it.

The lateness of an arrival is how much later it came than what followed it: after a stall the
backlog comes at once, so all of it but the last was late; after a pause of the sender nothing was.
So a sender's clock that drifts, or a sender that skips, never fakes jitter.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_CAPACITY = 1024
_SHORT_WINDOW_S, _SHORT_QUANTILE = 3.5, 0.97
_LONG_WINDOW_S, _LONG_QUANTILE = 15.0, 0.99
_STALL_S = 0.08
_BASE_WINDOW_S = 1.0
_MARGIN_S, _PAIR_MARGIN_S = 0.008, 0.015  # beside the 10 ms or 20 ms a device asks for at once
_LEAST_S, _PAIR_LEAST_S, _MOST_S = 0.01, 0.02, 0.6
_START_S = 0.04  # the start depth of 60 ms, less the 20 ms that came last
_OBSERVED_EVERY_S = 0.01
_TARGET_EVERY_S = 0.1


class Arrivals:
    """Inter-arrival statistics over the last 3.5 s, or 15 s while stalls repeat."""

    def __init__(self) -> None:
        self.target_s = _START_S
        self.jitter_s = 0.0
        self.pulled_in_pairs = True
        """Whether the device asks for 20 ms at once, which needs as much more in hand."""
        self._times: npt.NDArray[np.float64] = np.zeros(_CAPACITY)
        self._delays: npt.NDArray[np.float64] = np.zeros(_CAPACITY)
        self._count = 0
        self._last_media_s = float("-inf")
        self._last_delay_s: float | None = None
        self._target_at_s = float("-inf")

    def reset(self) -> None:
        """Forget all arrivals (the sender's timeline broke); the target stays for now."""
        self._count = 0
        self._last_media_s = self._target_at_s = float("-inf")
        self._last_delay_s = None

    def add(self, now_s: float, media_s: float) -> float:
        """Note that sound starting at `media_s` of the sender's timeline came at `now_s`.

        Returns how late it is against the earliest of the last second, in seconds.
        """
        delay_s = now_s - media_s
        self._follow_jitter(delay_s)
        if media_s - self._last_media_s >= _OBSERVED_EVERY_S or media_s < self._last_media_s:
            self._last_media_s = media_s
            self._append(now_s, delay_s)
        if now_s - self._target_at_s >= _TARGET_EVERY_S:
            self._target_at_s = now_s
            self._aim(now_s)
        return max(0.0, delay_s - self._base_s(now_s, delay_s))

    def _follow_jitter(self, delay_s: float) -> None:
        """Keep the mean delay variation of RFC 3550 section 6.4.1."""
        if self._last_delay_s is not None:
            self.jitter_s += (abs(delay_s - self._last_delay_s) - self.jitter_s) / 16
        self._last_delay_s = delay_s

    def _append(self, now_s: float, delay_s: float) -> None:
        if self._count == _CAPACITY:
            keep = _CAPACITY // 2
            self._times[:keep] = self._times[-keep:]
            self._delays[:keep] = self._delays[-keep:]
            self._count = keep
        self._times[self._count] = now_s
        self._delays[self._count] = delay_s
        self._count += 1

    def _base_s(self, now_s: float, delay_s: float) -> float:
        times = self._times[: self._count]
        first = int(np.searchsorted(times, now_s - _BASE_WINDOW_S))
        return float(min(self._delays[first : self._count].min(initial=delay_s), delay_s))

    def _aim(self, now_s: float) -> None:
        times = self._times[: self._count]
        first = int(np.searchsorted(times, now_s - _LONG_WINDOW_S))
        delays = self._delays[first : self._count]
        if now_s - times[first] < _BASE_WINDOW_S:
            return
        late = delays - np.minimum.accumulate(delays[::-1])[::-1]
        stalled = late > _STALL_S
        stalls = int(np.count_nonzero(stalled[1:] & ~stalled[:-1]))
        quantile = _LONG_QUANTILE
        if stalls < 2:
            late = late[int(np.searchsorted(times[first:], now_s - _SHORT_WINDOW_S)) :]
            quantile = _SHORT_QUANTILE
        margin_s, least_s = _MARGIN_S, _LEAST_S
        if self.pulled_in_pairs:
            margin_s, least_s = _PAIR_MARGIN_S, _PAIR_LEAST_S
        needed = float(np.quantile(late, quantile)) + margin_s
        self.target_s = min(max(needed, least_s), _MOST_S)
