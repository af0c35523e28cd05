"""Rows that wait because a client is slow: bounded by number and by bytes (5.3)."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from softphone.adapters.observer import wire

ROWS_MOST, BYTES_MOST = 5000, 4 * 1024 * 1024


@dataclass(slots=True)
class Backlog:
    """The rows of one frame that wait; beyond its bounds the oldest go and are counted."""

    rows_most: int = ROWS_MOST
    bytes_most: int = BYTES_MOST
    _rows: deque[tuple[dict[str, Any], int]] = field(default_factory=deque)
    _bytes: int = 0
    _dropped: int = 0

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Let rows wait."""
        for row in rows:
            size = len(wire.as_text(row))
            self._rows.append((row, size))
            self._bytes += size
            while len(self._rows) > self.rows_most or self._bytes > self.bytes_most:
                self._bytes -= self._rows.popleft()[1]
                self._dropped += 1

    def take(self) -> tuple[list[dict[str, Any]], int]:
        """Return what waits and how many rows are gone; nothing waits any more."""
        rows, dropped = [row for row, _ in self._rows], self._dropped
        self._rows.clear()
        self._bytes = self._dropped = 0
        return rows, dropped
