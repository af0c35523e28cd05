"""What of the sound is sent, and what of it is still wanted when it comes. Pure.

Numbers are those of the frames, 10 ms apart; times are monotonic seconds.
"""

from __future__ import annotations

import math
from collections import deque

from softphone.audio.arrival import Arrivals

from .frames import FRAME_S, since

_MOST_UNHEARD_S = 0.3
_SPARE_S = 0.1
_LEAST_PATIENCE_S, _MOST_PATIENCE_S = 0.03, 0.1
_OVER_TARGET_S = 0.02
_BURST_S = 0.1
_WARM_UP_S = 0.06  # a sound card begins with all that it has gathered while it was opened
_MOST_AHEAD_S = 0.008
_DRIFT = 0.001  # of the lead, per frame: two clocks may differ by some 0.05 %
_MOST_BEHIND_S = 0.1
_MOST_LATE_S = 0.1
_FORGET = 0.02  # of a way that has become longer, per frame


class Flow:
    """How much may be under way.

    Beyond the round trip the connection needs anyway (the shortest of late) 300 ms may wait.
    """

    def __init__(self) -> None:
        self.round_trip_ms: float | None = None
        self._least_s = 1.0
        self._under_way: deque[tuple[int, float]] = deque()

    def takes(self, number: int, now_s: float) -> bool:
        """Tell whether this frame may go; if so it counts as under way."""
        if self._under_way and now_s - self._under_way[0][1] > self._patience_s:
            return False
        self._under_way.append((number, now_s))
        return True

    def heard(self, number: int, now_s: float) -> None:
        """The other side has everything up to this number."""
        while self._under_way and since(number, self._under_way[0][0]) >= 0:
            _, sent_s = self._under_way.popleft()
            took_s = now_s - sent_s
            self._least_s = min(took_s, self._least_s + 0.001)
            self.round_trip_ms = 1000 * took_s

    @property
    def _patience_s(self) -> float:
        return _MOST_UNHEARD_S + _SPARE_S + min(self._least_s, 1.0)


class Step:
    """Keeps a microphone that comes by network in step with the clock.

    What comes is used at once, so that no buffer and no second clock delay it. When nothing comes
    for longer than this line's usual unevenness, blocks are made up, and just as many of those that
    come late are dropped. In all the far end gets as much as the clock says, never a backlog: its
    buffer may be one that does not become shorter again.
    """

    def __init__(self, now_s: float) -> None:
        self.made_up = self.dropped = 0
        self._arrivals = Arrivals()
        self._arrivals.pulled_in_pairs = False
        self._covered_s = now_s  # until when the far end has sound
        self._arrived_s = self._resumed_s = now_s
        self._owed = 0  # made up, and not come since
        self._last: int | None = None
        self._begins_s: float | None = None  # when the first frame is wanted
        self._media_s = 0.0

    @property
    def jitter_ms(self) -> float:
        """How unevenly frames come (RFC 3550)."""
        return 1000 * self._arrivals.jitter_s

    def restart(self) -> None:
        """Another connection: its numbers begin anew, and it owes nothing."""
        self._last, self._begins_s, self._owed = None, None, 0
        self.made_up = self.dropped = 0
        self._arrivals.reset()

    def arrived(self, number: int, now_s: float) -> bool:
        """Take note of a frame; tell whether it is still wanted."""
        passed = 1 if self._last is None else max(0, since(number, self._last))
        self._last = number
        self._media_s += passed * FRAME_S
        self._arrivals.add(now_s, self._media_s)
        if now_s - self._arrived_s > self._patience_s:
            self._resumed_s = now_s
        self._arrived_s = now_s
        if self._begins_s is None:
            self._begins_s = now_s + _WARM_UP_S
        if now_s < self._begins_s:
            return False
        if self._owed and now_s - self._resumed_s < _BURST_S:
            late = self._owed >= passed
            self._owed = max(0, self._owed - passed)
            if late:
                self.dropped += 1
                return False
        self._owed = 0
        return self._fits(now_s)

    def due(self, now_s: float) -> int:
        """Return how many blocks must be made up now."""
        begun = self._begins_s is not None and now_s >= self._begins_s
        if begun and now_s - self._arrived_s - FRAME_S <= self._patience_s:
            return 0
        blocks = max(0, math.floor((now_s - self._covered_s) / FRAME_S))
        self._covered_s += blocks * FRAME_S
        if begun:
            self._owed += blocks
            self.made_up += blocks
        return blocks

    def _fits(self, now_s: float) -> bool:
        """Give a frame to the far end, unless it has more than the clock says."""
        ahead_s = self._covered_s - now_s
        self._covered_s -= _DRIFT * max(0.0, ahead_s)
        self._covered_s = max(self._covered_s, now_s - _MOST_BEHIND_S)
        if ahead_s > _MOST_AHEAD_S:
            self.dropped += 1
            return False
        self._covered_s += FRAME_S
        return True

    @property
    def _patience_s(self) -> float:
        usual_s = self._arrivals.target_s + _OVER_TARGET_S
        return min(max(usual_s, _LEAST_PATIENCE_S), _MOST_PATIENCE_S)


class Lateness:
    """Tells what of a stream comes too late to be played: what waited out a stall."""

    def __init__(self) -> None:
        self.dropped = 0
        self._last: int | None = None
        self._media_s = 0.0
        self._usual_s = math.inf  # when a frame comes, on the line's own clock

    def wanted(self, number: int, now_s: float) -> bool:
        """Take note of a frame; tell whether to play it."""
        self._media_s += FRAME_S * (0 if self._last is None else since(number, self._last))
        self._last = number
        came_s = now_s - self._media_s
        self._usual_s = min(came_s, self._usual_s)
        late_s = came_s - self._usual_s
        self._usual_s += _FORGET * late_s
        if late_s <= _MOST_LATE_S:
            return True
        self.dropped += 1
        return False
