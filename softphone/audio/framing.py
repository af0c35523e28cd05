"""Cut streams of any chunk size into frames of one exact size."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .block import Samples


class ByteFramer:
    """Collects bytes and hands out frames of exactly `size`; the rest waits for more."""

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError("frame size must be at least 1")
        self._size = size
        self._rest = bytearray()

    def push(self, chunk: bytes) -> Iterator[bytes]:
        """Take a chunk and yield every frame that is now complete (consume the iterator)."""
        self._rest += chunk
        while len(self._rest) >= self._size:
            frame = bytes(self._rest[: self._size])
            del self._rest[: self._size]
            yield frame

    @property
    def waiting(self) -> int:
        """How many bytes wait for the rest of their frame, 0 to size - 1 after `push`."""
        return len(self._rest)

    def flush(self, fill: int) -> bytes | None:
        """Return the waiting bytes filled up with `fill` to one frame, None when none wait."""
        if not self._rest:
            return None
        frame = bytes(self._rest).ljust(self._size, bytes([fill]))
        self._rest.clear()
        return frame


class SampleJoiner:
    """Joins small blocks into one fixed frame buffer without allocating."""

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError("frame size must be at least 1")
        self.frame: Samples = np.zeros(size, np.int16)
        self._filled = 0

    def push(self, block: Samples) -> bool:
        """Append `block`; True when `frame` is complete and valid until the next push.

        Raises ValueError when the block does not fit the rest of the frame: blocks must divide it.
        """
        end = self._filled + len(block)
        if end > len(self.frame):
            raise ValueError(f"a block of {len(block)} does not divide frames of {len(self.frame)}")
        self.frame[self._filled : end] = block
        self._filled = end % len(self.frame)
        return self._filled == 0 and end > 0
