"""Messages and conversations in SQL. Functions over one connection."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from softphone.model import codec
from softphone.model.call import AccountName
from softphone.model.command import ListMessages, MarkRead, MessagePage
from softphone.model.error import StoreError
from softphone.model.message import Channel, Conversation, Delivery, Message, MessageId

from .database import readable

_CONVERSATIONS_LIMIT = 1_000
_IN = "account = ? AND peer = ? AND channel = ?"


def save(db: sqlite3.Connection, message: Message) -> bool:
    """Write a message; False when the platform had brought the same one before."""
    done = db.execute(
        "INSERT INTO messages (id, account, peer, channel, direction, at, delivery, read, "
        "native_id, message_json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
        "ON CONFLICT (id) DO UPDATE SET delivery = excluded.delivery, read = excluded.read, "
        "native_id = excluded.native_id, message_json = excluded.message_json "
        "ON CONFLICT DO NOTHING",
        (
            message.id,
            message.account,
            message.peer,
            message.channel.value,
            message.direction.value,
            message.at,
            message.delivery.value,
            int(message.read),
            message.native_id,
            codec.dumps(codec.encode_plain(message)),
        ),
    )
    return done.rowcount > 0


def one(db: sqlite3.Connection, message: MessageId) -> Message | None:
    """Return one message."""
    rows = db.execute("SELECT message_json FROM messages WHERE id = ?", (message,))
    return next(iter(readable(rows, _message)), None)


def page(db: sqlite3.Connection, wanted: ListMessages) -> MessagePage:
    """Return messages of a conversation, newest first."""
    limit = max(1, min(wanted.limit, 1_000))
    values: list[object] = [wanted.account, wanted.peer, wanted.channel.value]
    where = _IN
    at, _, ident = wanted.before.partition(" ")
    if ident:
        where += " AND (at, id) < (?, ?)"
        values += [_place(at), ident]
    rows = db.execute(
        f"SELECT id, at, message_json FROM messages WHERE {where} "
        "ORDER BY at DESC, id DESC LIMIT ?",
        [*values, limit + 1],
    ).fetchall()
    following = f"{rows[limit - 1]['at']!r} {rows[limit - 1]['id']}" if len(rows) > limit else ""
    return MessagePage(tuple(readable(rows[:limit], _message)), following)


def conversations(db: sqlite3.Connection, account: str) -> tuple[Conversation, ...]:
    """Return all conversations (of one account when named), the last talked in first."""
    rows = db.execute(
        "SELECT message_json, max(at) AS newest, sum(read = 0) AS unread FROM messages "
        "WHERE ? IN ('', account) GROUP BY account, peer, channel ORDER BY newest DESC LIMIT ?",
        (account, _CONVERSATIONS_LIMIT),
    )
    return tuple(readable(rows, _conversation))


def mark_read(db: sqlite3.Connection, wanted: MarkRead) -> list[Message]:
    """Take messages as read; return those that were not."""
    values: list[object] = [wanted.account, wanted.peer, wanted.channel.value]
    where = f"{_IN} AND read = 0"
    if wanted.message is not None:
        where += " AND id = ?"
        values.append(wanted.message)
    rows = db.execute(f"SELECT message_json FROM messages WHERE {where}", values).fetchall()
    changed = [replace(message, read=True) for message in readable(rows, _message)]
    for message in changed:
        save(db, message)
    return changed


def unread(db: sqlite3.Connection) -> int:
    """Return how many messages nobody has read."""
    (count,) = db.execute("SELECT count(*) FROM messages WHERE read = 0").fetchone()
    return int(count)


def outbox(db: sqlite3.Connection, account: AccountName) -> list[Message]:
    """Return what waits to be sent, the oldest first."""
    rows = db.execute(
        "SELECT message_json FROM messages WHERE account = ? AND delivery = ? ORDER BY at, id",
        (account, Delivery.QUEUED.value),
    )
    return readable(rows, _message)


def clear(db: sqlite3.Connection, account: AccountName, peer: str, channel: Channel) -> int:
    """Delete a conversation; return how many messages it had."""
    return db.execute(f"DELETE FROM messages WHERE {_IN}", (account, peer, channel.value)).rowcount


def _place(at: str) -> float:
    try:
        return float(at)
    except ValueError:
        raise StoreError(f"{at[:20]!r} is not a place in a conversation.") from None


def _message(row: sqlite3.Row) -> Message:
    return codec.decode(codec.loads(row["message_json"]), Message)


def _conversation(row: sqlite3.Row) -> Conversation:
    last = _message(row)
    return Conversation(last.account, last.peer, last.channel, last, int(row["unread"]))
