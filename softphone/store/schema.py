"""The tables, as numbered steps. A released step is never edited; a change is a new step."""

from __future__ import annotations

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE calls (
        id TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        direction TEXT NOT NULL,
        live INTEGER NOT NULL,
        created_at REAL NOT NULL,
        answered_at REAL,
        ended_at REAL,
        end_reason TEXT,
        missed INTEGER NOT NULL DEFAULT 0,
        seen INTEGER NOT NULL DEFAULT 0,
        search TEXT NOT NULL,
        call_json TEXT NOT NULL,
        quality_json TEXT NOT NULL DEFAULT '{}',
        note TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX calls_by_time ON calls (created_at DESC, id DESC);
    CREATE INDEX calls_missed ON calls (missed, seen);
    CREATE INDEX calls_live ON calls (live);
    CREATE TABLE timeline (
        call_id TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
        at REAL NOT NULL,
        what TEXT NOT NULL,
        detail TEXT NOT NULL DEFAULT ''
    );
    CREATE INDEX timeline_by_call ON timeline (call_id, at);
    CREATE TABLE recordings (
        call_id TEXT NOT NULL,
        path TEXT NOT NULL,
        PRIMARY KEY (call_id, path)
    );
    CREATE TABLE contacts (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        search TEXT NOT NULL,
        contact_json TEXT NOT NULL
    );
    CREATE INDEX contacts_by_name ON contacts (name COLLATE NOCASE, id);
    CREATE TABLE contact_addresses (
        contact_id TEXT NOT NULL REFERENCES contacts (id) ON DELETE CASCADE,
        address TEXT NOT NULL
    );
    CREATE INDEX contact_addresses_by_address ON contact_addresses (address);
    CREATE TABLE journal (
        at REAL NOT NULL,
        source TEXT NOT NULL,
        level TEXT NOT NULL,
        text TEXT NOT NULL,
        call_id TEXT
    );
    CREATE INDEX journal_by_time ON journal (at);
    CREATE TABLE settings (
        name TEXT PRIMARY KEY,
        value TEXT NOT NULL
    );
    """,
    """
    CREATE TABLE messages (
        id TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        peer TEXT NOT NULL,
        channel TEXT NOT NULL,
        direction TEXT NOT NULL,
        at REAL NOT NULL,
        delivery TEXT NOT NULL,
        read INTEGER NOT NULL,
        native_id TEXT NOT NULL DEFAULT '',
        message_json TEXT NOT NULL
    );
    CREATE INDEX messages_by_talk ON messages (account, peer, channel, at DESC, id DESC);
    CREATE INDEX messages_unread ON messages (read) WHERE read = 0;
    CREATE INDEX messages_waiting ON messages (account, at) WHERE delivery = 'queued';
    CREATE UNIQUE INDEX messages_brought ON messages (account, peer, native_id)
        WHERE native_id <> '' AND direction = 'inbound';
    CREATE TABLE reports (
        call_id TEXT PRIMARY KEY REFERENCES calls (id) ON DELETE CASCADE,
        report_json TEXT NOT NULL
    );
    CREATE TABLE watched (
        account TEXT NOT NULL,
        user TEXT NOT NULL,
        PRIMARY KEY (account, user)
    );
    ALTER TABLE contacts ADD COLUMN source TEXT NOT NULL DEFAULT '';
    """,
    """
    CREATE TABLE samples (
        call_id TEXT NOT NULL REFERENCES calls (id) ON DELETE CASCADE,
        at REAL NOT NULL,
        delay_ms REAL,
        jitter_ms REAL,
        buffer_ms REAL,
        round_trip_ms REAL,
        loss REAL,
        mos REAL,
        concealed_ms REAL,
        dropped_ms REAL,
        frames_sent INTEGER,
        frames_received INTEGER,
        jitter_out_ms REAL,
        loss_out REAL,
        mos_out REAL,
        frames_unsent INTEGER,
        microphone_db REAL NOT NULL,
        far_end_db REAL NOT NULL,
        warnings TEXT NOT NULL DEFAULT '',
        PRIMARY KEY (call_id, at)
    ) WITHOUT ROWID;
    """,
    # A search reads this index alone, newest first: a tenth of what the rows themselves hold.
    """
    ALTER TABLE calls ADD COLUMN note_search TEXT NOT NULL DEFAULT '';
    UPDATE calls SET note_search = searchable(note) WHERE note <> '';
    CREATE INDEX calls_searched
        ON calls (created_at DESC, id DESC, account, missed, search, note_search);
    CREATE INDEX contacts_searched ON contacts (name COLLATE NOCASE, id, search);
    ALTER TABLE contacts ADD COLUMN quick INTEGER NOT NULL DEFAULT 0;
    CREATE INDEX contacts_quick ON contacts (quick) WHERE quick > 0;
    CREATE TABLE screening (
        address TEXT PRIMARY KEY,
        blocked INTEGER NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        since REAL NOT NULL
    );
    """,
    """
    UPDATE contacts
    SET search = search || ' ' || searchable(json_extract(contact_json, '$.note'))
    WHERE json_valid(contact_json) AND json_extract(contact_json, '$.note') <> '';
    """,
    """
    CREATE TABLE reminders (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at REAL NOT NULL,
        address TEXT NOT NULL,
        text TEXT NOT NULL DEFAULT '',
        call_id TEXT NOT NULL DEFAULT ''
    );
    """,
    # What came of a call, as a column of the index that searches read.
    """
    ALTER TABLE calls ADD COLUMN disposition TEXT NOT NULL DEFAULT '';
    UPDATE calls SET disposition = found.detail, search = search || ' ' || searchable(found.detail)
    FROM (
        SELECT call_id, detail, max(rowid) FROM timeline
        WHERE what = 'disposition' GROUP BY call_id
    ) AS found
    WHERE calls.id = found.call_id;
    DROP INDEX calls_searched;
    CREATE INDEX calls_searched
        ON calls (created_at DESC, id DESC, account, missed, disposition, search, note_search);
    """,
)
