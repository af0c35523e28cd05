"""A level meter on one line, repainted in place and only up to the last changed cell."""

from __future__ import annotations

import math

from textual.geometry import Region
from textual.strip import Strip

from .lines import Painted

_FLOOR_DB = -60.0
_HOT_DB = -6.0
SILENCE_DB = -96.0


class Meter(Painted):
    """Show a level in dBFS as a bar."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._filled = 0
        self._level_db = SILENCE_DB

    def show(self, level_db: float) -> None:
        """Show a level; -96 dB and anything that is no number is silence."""
        self._level_db = level_db
        filled = cells_of(level_db, self.content_size.width)
        if filled != self._filled:
            changed = max(filled, self._filled)
            self._filled = filled
            self.refresh(Region(0, 0, changed, 1))

    def on_resize(self) -> None:
        """Draw for the new width."""
        self._filled = cells_of(self._level_db, self.content_size.width)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """Return the bar."""
        width = self.content_size.width
        hot = cells_of(_HOT_DB, width)
        calm = min(self._filled, hot)
        spans = (
            ("■" * calm, "level-ok"),
            ("■" * max(0, self._filled - hot), "level-hot"),
            ("·" * (width - self._filled), "level-off"),
        )
        return self.strip_of(spans, self.rich_style)


def cells_of(level_db: float, width: int) -> int:
    """Return how many of `width` cells a level fills."""
    if not math.isfinite(level_db):
        return 0
    share = (level_db - _FLOOR_DB) / -_FLOOR_DB
    return max(0, min(width, round(share * width)))
