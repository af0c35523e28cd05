"""The rows of one frame: numbered, without duplicates, bounded (5.4). Pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

_KEYS_KEPT = 65_536


@dataclass(slots=True)
class Rows(Generic[T]):
    """A ring of `ring` rows. Rows that nobody has read are kept beyond it, up to `most`.

    `came` counts all rows; a row's number is how many had come with it. The keys of the newest
    65,536 rows are remembered, so that rows sent again after a reconnect are known.
    """

    ring: int
    most: int
    came: int = 0
    duplicates: int = 0
    read_upto: int = 0
    _kept: deque[T] = field(default_factory=deque)
    _keys: dict[int, None] = field(default_factory=dict)

    def add(self, key: tuple[object, ...], row: T) -> bool:
        """Keep a row; False when it is here already."""
        mark = hash(key)
        if mark in self._keys:
            self.duplicates += 1
            return False
        self._keys[mark] = None
        if len(self._keys) > _KEYS_KEPT:
            del self._keys[next(iter(self._keys))]
        self.came += 1
        self._kept.append(row)
        self._trim()
        return True

    def after(self, number: int, limit: int) -> tuple[list[T], int, int]:
        """Return rows after the `number`-th, the number of the last of them, how many were
        forgotten in between."""
        first = self.came - len(self._kept)
        number = max(0, min(number, self.came))
        missed = max(0, first - number)
        start = max(0, number - first)
        rows = [self._kept[i] for i in range(start, min(start + limit, len(self._kept)))]
        last = first + start + len(rows)
        self.read_upto = max(self.read_upto, last)
        self._trim()
        return rows, last, missed

    @property
    def kept(self) -> int:
        """Return how many rows are in memory."""
        return len(self._kept)

    @property
    def unread(self) -> int:
        """Return how many rows nobody has read yet."""
        return self.came - max(self.read_upto, self.came - len(self._kept))

    def all(self) -> list[T]:
        """Return all rows that are kept, the oldest first."""
        return list(self._kept)

    def _trim(self) -> None:
        while len(self._kept) > self.ring and (
            self.came - len(self._kept) < self.read_upto or len(self._kept) > self.most
        ):
            self._kept.popleft()
