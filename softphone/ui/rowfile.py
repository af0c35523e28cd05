"""Rows into a file: JSON lines as they came, or a table that no spreadsheet takes for formulas."""

from __future__ import annotations

import csv
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class RowFile:
    """Writes a whole file or none; only its owner can read it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def write(self, rows: Iterable[str], columns: Sequence[str] = ()) -> int:
        """Write all rows (JSON texts) and return how many; raises OSError. `rows` can be iterated
        again; `columns` are those of a table, none for all there are."""
        descriptor, name = tempfile.mkstemp(dir=self._path.parent, prefix=".rows.")  # 0600
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as out:
                as_table = self._path.suffix.lower() == ".csv"
                count = _write_table(out, rows, columns) if as_table else _write_lines(out, rows)
            Path(name).replace(self._path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        return count


def cell(value: object) -> object:
    """Return a value for a table: no formula, nothing for null, JSON for what has parts."""
    if value is None:
        return ""
    if isinstance(value, dict | list):
        value = json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_FORMULA_STARTS):
        return "'" + value
    return value


def _write_lines(out: TextIO, rows: Iterable[str]) -> int:
    count = 0
    for row in rows:
        out.write(row.replace("\n", " ") + "\n")
        count += 1
    return count


def _write_table(out: TextIO, rows: Iterable[str], columns: Sequence[str]) -> int:
    """Write a table with these columns, or with all members any row has, in the order they were
    met; for that the rows are read twice, so that they need not be in memory."""
    if not columns:
        columns = list(dict.fromkeys(name for row in _objects(rows) for name in row))
    writer = csv.writer(out)
    writer.writerow([cell(name) for name in columns])
    count = 0
    for row in _objects(rows):
        writer.writerow([cell(row.get(name)) for name in columns])
        count += 1
    return count


def _objects(rows: Iterable[str]) -> Iterator[dict[str, Any]]:
    for text in rows:
        try:
            row = json.loads(text)
        except (ValueError, RecursionError):
            continue
        if isinstance(row, dict):
            yield row
