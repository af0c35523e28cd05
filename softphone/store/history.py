"""Call records in SQL. Functions over one connection; the caller holds the transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import replace

from softphone.model import codec
from softphone.model.call import Call, CallId, EndReason
from softphone.model.command import HistoryPage
from softphone.model.error import StoreError
from softphone.model.quality import QualitySummary
from softphone.model.record import CallRecord, HistoryFilter, TimelineEntry
from softphone.model.report import CallReport

from .database import readable
from .search import conditions, searchable

_UPSERT = """
    INSERT INTO calls (id, account, direction, live, created_at, answered_at, ended_at,
                       end_reason, missed, disposition, search, call_json)
    VALUES (:id, :account, :direction, :live, :created_at, :answered_at, :ended_at,
            :end_reason, :missed, :disposition, :search, :call_json)
    ON CONFLICT (id) DO UPDATE SET
        live = excluded.live, answered_at = excluded.answered_at, ended_at = excluded.ended_at,
        end_reason = excluded.end_reason, missed = excluded.missed,
        disposition = excluded.disposition, search = excluded.search,
        call_json = excluded.call_json
"""


def save_call(db: sqlite3.Connection, call: Call) -> None:
    """Write the call as it stands; the same call again replaces its row."""
    db.execute(
        _UPSERT,
        {
            "id": call.id,
            "account": call.account,
            "direction": call.direction.value,
            "live": int(call.live),
            "created_at": call.created_at,
            "answered_at": call.answered_at,
            "ended_at": call.ended_at,
            "end_reason": call.end_reason.value if call.end_reason else None,
            "missed": int(call.missed),
            "disposition": call.disposition,
            "search": searchable(
                call.remote.address,
                call.remote.name,
                call.remote.known,
                call.local.name,
                call.disposition,
            ),
            "call_json": codec.dumps(codec.encode_plain(call)),
        },
    )


def add_timeline(db: sqlite3.Connection, call: CallId, entries: Iterable[TimelineEntry]) -> None:
    """Append what happened to a call."""
    db.executemany(
        "INSERT INTO timeline (call_id, at, what, detail) VALUES (?, ?, ?, ?)",
        [(call, entry.at, entry.what, entry.detail) for entry in entries],
    )


def save_quality(db: sqlite3.Connection, call: CallId, quality: QualitySummary) -> None:
    """Write the quality summary of a call."""
    db.execute(
        "UPDATE calls SET quality_json = ? WHERE id = ?",
        (codec.dumps(codec.encode_plain(quality)), call),
    )


def save_note(db: sqlite3.Connection, call: CallId, text: str) -> bool:
    """Write the operator's note; False when there is no such call."""
    found = db.execute(
        "UPDATE calls SET note = ?, note_search = ? WHERE id = ?", (text, searchable(text), call)
    )
    return found.rowcount > 0


def add_recording(db: sqlite3.Connection, call: CallId, path: str) -> None:
    """Remember a recording of a call."""
    db.execute("INSERT OR IGNORE INTO recordings (call_id, path) VALUES (?, ?)", (call, path))


def delete(db: sqlite3.Connection, call: CallId | None) -> int:
    """Delete one record that is over, or all of them, with timelines, reports and notes."""
    over = "live = 0" if call is None else "live = 0 AND id = ?"
    values = () if call is None else (call,)
    chosen = f"SELECT id FROM calls WHERE {over}"
    db.execute(f"DELETE FROM recordings WHERE call_id IN ({chosen})", values)
    return db.execute(f"DELETE FROM calls WHERE {over}", values).rowcount


def add_record(db: sqlite3.Connection, found: CallRecord) -> bool:
    """Add a record from elsewhere; False when the call is here already, or is not over."""
    known = db.execute("SELECT 1 FROM calls WHERE id = ?", (found.call.id,)).fetchone()
    if known or found.call.live:
        return False
    save_call(db, found.call)
    db.execute("UPDATE calls SET seen = 1 WHERE id = ?", (found.call.id,))
    save_quality(db, found.call.id, found.quality)
    save_note(db, found.call.id, found.note)
    add_timeline(db, found.call.id, found.timeline)
    return True


def save_report(db: sqlite3.Connection, report: CallReport) -> None:
    """Write a call's report; a later one replaces it."""
    db.execute(
        "INSERT INTO reports (call_id, report_json) VALUES (?, ?) "
        "ON CONFLICT (call_id) DO UPDATE SET report_json = excluded.report_json",
        (report.call, codec.dumps(codec.encode_plain(report))),
    )


def report(db: sqlite3.Connection, call: CallId) -> CallReport | None:
    """Return the report of a call."""
    rows = db.execute("SELECT report_json FROM reports WHERE call_id = ?", (call,))
    return next(iter(readable(rows, _report)), None)


def missed_unseen(db: sqlite3.Connection) -> int:
    """Return how many missed calls nobody has looked at."""
    (count,) = db.execute("SELECT count(*) FROM calls WHERE missed = 1 AND seen = 0").fetchone()
    return int(count)


def mark_missed_seen(db: sqlite3.Connection) -> None:
    """Take all missed calls as seen."""
    db.execute("UPDATE calls SET seen = 1 WHERE missed = 1 AND seen = 0")


def end_interrupted(db: sqlite3.Connection, at: float) -> list[Call]:
    """End every call still open in the file: an earlier engine died with it."""
    rows = db.execute("SELECT call_json FROM calls WHERE live = 1").fetchall()
    ended = []
    for call in readable(rows, _call):
        over = call.ended(EndReason.INTERRUPTED, at, call.created_mono, "", "engine stopped")
        save_call(db, over)
        add_timeline(db, over.id, [TimelineEntry(at, "ended", EndReason.INTERRUPTED.words)])
        ended.append(over)
    return ended


def page(
    db: sqlite3.Connection, wanted: HistoryFilter, writings: Sequence[str] = ()
) -> HistoryPage:
    """Return records newest first, without timelines; `writings` are those of a number."""
    limit = max(1, min(wanted.limit, 1_000))
    where, values = _conditions(wanted, writings)
    # Only what is shown is read from the table itself; all else is answered by the index.
    rows = db.execute(
        "SELECT id, created_at, call_json, quality_json, note, disposition FROM calls "
        "WHERE rowid IN ("
        f"SELECT rowid FROM calls INDEXED BY calls_searched WHERE {where} "
        "ORDER BY created_at DESC, id DESC LIMIT ?) ORDER BY created_at DESC, id DESC",
        [*values, limit + 1],
    ).fetchall()
    more = len(rows) > limit
    rows = rows[:limit]
    following = f"{rows[-1]['created_at']!r} {rows[-1]['id']}" if more else ""
    return HistoryPage(tuple(readable(rows, _record)), following)


def record(db: sqlite3.Connection, call: CallId) -> CallRecord | None:
    """Return one record with its timeline and recordings."""
    rows = db.execute(
        "SELECT call_json, quality_json, note, disposition FROM calls WHERE id = ?", (call,)
    )
    found = readable(rows, _record)
    if not found:
        return None
    timeline = db.execute(
        "SELECT at, what, detail FROM timeline WHERE call_id = ? ORDER BY at, rowid", (call,)
    )
    recordings = db.execute("SELECT path FROM recordings WHERE call_id = ?", (call,))
    return replace(
        found[0],
        timeline=tuple(TimelineEntry(*entry) for entry in timeline),
        recordings=tuple(str(found["path"]) for found in recordings),
    )


def _conditions(wanted: HistoryFilter, writings: Sequence[str]) -> tuple[str, list[object]]:
    text, values = conditions(wanted.text, ("search", "note_search"), writings)
    found = [text]
    if wanted.account:
        found.append("account = ?")
        values.append(wanted.account)
    if wanted.missed:
        found.append("missed = 1")
    if wanted.disposition:
        found.append("disposition = ?")
        values.append(wanted.disposition)
    created_at, _, call = wanted.before.partition(" ")
    if call:
        found.append("(created_at, id) < (?, ?)")
        values += [_place(created_at), call]
    return " AND ".join(found), values


def _place(created_at: str) -> float:
    try:
        return float(created_at)
    except ValueError:
        raise StoreError(f"{created_at[:20]!r} is not a place in the history.") from None


def _call(row: sqlite3.Row) -> Call:
    return codec.decode(codec.loads(row["call_json"]), Call)


def _record(row: sqlite3.Row) -> CallRecord:
    call = _call(row)
    return CallRecord(
        call=replace(call, disposition=call.disposition or row["disposition"]),
        quality=codec.decode(codec.loads(row["quality_json"]), QualitySummary),
        note=row["note"],
    )


def _report(row: sqlite3.Row) -> CallReport:
    return codec.decode(codec.loads(row["report_json"]), CallReport)
