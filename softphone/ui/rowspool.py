"""Rows as they came, in a file without a name: memory stays small, and an export is whole."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator

_PIECE = 1 << 20


class RowSpool:
    """Add rows (JSON texts) and read them all again, also from another thread meanwhile: what was
    there when reading began is read."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile("wb", buffering=0)  # noqa: SIM115  # lives as long as it
        self._size = 0
        self.count = 0

    def add(self, rows: Iterable[str]) -> None:
        """Keep rows; raises OSError when there is no room for them."""
        lines = [row.replace("\n", " ") + "\n" for row in rows]
        data = "".join(lines).encode("utf-8", "surrogatepass")
        self._size += os.write(self._file.fileno(), data)
        self.count += len(lines)

    def close(self) -> None:
        """Forget everything."""
        self._file.close()

    def __iter__(self) -> Iterator[str]:
        """Read all rows, the oldest first."""
        end, at, rest = self._size, 0, b""
        while at < end:
            piece = os.pread(self._file.fileno(), min(_PIECE, end - at), at)
            if not piece:
                return
            at += len(piece)
            *whole, rest = (rest + piece).split(b"\n")
            for line in whole:
                yield line.decode("utf-8", "surrogatepass")
