"""How far the service's clock is from ours, from rows that have just come (10). Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from statistics import median

from . import wire

_OFFSETS, _ENOUGH = 51, 5


@dataclass(slots=True)
class Skew:
    """Tells once a connection when the clocks differ; the median forgives delays."""

    _offsets: deque[float] = field(default_factory=lambda: deque(maxlen=_OFFSETS))
    _told: bool = False

    def note(self, ours: float, theirs: float) -> str:
        """Take the moment a row came and the one it tells (epoch seconds); return what is to be
        said, "" for nothing."""
        self._offsets.append(ours - theirs)
        if self._told or len(self._offsets) < _ENOUGH:
            return ""
        offset = median(self._offsets)
        if abs(offset) <= wire.SKEW_S:
            return ""
        self._told = True
        way = "behind" if offset > 0 else "ahead of"
        return f"the service's clock is {abs(offset):.0f} s {way} this one"
