"""Rules of who is declined at once, in SQL. Functions over one connection."""

from __future__ import annotations

import sqlite3

from softphone.model.screening import ScreeningRule


def put(db: sqlite3.Connection, rule: ScreeningRule) -> None:
    """Write a rule; one for the same address is replaced."""
    db.execute(
        "INSERT OR REPLACE INTO screening (address, blocked, reason, since) VALUES (?, ?, ?, ?)",
        (rule.address, int(rule.blocked), rule.reason, rule.since),
    )


def drop(db: sqlite3.Connection, address: str) -> None:
    """Delete a rule."""
    db.execute("DELETE FROM screening WHERE address = ?", (address,))


def listed(db: sqlite3.Connection) -> tuple[ScreeningRule, ...]:
    """Return all rules in the order of their addresses."""
    rows = db.execute("SELECT address, blocked, reason, since FROM screening ORDER BY address")
    return tuple(
        ScreeningRule(row["address"], bool(row["blocked"]), row["reason"], row["since"])
        for row in rows
    )
