"""Which recording is of which call. The files themselves are the engine's business."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from softphone.model import codec
from softphone.model.call import Call, CallId
from softphone.model.error import ProtocolError


def calls_by_path(db: sqlite3.Connection) -> dict[str, Call | None]:
    """Return each recording's path with its call, None for one nobody can read any more."""
    rows = db.execute("SELECT path, call_json FROM recordings LEFT JOIN calls ON call_id = id")
    return {str(row["path"]): _call(row["call_json"]) for row in rows}


def of_ended(db: sqlite3.Connection, call: CallId | None) -> list[str]:
    """Return the paths of one call that is over, or of all such calls."""
    rows = db.execute(
        "SELECT path FROM recordings JOIN calls ON call_id = id WHERE live = 0"
        " AND (? IS NULL OR id = ?)",
        (call, call),
    )
    return [str(row["path"]) for row in rows]


def forget(db: sqlite3.Connection, paths: Iterable[str]) -> None:
    """Delete the rows of recordings."""
    db.executemany("DELETE FROM recordings WHERE path = ?", [(path,) for path in paths])


def _call(data: str | None) -> Call | None:
    try:
        return codec.decode(codec.loads(data), Call) if data else None
    except ProtocolError:
        return None
