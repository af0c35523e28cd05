"""Lines as plain data: (text, role) spans, fitted to columns in terminal cells.

Nothing here parses markup, so text from outside can only ever be shown. Roles are the style
names of `widgets/roles.py`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

Span = tuple[str, str]
Line = tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column: a fixed width, or a share of what is left (`flex`)."""

    width: int = 0
    flex: int = 0
    right: bool = False


def fit(text: str, width: int, *, right: bool = False) -> str:
    """Return text in exactly `width` cells, cut with an ellipsis or padded."""
    if width <= 0:
        return ""
    size = cell_len(text)
    if size > width:
        return set_cell_size(text, width - 1) + "…"
    pad = " " * (width - size)
    return pad + text if right else text + pad


def widths(columns: Sequence[Column], total: int) -> list[int]:
    """Return the cells each column gets of `total`, with one blank between columns."""
    fixed = sum(column.width for column in columns) + max(0, len(columns) - 1)
    shares = sum(column.flex for column in columns)
    left = max(0, total - fixed)
    found: list[int] = []
    for column in columns:
        share = left * column.flex // shares if column.flex else 0
        found.append(column.width + share)
        left, shares = left - share, shares - column.flex
    return found


def table_line(cells: Sequence[Span], columns: Sequence[Column], total: int) -> Line:
    """Return one row of a table as spans of the columns' widths."""
    spans: list[Span] = []
    for (text, role), column, width in zip(cells, columns, widths(columns, total), strict=True):
        if spans:
            spans.append((" ", "plain"))
        spans.append((fit(text, width, right=column.right), role))
    return tuple(spans)


def length(line: Iterable[Span]) -> int:
    """Return the cells a line takes."""
    return sum(cell_len(text) for text, _ in line)


def cut(line: Iterable[Span], width: int) -> Line:
    """Return the line cut (with an ellipsis) or padded to exactly `width` cells."""
    kept: list[Span] = []
    left = width
    for text, role in line:
        size = cell_len(text)
        if size > left:
            if left > 0:
                kept.append((fit(text, left), role))
            return tuple(kept)
        kept.append((text, role))
        left -= size
    if left > 0:
        kept.append((" " * left, "plain"))
    return tuple(kept)


def spread(left: Sequence[Span], right: Sequence[Span], width: int) -> Line:
    """Return one line with two ends; the left end gives way."""
    right_size = length(right)
    if right_size > width:
        return cut(right, width)
    return (*cut(left, max(0, width - right_size)), *right)


def dimmed(line: Iterable[Span]) -> Line:
    """Return the line as stale: what it says may no longer be so."""
    return tuple((text, "stale") for text, _ in line)


def wrap(text: str, width: int, role: str = "plain", limit: int = 6) -> list[Line]:
    """Return a sentence in lines of at most `width` cells, at most `limit` of them."""
    lines: list[Line] = []
    current = ""
    for word in text.split():
        candidate = f"{current} {word}" if current else word
        if cell_len(candidate) <= width or not current:
            current = candidate
            continue
        lines.append(((fit(current, width), role),))
        current = word
        if len(lines) == limit:
            return lines
    if current:
        lines.append(((fit(current, width), role),))
    return lines[:limit]
