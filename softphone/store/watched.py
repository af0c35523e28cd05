"""Whose presence the operator watches, in SQL."""

from __future__ import annotations

import sqlite3

from softphone.model.call import AccountName


def put(db: sqlite3.Connection, account: AccountName, user: str, watch: bool) -> None:
    """Remember or forget somebody."""
    if watch:
        db.execute("INSERT OR IGNORE INTO watched (account, user) VALUES (?, ?)", (account, user))
    else:
        db.execute("DELETE FROM watched WHERE account = ? AND user = ?", (account, user))


def listed(db: sqlite3.Connection, account: AccountName) -> tuple[str, ...]:
    """Return everybody watched on an account."""
    rows = db.execute("SELECT user FROM watched WHERE account = ? ORDER BY user", (account,))
    return tuple(str(row["user"]) for row in rows)
