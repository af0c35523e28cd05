"""What was done in a shift, summed by SQLite. One function over one connection."""

from __future__ import annotations

import sqlite3

from softphone.model.call import Direction, EndReason
from softphone.model.shift import ShiftRow

_TAKEN = "direction = :inbound AND answered_at IS NOT NULL"
_TALKED = "CASE WHEN answered_at IS NOT NULL AND ended_at > answered_at THEN ended_at - answered_at"
_WAITED = f"CASE WHEN {_TAKEN} AND answered_at > created_at THEN answered_at - created_at"
_SUMS = f"""
    SELECT date(created_at, 'unixepoch', 'localtime') AS day, account,
        total({_TAKEN}) AS taken,
        total(direction = :inbound AND missed) AS missed,
        total(direction = :inbound AND answered_at IS NULL AND NOT missed
              AND end_reason = :declined) AS declined,
        total(end_reason = :blocked) AS blocked,
        total(direction = :outbound) AS placed,
        total(direction = :outbound AND answered_at IS NOT NULL) AS reached,
        total({_TALKED} END) AS talk_s,
        ifnull(max({_TALKED} END), 0.0) AS longest_s,
        total({_WAITED} END) AS wait_s,
        ifnull(max({_WAITED} END), 0.0) AS wait_longest_s
    FROM calls WHERE created_at >= :since AND created_at < :until
    GROUP BY day, account ORDER BY day, account
"""
_CAME_OF = """
    SELECT date(created_at, 'unixepoch', 'localtime') AS day, account, disposition,
        count(*) AS count
    FROM calls WHERE created_at >= :since AND created_at < :until AND disposition <> ''
    GROUP BY day, account, disposition ORDER BY count DESC, disposition
"""


def sums(db: sqlite3.Connection, since: float, until: float) -> tuple[ShiftRow, ...]:
    """Return a row for each day (of this machine's time zone) and account with calls."""
    values = {
        "inbound": Direction.INBOUND.value,
        "outbound": Direction.OUTBOUND.value,
        "declined": EndReason.DECLINED.value,
        "blocked": EndReason.BLOCKED.value,
        "since": since,
        "until": until,
    }
    came_of: dict[tuple[str, str], list[tuple[str, int]]] = {}
    for row in db.execute(_CAME_OF, {"since": since, "until": until}):
        found = came_of.setdefault((str(row["day"]), str(row["account"])), [])
        found.append((str(row["disposition"]), int(row["count"])))
    return tuple(
        _row(row, came_of.get((row["day"], row["account"]), []))
        for row in db.execute(_SUMS, values)
    )


def _row(row: sqlite3.Row, dispositions: list[tuple[str, int]]) -> ShiftRow:
    return ShiftRow(
        day=str(row["day"]),
        account=str(row["account"]),
        taken=int(row["taken"]),
        missed=int(row["missed"]),
        declined=int(row["declined"]),
        blocked=int(row["blocked"]),
        placed=int(row["placed"]),
        reached=int(row["reached"]),
        talk_s=row["talk_s"],
        longest_s=row["longest_s"],
        wait_s=row["wait_s"],
        wait_longest_s=row["wait_longest_s"],
        dispositions=tuple(dispositions),
    )
