"""Call records in files: JSON lines that can be read again, or CSV for a spreadsheet."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from softphone.model import codec
from softphone.model.error import ProtocolError
from softphone.model.record import CallRecord

from .clock import local_time
from .rowfile import cell

_COLUMNS = (
    *("started", "account", "direction", "number", "name", "local", "answered", "ended"),
    *("seconds", "reason", "disposition", "note"),
)
_LINE_LIMIT = 4 * 1024 * 1024


class HistoryWriter:
    """Writes a file record by record; it appears under its name only when it is whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._as_table = path.suffix.lower() == ".csv"
        descriptor, self._name = tempfile.mkstemp(dir=path.parent, prefix=".history.")  # 0600
        self._out: TextIO = os.fdopen(descriptor, "w", encoding="utf-8", newline="")
        if self._as_table:
            csv.writer(self._out).writerow(_COLUMNS)

    def add(self, record: CallRecord) -> None:
        """Write one record; raises OSError."""
        if self._as_table:
            csv.writer(self._out).writerow([cell(value) for value in _row(record)])
        else:
            self._out.write(codec.dumps(codec.encode_plain(record)) + "\n")

    def finish(self) -> None:
        """Put the whole file in its place; raises OSError."""
        self._out.close()
        Path(self._name).replace(self._path)

    def give_up(self) -> None:
        """Leave nothing behind."""
        self._out.close()
        Path(self._name).unlink(missing_ok=True)


def records_in(path: Path) -> Iterator[tuple[int, CallRecord | None]]:
    """Yield the bytes read so far with each record; None is a line that is none. Raises OSError."""
    with path.open("rb") as file:
        while line := file.readline(_LINE_LIMIT):
            if line.strip():
                yield file.tell(), _record(line)


def _record(line: bytes) -> CallRecord | None:
    try:
        return codec.decode(codec.loads(line.decode("utf-8")), CallRecord)
    except (ProtocolError, UnicodeDecodeError):
        return None


def _row(record: CallRecord) -> list[object]:
    call = record.call
    times = (call.created_at, call.answered_at, call.ended_at)
    began, answered, ended = (
        f"{local_time(at):%Y-%m-%d %H:%M:%S}" if at is not None else None for at in times
    )
    talked = "" if call.answered_at is None or call.ended_at is None else call.ended_at
    seconds = "" if talked == "" else round(float(talked) - (call.answered_at or 0.0))
    reason = call.end_reason.words if call.end_reason else ""
    return [
        began, call.account, call.direction.value, call.remote.address, call.remote.label,
        call.local.label, answered, ended, seconds, reason, call.disposition, record.note,
    ]  # fmt: skip
