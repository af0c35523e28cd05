"""The store as the engine uses it: one thread, writes in order, nothing lost while it fails.

A write that fails (disk full, read-only, I/O error) stays in a queue in memory and is tried
again; calls go on meanwhile. A write is acknowledged only once it is on disk.
"""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TypeVar

from softphone.model.call import AccountName, Call, CallId
from softphone.model.command import ContactPage, HistoryPage, ListMessages, MarkRead, MessagePage
from softphone.model.contact import Contact, ContactId
from softphone.model.error import StoreError
from softphone.model.event import Noted
from softphone.model.message import Channel, Conversation, Message, MessageId
from softphone.model.quality import QualitySample, QualitySummary
from softphone.model.record import CallRecord, HistoryFilter, TimelineEntry
from softphone.model.reminder import Reminder
from softphone.model.report import CallReport
from softphone.model.screening import ScreeningRule
from softphone.model.shift import ShiftRow

from . import (
    contacts,
    history,
    journal,
    messages,
    recordings,
    reminders,
    samples,
    screening,
    settings,
    shift,
    watched,
)
from .database import FAILURES, Database

logger = logging.getLogger(__name__)
T = TypeVar("T")
_Write = Callable[[sqlite3.Connection], object]
# The row is to blame, not the disk: it would fail for ever, and everything behind it too.
_BAD_ROW = (
    sqlite3.IntegrityError,
    sqlite3.DataError,
    sqlite3.InterfaceError,
    ValueError,
    OverflowError,
)

QUEUE_LIMIT = 10_000
RETRY_S = 5.0
CLOSE_LIMIT_S = 0.75  # to write, and again to close: the engine ends within three seconds


class Store:
    """Everything kept on disk. `on_trouble(problem, waiting)` tells when writing stops or heals."""

    def __init__(
        self, path: Path, on_trouble: Callable[[str, int], None], *, retry_s: float = RETRY_S
    ) -> None:
        self._path = path
        self._on_trouble = on_trouble
        self._retry_s = retry_s
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._database: Database | None = None
        self._waiting: deque[_Write] = deque()
        self._problem = ""
        self._retry: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None
        self._closed = False

    async def open(self, now: float, journal_days: int) -> list[Call]:
        """Open the file and return the calls an earlier engine left open, now ended."""

        def start() -> list[Call]:
            self._database = Database(self._path)
            with self._database.transaction() as db:
                journal.rotate(db, now, journal_days)
                return history.end_interrupted(db, now)

        return await self._in_thread(start)

    async def close(self) -> None:
        """Write what waits, once more, and close; a disk that hangs is not waited for."""
        self._closed = True
        with suppress(TimeoutError):
            await asyncio.wait_for(self._flush(), CLOSE_LIMIT_S)
        self._cancel_retry()
        if self._waiting:
            logger.error("%d rows could not be written: %s", len(self._waiting), self._problem)
        if self._database is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._in_thread(self._database.close), CLOSE_LIMIT_S)
        self._thread.shutdown(wait=False)

    # ---- written in order, soon --------------------------------------------------------------

    def save_call(self, call: Call, entries: tuple[TimelineEntry, ...] = ()) -> None:
        """Write a call and what just happened to it."""

        def write(db: sqlite3.Connection) -> None:
            history.save_call(db, call)
            history.add_timeline(db, call.id, entries)

        self._enqueue(write)

    def save_quality(self, call: CallId, quality: QualitySummary) -> None:
        """Write a call's quality summary."""
        self._enqueue(lambda db: history.save_quality(db, call, quality))

    def add_samples(self, call: CallId, found: Sequence[QualitySample]) -> None:
        """Append seconds of a call's quality."""
        self._enqueue(lambda db: samples.add(db, call, found))

    def add_timeline(self, call: CallId, entry: TimelineEntry) -> None:
        """Append one entry to a call's timeline."""
        self._enqueue(lambda db: history.add_timeline(db, call, (entry,)))

    def add_recording(self, call: CallId, path: str) -> None:
        """Remember a recording."""
        self._enqueue(lambda db: history.add_recording(db, call, path))

    def save_report(self, report: CallReport) -> None:
        """Write a call's report."""
        self._enqueue(lambda db: history.save_report(db, report))

    def add_note_line(self, note: Noted) -> None:
        """Append to the event journal."""
        self._enqueue(lambda db: journal.add(db, note))

    def save_setting(self, name: str, value: str) -> None:
        """Keep a value under a name."""
        self._enqueue(lambda db: settings.put(db, name, value))

    # ---- acknowledged writes -----------------------------------------------------------------

    async def save_note(self, call: CallId, text: str) -> bool:
        """Write the operator's note; False when there is no such call.

        While the disk fails it waits with everything else: nobody is asked to type it again.
        """

        def write(db: sqlite3.Connection) -> bool:
            return history.save_note(db, call, text)

        try:
            return await self._write(write)
        except StoreError:
            self._enqueue(write)
            return True

    async def save_contact(self, contact: Contact) -> int:
        """Write a contact and return how many there are."""

        def write(db: sqlite3.Connection) -> int:
            contacts.save(db, contact)
            return contacts.count(db)

        return await self._write(write)

    async def add_contacts(self, given: Sequence[Contact]) -> tuple[int, int]:
        """Add those that are not known yet; return how many, and how many there are in all."""

        def write(db: sqlite3.Connection) -> tuple[int, int]:
            added = 0
            for contact in given:
                if not contacts.is_known(db, contact):
                    contacts.save(db, contact)
                    added += 1
            return added, contacts.count(db)

        return await self._write(write)

    async def merge_contacts(self, whole: Contact, others: Sequence[ContactId]) -> int:
        """Put one contact in the place of several; return how many there are."""

        def write(db: sqlite3.Connection) -> int:
            for other in others:
                contacts.delete(db, other)
            contacts.save(db, whole)
            return contacts.count(db)

        return await self._write(write)

    async def delete_contact(self, contact: ContactId) -> tuple[bool, int]:
        """Delete a contact; tell whether it was there, and how many are left."""
        return await self._write(lambda db: (contacts.delete(db, contact), contacts.count(db)))

    async def replace_contacts(self, source: AccountName, listed: tuple[Contact, ...]) -> int:
        """Put a platform's address book in place of what was known; return how many in all."""

        def write(db: sqlite3.Connection) -> int:
            contacts.replace_all(db, source, listed)
            return contacts.count(db)

        return await self._write(write)

    async def delete_records(self, call: CallId | None) -> int:
        """Delete one record, or all of calls that are over; return how many."""
        return await self._write(lambda db: history.delete(db, call))

    async def import_records(self, records: tuple[CallRecord, ...]) -> int:
        """Add records from elsewhere; return how many were new."""
        return await self._write(lambda db: sum(history.add_record(db, one) for one in records))

    async def save_message(self, message: Message) -> bool:
        """Write a message; False when the platform had brought it before.

        While the disk fails it waits with everything else, and counts as new.
        """

        def write(db: sqlite3.Connection) -> bool:
            return messages.save(db, message)

        try:
            return await self._write(write)
        except StoreError:
            self._enqueue(write)
            return True

    async def mark_read(self, wanted: MarkRead) -> list[Message]:
        """Take messages as read; return those that were not."""
        return await self._write(lambda db: messages.mark_read(db, wanted))

    async def clear_conversation(self, account: AccountName, peer: str, channel: Channel) -> int:
        """Delete a conversation; return how many messages it had."""
        return await self._write(lambda db: messages.clear(db, account, peer, channel))

    async def set_watched(self, account: AccountName, user: str, watch: bool) -> None:
        """Remember whose presence is watched."""
        await self._write(lambda db: watched.put(db, account, user, watch))

    async def put_screening(self, rule: ScreeningRule) -> tuple[ScreeningRule, ...]:
        """Write a rule of who is declined at once; return all rules."""

        def write(db: sqlite3.Connection) -> tuple[ScreeningRule, ...]:
            screening.put(db, rule)
            return screening.listed(db)

        return await self._write(write)

    async def drop_screening(self, address: str) -> tuple[ScreeningRule, ...]:
        """Delete a rule of who is declined at once; return all that are left."""

        def write(db: sqlite3.Connection) -> tuple[ScreeningRule, ...]:
            screening.drop(db, address)
            return screening.listed(db)

        return await self._write(write)

    async def mark_missed_seen(self) -> None:
        """Take all missed calls as seen."""
        await self._write(history.mark_missed_seen)

    # ---- reading -----------------------------------------------------------------------------

    async def history(self, wanted: HistoryFilter, writings: Sequence[str] = ()) -> HistoryPage:
        """Return a page of call records; `writings` are more ways to write the number wanted."""
        return await self._read(lambda db: history.page(db, wanted, writings))

    async def record(self, call: CallId) -> CallRecord | None:
        """Return one call record with its timeline."""
        return await self._read(lambda db: history.record(db, call))

    async def recordings(self) -> dict[str, Call | None]:
        """Return the paths of all recordings, with their calls."""
        return await self._read(recordings.calls_by_path)

    async def recordings_of(self, call: CallId | None) -> list[str]:
        """Return the recordings of one call that is over, or of all of them."""
        return await self._read(lambda db: recordings.of_ended(db, call))

    async def forget_recordings(self, paths: Sequence[str]) -> None:
        """Delete the rows of recordings."""
        await self._write(lambda db: recordings.forget(db, paths))

    async def add_reminder(self, reminder: Reminder) -> int:
        """Keep a call to be made later; return its id."""
        return await self._write(lambda db: reminders.put(db, reminder))

    async def drop_reminder(self, ident: int) -> bool:
        """Forget a call to be made later; tell whether it was there."""
        return await self._write(lambda db: reminders.drop(db, ident))

    async def reminders(self) -> tuple[Reminder, ...]:
        """Return the calls to be made later, the next one first."""
        return await self._read(reminders.listed)

    async def missed(self) -> int:
        """Return how many missed calls are unseen."""
        return await self._read(history.missed_unseen)

    async def screening(self) -> tuple[ScreeningRule, ...]:
        """Return all rules of who is declined at once."""
        return await self._read(screening.listed)

    async def setting(self, name: str) -> str:
        """Return the value under a name, an empty text when there is none."""
        return await self._read(lambda db: settings.get(db, name))

    async def shift(self, since: float, until: float) -> tuple[ShiftRow, ...]:
        """Return sums of calls that began in a time, for each day and account."""
        return await self._read(lambda db: shift.sums(db, since, until))

    async def report(self, call: CallId) -> CallReport | None:
        """Return a call's report."""
        return await self._read(lambda db: history.report(db, call))

    async def samples(self, call: CallId, after: float, limit: int) -> tuple[QualitySample, ...]:
        """Return seconds of a call's quality later than `after`, in order."""
        return await self._read(lambda db: samples.after(db, call, after, limit))

    async def conversations(self, account: AccountName) -> tuple[Conversation, ...]:
        """Return conversations, the last talked in first."""
        return await self._read(lambda db: messages.conversations(db, account))

    async def messages(self, wanted: ListMessages) -> MessagePage:
        """Return a page of a conversation."""
        return await self._read(lambda db: messages.page(db, wanted))

    async def message(self, ident: MessageId) -> Message | None:
        """Return one message."""
        return await self._read(lambda db: messages.one(db, ident))

    async def outbox(self, account: AccountName) -> list[Message]:
        """Return messages that wait to be sent, the oldest first."""
        return await self._read(lambda db: messages.outbox(db, account))

    async def unread(self) -> int:
        """Return how many messages nobody has read."""
        return await self._read(messages.unread)

    async def watched(self, account: AccountName) -> tuple[str, ...]:
        """Return whose presence is watched."""
        return await self._read(lambda db: watched.listed(db, account))

    async def contact(self, ident: ContactId) -> Contact | None:
        """Return one contact."""
        return await self._read(lambda db: contacts.one(db, ident))

    async def contacts(
        self, text: str, limit: int, writings: Sequence[str] = (), skip: int = 0
    ) -> ContactPage:
        """Return contacts that match; `writings` are more ways to write the number wanted."""
        return await self._read(lambda db: contacts.search(db, text, limit, writings, skip))

    async def quick_contact(self, digit: int) -> Contact | None:
        """Return the contact of a quick-dial key."""
        return await self._read(lambda db: contacts.by_quick_key(db, digit))

    async def duplicates(self, limit: int) -> tuple[list[tuple[Contact, ...]], int]:
        """Return groups of contacts that seem to be one, and how many groups there are."""
        return await self._read(lambda db: contacts.duplicates(db, limit))

    async def unknown_contacts(self, given: Sequence[Contact]) -> list[Contact]:
        """Return those that are not among the contacts yet."""
        return await self._read(lambda db: [one for one in given if not contacts.is_known(db, one)])

    async def contact_by_address(self, address: str) -> Contact | None:
        """Return the contact with exactly this address."""
        return await self._read(lambda db: contacts.by_address(db, address))

    async def contact_by_name(self, name: str) -> Contact | None:
        """Return the one contact of this name."""
        return await self._read(lambda db: contacts.by_name(db, name))

    async def notes(self, limit: int) -> list[Noted]:
        """Return the newest lines of the journal."""
        return await self._read(lambda db: journal.latest(db, limit))

    # ---- the thread --------------------------------------------------------------------------

    def _enqueue(self, write: _Write) -> None:
        if self._closed:
            logger.warning("a row came after the history was closed and is not kept")
            return
        if len(self._waiting) >= QUEUE_LIMIT:
            self._waiting.popleft()
            logger.error("the store is stuck; its oldest waiting row was dropped")
        self._waiting.append(write)
        if self._writing is None and self._retry is None:
            self._writing = asyncio.get_running_loop().create_task(self._drain())

    async def _drain(self) -> None:
        """Write the queue, in batches, until it is empty or writing fails."""
        batch: tuple[_Write, ...] = ()
        try:
            while self._waiting:
                batch = tuple(self._waiting)
                self._waiting.clear()
                await self._in_thread(partial(self._commit, batch))
            self._trouble("")
        except StoreError as problem:
            self._waiting.extendleft(reversed(batch))
            self._trouble(str(problem))
            self._retry = asyncio.get_running_loop().call_later(self._retry_s, self._try_again)
        finally:
            self._writing = None

    def _try_again(self) -> None:
        self._retry = None
        self._writing = asyncio.get_running_loop().create_task(self._drain())

    def _cancel_retry(self) -> None:
        if self._retry is not None:
            self._retry.cancel()
            self._retry = None

    def _trouble(self, problem: str) -> None:
        if problem or self._problem:
            self._problem = problem
            self._on_trouble(problem, len(self._waiting))

    def _commit(self, writes: tuple[_Write, ...]) -> None:
        with self._open_database().transaction() as db:
            for write in writes:
                try:
                    write(db)
                except _BAD_ROW as problem:
                    logger.error("a row cannot be stored and is dropped: %s", problem)

    async def _write(self, write: Callable[[sqlite3.Connection], T]) -> T:
        """Do an acknowledged write after everything that waits; StoreError when that fails."""
        self._must_be_open()
        await self._flush()
        if self._waiting:
            raise StoreError(self._problem)

        def run() -> T:
            with self._open_database().transaction() as db:
                return write(db)

        return await self._in_thread(run)

    async def _read(self, read: Callable[[sqlite3.Connection], T]) -> T:
        self._must_be_open()
        await self._written()

        def run() -> T:
            try:
                return read(self._open_database().connection)
            except FAILURES as problem:
                raise StoreError(f"{self._path.name}: {problem}.") from None

        return await self._in_thread(run)

    async def _flush(self) -> None:
        """Write what waits now, not at the next try."""
        if self._retry is not None:
            self._cancel_retry()
            self._try_again()
        await self._written()

    async def _written(self) -> None:
        while self._writing is not None:
            await asyncio.wait([self._writing])

    def _must_be_open(self) -> None:
        if self._closed:
            raise StoreError("The history is closed.")

    def _open_database(self) -> Database:
        if self._database is None:
            self._database = Database(self._path)
        return self._database

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
