"""Limits on how fast a server may talk. Pure: time comes in as an argument."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

_AVERAGED_S = 2.0


@dataclass(slots=True)
class Flood:
    """Let through `per_second` messages, averaged over two seconds; the excess is dropped."""

    per_second: int
    dropped: int = 0
    _credit: float = -1.0
    _at: float = 0.0

    def allows(self, now: float) -> bool:
        """Tell whether one more message may be taken at `now` (monotonic)."""
        full = self.per_second * _AVERAGED_S
        if self._credit < 0.0:
            self._credit, self._at = full, now
        self._credit = min(full, self._credit + (now - self._at) * self.per_second)
        self._at = now
        if self._credit < 1.0:
            self.dropped += 1
            return False
        self._credit -= 1.0
        return True


@dataclass(slots=True)
class Strikes:
    """Count bad messages; `limit` of them within `window_s` are too many."""

    limit: int
    window_s: float
    total: int = 0
    _times: deque[float] = field(default_factory=deque)
    _last_said: float | None = None

    def strike(self, now: float) -> bool:
        """Note a bad message; tell whether the sender has gone too far."""
        self.total += 1
        self._times.append(now)
        while now - self._times[0] > self.window_s:
            self._times.popleft()
        return len(self._times) >= self.limit

    def may_log(self, now: float) -> bool:
        """Tell whether it is time for another log line: one in ten seconds."""
        if self._last_said is not None and now - self._last_said < 10.0:
            return False
        self._last_said = now
        return True
