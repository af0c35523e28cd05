"""Calls to be made later, in SQL."""

from __future__ import annotations

import sqlite3

from softphone.model.call import CallId
from softphone.model.reminder import Reminder


def put(db: sqlite3.Connection, reminder: Reminder) -> int:
    """Keep a new reminder; return its id."""
    made = db.execute(
        "INSERT INTO reminders (at, address, text, call_id) VALUES (?, ?, ?, ?)",
        (reminder.at, reminder.address, reminder.text, reminder.call),
    )
    return int(made.lastrowid or 0)


def drop(db: sqlite3.Connection, ident: int) -> bool:
    """Delete a reminder; tell whether it was there."""
    return db.execute("DELETE FROM reminders WHERE id = ?", (ident,)).rowcount > 0


def listed(db: sqlite3.Connection) -> tuple[Reminder, ...]:
    """Return all reminders, the next one first."""
    rows = db.execute("SELECT id, at, address, text, call_id FROM reminders ORDER BY at, id")
    return tuple(
        Reminder(
            int(row["id"]),
            float(row["at"]),
            str(row["address"]),
            str(row["text"]),
            CallId(row["call_id"]),
        )
        for row in rows
    )
