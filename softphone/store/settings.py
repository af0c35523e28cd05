"""Values the engine keeps under a name, in SQL."""

from __future__ import annotations

import sqlite3


def put(db: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a value under a name."""
    db.execute("INSERT OR REPLACE INTO settings (name, value) VALUES (?, ?)", (name, value))


def get(db: sqlite3.Connection, name: str) -> str:
    """Return the value under a name, an empty text when there is none."""
    found = db.execute("SELECT value FROM settings WHERE name = ?", (name,)).fetchone()
    return str(found["value"]) if found else ""
