"""The event journal in SQL: one row a line of the event log, old ones deleted."""

from __future__ import annotations

import sqlite3

from softphone.model.call import CallId
from softphone.model.event import Level, Noted

ROWS_KEPT = 200_000
_DAY_S = 86_400.0


def add(db: sqlite3.Connection, note: Noted) -> None:
    """Append a line."""
    db.execute(
        "INSERT INTO journal (at, source, level, text, call_id) VALUES (?, ?, ?, ?, ?)",
        (note.at, note.source, note.level.value, note.text, note.call),
    )


def latest(db: sqlite3.Connection, limit: int) -> list[Noted]:
    """Return the newest lines, the oldest of them first."""
    rows = db.execute("SELECT * FROM journal ORDER BY rowid DESC LIMIT ?", (limit,)).fetchall()
    return [
        Noted(
            row["at"],
            row["source"],
            Level(row["level"]),
            row["text"],
            CallId(row["call_id"]) if row["call_id"] else None,
        )
        for row in reversed(rows)
    ]


def rotate(db: sqlite3.Connection, now: float, days: int) -> None:
    """Delete lines that are too old or too many."""
    db.execute("DELETE FROM journal WHERE at < ?", (now - days * _DAY_S,))
    db.execute(
        "DELETE FROM journal WHERE rowid <= (SELECT max(rowid) FROM journal) - ?", (ROWS_KEPT,)
    )
